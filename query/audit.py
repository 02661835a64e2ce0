"""One structured line per read: who read what, of which scope, and what came of it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, BinaryIO, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

_FLUSH_SECONDS: Final = 0.05
_FLUSH_LINES: Final = 500

_log = logging.getLogger("query.audit")


class AuditLog:
    """Appends JSON lines to a stream, a few milliseconds' worth at a time, in order."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lines: list[bytes] = []
        self._scheduled = False

    def write(self, line: Mapping[str, object]) -> None:
        """Take one line; it is on the stream within 50 ms, or at `flush`."""
        self._lines.append(orjson.dumps(line))
        if len(self._lines) >= _FLUSH_LINES:
            self.flush()
        elif not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Put everything taken so far on the stream; lines that it refuses are kept for the next time."""
        self._scheduled = False
        if not self._lines:
            return
        try:
            self._stream.write(b"\n".join(self._lines) + b"\n")
            self._stream.flush()
        except OSError as failure:
            _log.error("audit lines cannot be written", extra={"waiting": len(self._lines), "reason": failure.strerror})
            return
        self._lines.clear()
