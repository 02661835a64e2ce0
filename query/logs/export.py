"""`/logs/export`: every record of a filter and range, in the order it is stored in, as it comes from the store."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from anyio import to_thread

from core.errors import BadRequest, StarmeterError
from core.tenant import is_environment
from query.logs import condition, moment
from query.logs.arguments import Span
from query.logs.condition import Condition, compiled
from query.logs.cursor import BadCursorError, Cursor, Kind
from query.logs.format import FORMATS, Ndjson

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from query.logs.arguments import Arguments
    from query.logs.cursor import Signer
    from query.logs.format import Encoder, Manifest
    from query.logs.reader import LogReader
    from query.logs.settings import LogLimits

NAMES: Final = ("q", "start", "end", "limit", "cursor", "format")

_ID_BYTES: Final = 16
_ACCEPTED: Final = {kind.media_type.partition(";")[0]: name for name, kind in FORMATS.items()}


class Export:
    """One export: what is read, how it is written, and where it goes on if it is cut.

    Raises:
        BadRequest: an argument is wrong.
    """

    def __init__(self, reader: LogReader, arguments: Arguments, signer: Signer, limits: LogLimits, accept: str) -> None:
        self._reader = reader
        self._signer = signer
        self._limit = arguments.number("limit", limits.export_records, limits.export_records)
        chosen = arguments.choice("format", tuple(FORMATS), _accepted(accept))
        self.encoder: Encoder = FORMATS[chosen]()
        self._conditions = compiled(arguments.expression())
        text = arguments.text("cursor")
        if text is None:
            self.span = arguments.span(limits)
        else:
            cursor, more = signer.read(text)
            self.span = Span(cursor.start, cursor.end)
            self._conditions.append(_beyond(cursor, more))
            for name, pinned in (("start", cursor.start), ("end", cursor.end)):
                if arguments.moment(name) not in {None, pinned}:
                    raise BadRequest(f"{name}: the cursor is of another range; repeat the argument or leave it out")
        self.records = 0
        self._last: tuple[int, int] | None = None
        self._next: str | None = text

    @property
    def file_name(self) -> str:
        """A name of ours, made of the range."""
        start, end = (moment.written(at)[:19].replace(":", "") for at in (self.span.start, self.span.end))
        return f"logs-{start}-{end}.{self.encoder.suffix}"

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The bytes; the last ones say that it is whole, or where it goes on."""
        batches = self._reader.batches(
            self.encoder.statement,
            [self.span.condition, *self._conditions],
            limit=self._limit + 1,
            **self.encoder.parameters,
        )
        is_cut = False
        taken = 0
        try:
            async with contextlib.aclosing(batches):
                async for batch in batches:
                    # By rows, as the statement's own limit is: repeats take places, but are no records.
                    is_cut = taken + batch.num_rows > self._limit
                    kept = self._distinct(batch.slice(0, self._limit - taken))
                    taken += batch.num_rows
                    if kept.num_rows:
                        yield await to_thread.run_sync(self._encoded, kept)
                    if is_cut:
                        break
        except StarmeterError as failure:
            if isinstance(self.encoder, Ndjson) and self.records:
                yield self.encoder.end(self._manifest(complete=False) | {"error": failure.code})
            raise
        yield self.encoder.end(self._manifest(complete=not is_cut))

    def _encoded(self, batch: pa.RecordBatch) -> bytes:
        encoded = self.encoder.records(batch)
        self.records += batch.num_rows
        self._next = self._after(batch)
        return encoded

    def _manifest(self, *, complete: bool) -> Manifest:
        return {
            "complete": complete,
            "records": self.records,
            "start": moment.written(self.span.start),
            "end": moment.written(self.span.end),
            "next_cursor": None if complete else self._next,
        }

    def _distinct(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Without records that repeat the one before: stored twice, they are still one."""
        if not batch.num_rows:
            return batch
        times, ids = batch["timestamp"].cast(pa.int64()), batch["id"]
        before = self._last or (-1, 0)
        self._last = (times[-1].as_py(), ids[-1].as_py())
        is_new = pc.or_(
            pc.not_equal(times, pa.concat_arrays([pa.array([before[0]], pa.int64()), times[:-1]])),
            pc.not_equal(ids, pa.concat_arrays([pa.array([before[1]], pa.uint64()), ids[:-1]])),
        )
        return batch if pc.all(is_new).as_py() else batch.filter(is_new)

    def _after(self, batch: pa.RecordBatch) -> str:
        """The cursor that goes on after a batch."""
        last: dict[str, Any] = {name: batch[name][-1].as_py() for name in ("environment_text", "service_text", "id")}
        at = batch["timestamp"][-1].cast(pa.int64()).as_py()
        more = uuid.UUID(last["service_text"]).bytes + last["environment_text"].encode()
        return self._signer.write(Cursor(Kind.EXPORT, self.span.start, self.span.end, at, last["id"]), more)


def _beyond(cursor: Cursor, more: bytes) -> Condition:
    environment = more[_ID_BYTES:].decode("ascii", "replace")
    if cursor.kind is not Kind.EXPORT or not is_environment(environment):
        raise BadCursorError("cursor: of another kind of read; leave it out to begin anew")
    return Condition(
        condition.fixed("beyond"),
        {
            "after_environment": environment,
            "after_service": str(uuid.UUID(bytes=more[:_ID_BYTES])),
            "after": cursor.at,
            "after_id": cursor.id,
        },
    )


def _accepted(accept: str) -> str:
    """The first format of an Accept header that there is; without any, NDJSON."""
    names = (piece.partition(";")[0].strip().lower() for piece in accept.split(","))
    return next((_ACCEPTED[name] for name in names if name in _ACCEPTED), "ndjson")
