"""An answer that is sent as it is made: watched, counted, and never passed off as whole when it is not."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from core.errors import StarmeterError
from query.vigil import Cause, Vigil

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Mapping

    from starlette.types import Receive, Scope, Send

# What is sent at a time: for more, this process and most clients ask the system for memory again and again.
_PART_BYTES: Final = 256 * 1024

_log = logging.getLogger("query.logs.streamed")


class Streamed(Response):
    """Sends `pieces` for at most `seconds`; `done` is told how many bytes were sent and why it ended, empty if whole.

    A body that did not come to its end stays without one, so that the connection breaks and no client takes it for
    whole.
    """

    def __init__(
        self,
        pieces: AsyncGenerator[bytes, None],
        *,
        media_type: str,
        headers: Mapping[str, str],
        seconds: float,
        done: Callable[[int, str], None],
    ) -> None:
        super().__init__(None, 200, headers, media_type)
        del self.headers["content-length"]
        self._pieces = pieces
        self._seconds = seconds
        self._done = done

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        del scope
        sent, reason = 0, "client_gone"
        vigil = Vigil(receive, self._seconds)
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async with contextlib.aclosing(self._pieces) as pieces:
                async for piece in pieces:
                    for part in _parts(piece):
                        await send({"type": "http.response.body", "body": part, "more_body": True})
                        sent += len(part)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            reason = ""
        except asyncio.CancelledError:
            cause = vigil.claim()
            if cause is None:
                raise
            reason = "client_gone" if cause is Cause.CLIENT_GONE else "deadline"
        except StarmeterError as failure:
            reason = failure.code
            _log.warning("a log answer was cut", extra={"reason": failure.message})
        except Exception:  # noqa: BLE001 - the outermost frame of a body
            reason = "internal"
            _log.exception("a log answer was cut")
        finally:
            vigil.end()
            self._done(sent, reason)


def _parts(piece: bytes) -> Iterator[memoryview]:
    whole = memoryview(piece)
    return (whole[at : at + _PART_BYTES] for at in range(0, len(whole), _PART_BYTES))
