"""Exports as tables, Arrow and Parquet: the schema that all of them have, and how a store's columns come under it."""

from __future__ import annotations

import io
import uuid
from typing import TYPE_CHECKING, Any, ClassVar, Final

import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from query.logs import level
from query.logs.format import COLUMNS, NO_TRACE
from query.logs.text import valid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from query.logs.condition import Value
    from query.logs.format import Manifest

SCHEMA: Final = pa.schema(
    [
        pa.field("timestamp", pa.timestamp("ns", "UTC")),
        *(pa.field(name, pa.string()) for name in COLUMNS[1:-1]),
        pa.field("attributes", pa.map_(pa.string(), pa.string())),
    ]
)

# Columns of few values; of the others a dictionary costs a fifth of the time and makes a file larger.
_REPEATED: Final = ["project_id", "environment", "service_id", "severity", "source", "pod", "container"]
_LEVELS: Final = pa.array([level.name_of(number) for number in range(256)])


def records_of(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The columns of the contract, under its schema, from a batch of `sql/logs/read/export.sql`."""
    columns = (
        batch["timestamp"],
        batch["id_text"],
        _texts_of_ids(batch["project_id"]),
        batch["environment"],
        _texts_of_ids(batch["service_id"]),
        _LEVELS.take(batch["severity"]),
        batch["source_name"],
        valid(batch["pod"]),
        valid(batch["container"]),
        _known(batch["trace_hex"]),
        valid(batch["body"]),
        valid(batch["attributes"]),
    )
    # A store's own nullability and names of a map's parts vary.
    arrays = [column.cast(field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def ids_of(column: pa.Array) -> pa.FixedSizeBinaryArray:
    """The bytes of a column of UUIDs, of which only newer stores say what they are."""
    return column.storage if isinstance(column, pa.ExtensionArray) else column


class Arrow:
    """An Arrow IPC stream; its last batch has no rows and the manifest in its metadata."""

    statement: ClassVar = "export"
    parameters: ClassVar[Mapping[str, Value]] = {"zero": "0"}
    media_type: ClassVar = "application/vnd.apache.arrow.stream"
    suffix: ClassVar = "arrows"
    is_costly: ClassVar = False

    def __init__(self) -> None:
        self._sink = _Sink()
        self._writer: Any = pa.ipc.new_stream(self._sink, SCHEMA)

    def records(self, batch: pa.RecordBatch) -> bytes:
        """Messages."""
        self._writer.write_batch(records_of(batch))
        return self._sink.taken()

    def end(self, manifest: Manifest) -> bytes:
        """The last batch and the end of the stream."""
        empty = pa.RecordBatch.from_pylist([], schema=SCHEMA)
        self._writer.write_batch(empty, custom_metadata={"manifest": orjson.dumps(manifest)})
        self._writer.close()
        return self._sink.taken()


class Parquet:
    """A Parquet file; the manifest is in its footer's metadata, without which it cannot be read."""

    statement: ClassVar = "export"
    parameters: ClassVar[Mapping[str, Value]] = {"zero": "0"}
    media_type: ClassVar = "application/vnd.apache.parquet"
    suffix: ClassVar = "parquet"
    is_costly: ClassVar = True

    def __init__(self) -> None:
        self._sink = _Sink()
        self._writer: Any = pq.ParquetWriter(self._sink, SCHEMA, compression="zstd", use_dictionary=_REPEATED)

    def records(self, batch: pa.RecordBatch) -> bytes:
        """Row groups."""
        self._writer.write_batch(records_of(batch))
        return self._sink.taken()

    def end(self, manifest: Manifest) -> bytes:
        """The footer."""
        self._writer.add_key_value_metadata({"manifest": orjson.dumps(manifest).decode()})
        self._writer.close()
        return self._sink.taken()


class _Sink(io.RawIOBase):
    """A file that is only written, and emptied as it goes."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[Any] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        # A buffer of Arrow's own is never written to again; whatever else may be.
        self._pieces.append(data if isinstance(data, pa.Buffer | bytes) else bytes(data))
        return len(data)

    def taken(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def _texts_of_ids(column: pa.Array) -> pa.StringArray:
    """The canonical form of ids; they are few, however many rows there are, and mostly one."""
    ids = ids_of(column)
    if pc.equal(ids, ids[0]).true_count == len(ids):
        return pa.repeat(str(uuid.UUID(bytes=ids[0].as_py())), len(ids))
    coded = ids.dictionary_encode()
    return pa.array([str(uuid.UUID(bytes=one)) for one in coded.dictionary.to_pylist()], pa.string()).take(
        coded.indices
    )


def _known(traces: pa.StringArray) -> pa.StringArray:
    """Traces, without those that stand for none."""
    is_none = pc.equal(traces, NO_TRACE)
    return pc.if_else(is_none, None, traces) if is_none.true_count else traces
