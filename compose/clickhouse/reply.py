"""The answer to one statement: its headers, its rows in the client's encoding, and its end, good or bad."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import string
import tempfile
from typing import TYPE_CHECKING, Final

from compose.clickhouse.encoding import Encoder, encoder
from compose.clickhouse.failure import ClickHouseFailure
from compose.clickhouse.reading import PIECE

if TYPE_CHECKING:
    from starlette.types import Send

    from compose.clickhouse.engine import Engine, Order, Tally
    from compose.clickhouse.question import Question
    from compose.clickhouse.reading import Reading

# What of a whole answer is held in memory before it goes to a file.
_IN_MEMORY: Final = 8 << 20
_READING_SECONDS: Final = 0.1
_TAG: Final = string.ascii_lowercase
_CONTENT_TYPES: Final = {
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "TabSeparatedWithNames": "text/tab-separated-values; charset=UTF-8",
    "TabSeparatedWithNamesAndTypes": "text/tab-separated-values; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "Pretty": "text/plain; charset=UTF-8",
}

_log = logging.getLogger("compose.clickhouse")


class Reply:
    """The answer to one statement."""

    def __init__(self, engine: Engine, question: Question, order: Order, query_id: str, send: Send) -> None:
        self._engine = engine
        self._question = question
        self._order = order
        self._query_id = query_id
        self._send = send
        self._tag = "".join(secrets.choice(_TAG) for _ in range(16))
        self._encoder: Encoder | None = None

    async def whole(self, body: list[bytes], tally: Tally) -> None:
        """Send an answer that is complete."""
        await self._begin(tally)
        for piece in body:
            await self._put(piece)
        await self._end()

    async def stream(self, reading: Reading) -> None:
        """Send a read's rows as they come; up to the first bytes sent, a failure is an answer of its own."""
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as held:
            size = 0
            pieces = reading.pieces()
            async for piece in pieces:
                held.write(piece)
                size += len(piece)
                if size >= self._question.buffer and not self._question.waits_for_end:
                    break
            else:
                await reading.tally()
            await self._begin(await reading.progress())
            held.seek(0)
            while piece := held.read(PIECE):
                await self._put(piece)
        async for piece in pieces:
            await self._put(piece)
        try:
            await reading.tally()
        except ClickHouseFailure as failure:
            _log.warning("a statement failed after its answer had begun", extra={"code": failure.code})
            await self._put(failure.in_stream(self._engine.version, self._tag))
            if self._encoder is not None:
                await self._raw(self._encoder.finish())
            # The body stays without its end, so that no client takes it for whole: the connection is closed instead.
            # Not at once, for clients forget what they have not read yet when it breaks, and the reason with it.
            await asyncio.sleep(_READING_SECONDS)
            return
        await self._end()

    async def _begin(self, tally: Tally) -> None:
        summary = {
            "read_rows": tally.read_rows,
            "read_bytes": tally.read_bytes,
            "written_rows": tally.written_rows,
            "written_bytes": tally.written_bytes,
            "total_rows_to_read": "0",
            "result_rows": tally.result_rows,
            "result_bytes": tally.result_bytes,
            "elapsed_ns": tally.elapsed_ns,
        }
        headers = {
            "Content-Type": _CONTENT_TYPES.get(self._order.format, "application/octet-stream"),
            "X-ClickHouse-Server-Display-Name": "local",
            "X-ClickHouse-Query-Id": self._query_id,
            "X-ClickHouse-Format": self._order.format,
            "X-ClickHouse-Timezone": self._engine.timezone,
            "X-ClickHouse-Exception-Tag": self._tag,
            "X-ClickHouse-Summary": json.dumps({name: str(value) for name, value in summary.items()}),
        }
        if name := self._question.encoding:
            headers["Content-Encoding"] = name
            self._encoder = encoder(name)
        raw = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": 200, "headers": raw})

    async def _put(self, piece: bytes) -> None:
        await self._raw(piece if self._encoder is None else self._encoder.encode(piece))

    async def _raw(self, piece: bytes) -> None:
        if piece:
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def _end(self) -> None:
        rest = b"" if self._encoder is None else self._encoder.finish()
        await self._send({"type": "http.response.body", "body": rest})
