"""The formats of an export: each turns batches of records into bytes and ends with a manifest, inside the format."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.csv as pa_csv  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from query.logs import level

if TYPE_CHECKING:
    from collections.abc import Mapping

Manifest = dict[str, object]

COLUMNS: Final = (
    "timestamp", "id", "project_id", "environment", "service_id", "severity", "source", "pod", "container", "trace_id",
    "body", "attributes",
)  # fmt: skip
_NO_TRACE: Final = "0" * 32
_LEVELS: Final = pa.array([level.name_of(number) for number in range(256)])
# A cell that begins so is a formula to a spreadsheet, also behind space.
_FORMULA: Final = r"^[\s\x00]*[=+\-@]|^[\t\r]"


def records_of(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The columns of the contract from a batch of `sql/logs/read/export.sql`."""
    trace = batch["trace_hex"]
    columns = (
        batch["timestamp"],
        batch["id_text"],
        batch["project_text"],
        batch["environment_text"],
        batch["service_text"],
        _LEVELS.take(batch["severity"]),
        batch["source_name"],
        batch["pod_text"],
        batch["container_text"],
        pc.if_else(pc.equal(trace, _NO_TRACE), None, trace),
        batch["body_text"],
        batch["attribute_texts"],
    )
    return pa.RecordBatch.from_arrays(list(columns), names=list(COLUMNS))


class Encoder(Protocol):
    """Writes one export; `statement` is what it reads, `media_type` and `suffix` are what it is called."""

    statement: ClassVar[str]
    media_type: ClassVar[str]
    suffix: ClassVar[str]

    def records(self, batch: pa.RecordBatch) -> bytes:
        """The bytes of some records."""
        ...

    def end(self, manifest: Manifest) -> bytes:
        """The bytes that end the whole."""
        ...


class Ndjson:
    """A JSON object a line; the last one is `{"manifest": …}`."""

    statement: ClassVar = "export_text"
    media_type: ClassVar = "application/x-ndjson"
    suffix: ClassVar = "ndjson"

    def records(self, batch: pa.RecordBatch) -> bytes:
        """Lines."""
        columns = [column.to_pylist() for column in _with_text_times(batch).columns]
        columns[-1] = [orjson.Fragment(text) for text in columns[-1]]
        dumps = orjson.dumps
        return b"\n".join([dumps(dict(zip(COLUMNS, row, strict=True))) for row in zip(*columns, strict=True)]) + b"\n"

    def end(self, manifest: Manifest) -> bytes:
        """The last line."""
        return orjson.dumps({"manifest": manifest}) + b"\n"


class Csv:
    """RFC 4180 with a head; the last line is `#manifest,` and a quoted JSON object.

    A text that a spreadsheet would take for a formula has an apostrophe before it.
    """

    statement: ClassVar = "export_text"
    media_type: ClassVar = "text/csv; charset=utf-8; header=present"
    suffix: ClassVar = "csv"

    def __init__(self) -> None:
        self._head = True

    def records(self, batch: pa.RecordBatch) -> bytes:
        """Lines, after the head."""
        table = _with_text_times(batch)
        guarded = [_guarded(column) if pa.types.is_string(column.type) else column for column in table.columns]
        sink = io.BytesIO()
        options = pa_csv.WriteOptions(include_header=self._head, quoting_style="needed")
        pa_csv.write_csv(pa.RecordBatch.from_arrays(guarded, names=list(COLUMNS)), sink, options)
        self._head = False
        return sink.getvalue()

    def end(self, manifest: Manifest) -> bytes:
        """The last line."""
        text = orjson.dumps(manifest).decode().replace('"', '""')
        head = ",".join(f'"{name}"' for name in COLUMNS) + "\n" if self._head else ""
        return f'{head}#manifest,"{text}"\n'.encode()


class Arrow:
    """An Arrow IPC stream; its last batch has no rows and the manifest in its metadata."""

    statement: ClassVar = "export"
    media_type: ClassVar = "application/vnd.apache.arrow.stream"
    suffix: ClassVar = "arrows"

    def __init__(self) -> None:
        self._sink = _Sink()
        self._writer: Any = pa.ipc.new_stream(self._sink, SCHEMA)

    def records(self, batch: pa.RecordBatch) -> bytes:
        """Messages."""
        self._writer.write_batch(_typed(batch))
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
    media_type: ClassVar = "application/vnd.apache.parquet"
    suffix: ClassVar = "parquet"

    def __init__(self) -> None:
        self._sink = _Sink()
        self._writer: Any = pq.ParquetWriter(self._sink, SCHEMA, compression="zstd")

    def records(self, batch: pa.RecordBatch) -> bytes:
        """Row groups."""
        self._writer.write_batch(_typed(batch))
        return self._sink.taken()

    def end(self, manifest: Manifest) -> bytes:
        """The footer."""
        self._writer.add_key_value_metadata({"manifest": orjson.dumps(manifest).decode()})
        self._writer.close()
        return self._sink.taken()


FORMATS: Final[Mapping[str, type[Encoder]]] = {"ndjson": Ndjson, "csv": Csv, "parquet": Parquet, "arrow": Arrow}

SCHEMA: Final = pa.schema(
    [
        pa.field("timestamp", pa.timestamp("ns", "UTC")),
        *(pa.field(name, pa.string()) for name in COLUMNS[1:-1]),
        pa.field("attributes", pa.map_(pa.string(), pa.string())),
    ]
)


class _Sink(io.RawIOBase):
    """A file that is only written, and emptied as it goes."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        piece = bytes(data)
        self._pieces.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def _typed(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The same under the schema of all exports: a store's own nullability and names of a map's parts vary."""
    arrays = [column.cast(field.type) for column, field in zip(batch.columns, SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _with_text_times(batch: pa.RecordBatch) -> pa.RecordBatch:
    times = pc.strftime(batch["timestamp"], format="%Y-%m-%dT%H:%M:%SZ")
    return batch.set_column(0, "timestamp", times)


def _guarded(column: pa.Array) -> pa.Array:
    is_formula = pc.match_substring_regex(column, _FORMULA)
    return pc.if_else(is_formula, pc.binary_join_element_wise("'", column, ""), column)
