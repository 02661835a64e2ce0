"""`/logs/export`: every record of a filter and range, in the order it is stored in, as it comes from the store."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING, Final

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from anyio import to_thread

from core.errors import BadRequest, StarmeterError
from core.tenant import is_environment
from query.logs import condition, moment
from query.logs.arguments import Span
from query.logs.condition import Condition, compiled
from query.logs.cursor import BadCursorError, Cursor, Kind
from query.logs.lines import Csv, Ndjson
from query.logs.table import Arrow, Parquet, ids_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from query.logs.arguments import Arguments
    from query.logs.cursor import Signer
    from query.logs.format import Encoder, Manifest
    from query.logs.reader import LogReader
    from query.logs.settings import LogLimits

NAMES: Final = ("q", "start", "end", "limit", "cursor", "format")

FORMATS: Final[Mapping[str, type[Encoder]]] = {"ndjson": Ndjson, "csv": Csv, "parquet": Parquet, "arrow": Arrow}

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
        self._begun = text
        self._end: pa.RecordBatch | None = None

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
                        yield await self._encoded(kept)
                    if is_cut:
                        break
        except StarmeterError as failure:
            if isinstance(self.encoder, Ndjson) and self.records:
                yield self.encoder.end(self._manifest(complete=False) | {"error": failure.code})
            raise
        yield self.encoder.end(self._manifest(complete=not is_cut))

    async def _encoded(self, batch: pa.RecordBatch) -> bytes:
        encode = self.encoder.records
        encoded = await to_thread.run_sync(encode, batch) if self.encoder.is_costly else encode(batch)
        self.records += batch.num_rows
        self._end = batch
        return encoded

    def _manifest(self, *, complete: bool) -> Manifest:
        return {
            "complete": complete,
            "records": self.records,
            "start": moment.written(self.span.start),
            "end": moment.written(self.span.end),
            "next_cursor": None if complete else self._after(),
        }

    def _distinct(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Without records that repeat the one before: stored twice, they are still one."""
        count = batch.num_rows
        if not count:
            return batch
        times, ids = batch["timestamp"].cast(pa.int64()), batch["id"]
        begins_anew = self._last != (times[0].as_py(), ids[0].as_py())
        self._last = (times[-1].as_py(), ids[-1].as_py())
        is_again = pc.and_(
            pc.equal(times.slice(1), times.slice(0, count - 1)), pc.equal(ids.slice(1), ids.slice(0, count - 1))
        )
        if begins_anew and not is_again.true_count:
            return batch
        return batch.filter(pa.concat_arrays([pa.array([begins_anew]), pc.invert(is_again)]))

    def _after(self) -> str | None:
        """The cursor that goes on after the last record that was written; where nothing was, the one that began it."""
        if self._end is None:
            return self._begun
        last = self._end.slice(self._end.num_rows - 1)
        at, record = last["timestamp"].cast(pa.int64())[0].as_py(), last["id"][0].as_py()
        more: bytes = ids_of(last["service_id"])[0].as_py() + last["environment"][0].as_py().encode()
        return self._signer.write(Cursor(Kind.EXPORT, self.span.start, self.span.end, at, record), more)


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
