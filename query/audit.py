"""One structured line per read: who read what, of which scope, and what came of it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

import orjson

from core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from io import RawIOBase

_FLUSH_SECONDS: Final = 0.05
_RETRY_SECONDS: Final = 1.0
# About a minute of a busy front-door; past it reads are refused rather than left out of the log.
_MOST_BYTES: Final = 16 * 1024 * 1024

_log = logging.getLogger("query.audit")


class AuditLog:
    """Appends JSON lines to an unbuffered stream, a few milliseconds' worth at a time, whole and in order."""

    def __init__(self, stream: RawIOBase) -> None:
        self._stream = stream
        self._lines: list[bytes] = []
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._failing = False

    def require_room(self) -> None:
        """Refuse a read whose line could not be kept.

        Raises:
            Unavailable: the stream has refused lines for so long that no more are held.
        """
        if self._bytes > _MOST_BYTES:
            raise Unavailable("reads cannot be recorded now; retry later")

    def write(self, line: Mapping[str, object]) -> None:
        """Take one line; it is on the stream within 50 ms, or at `flush`."""
        if self._bytes > _MOST_BYTES:
            return  # the line of a read that was refused for this very reason
        text = orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
        self._lines.append(text)
        self._bytes += len(text)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Put everything taken so far on the stream; what it does not take is kept and tried again a second later."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        data = memoryview(b"".join(self._lines))
        try:
            while data:
                data = data[self._stream.write(data) or 0 :]
        except OSError as failure:
            if not self._failing:
                _log.error("audit lines cannot be written", extra={"reason": failure.strerror, "bytes": len(data)})
            self._timer = asyncio.get_running_loop().call_later(_RETRY_SECONDS, self.flush)
        self._failing = bool(data)
        self._lines = [bytes(data)] if data else []
        self._bytes = len(data)
