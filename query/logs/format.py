"""The formats of an export: each turns batches of records into bytes and ends with a manifest, inside the format."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from query.logs import level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from query.logs.condition import Value

Manifest = dict[str, object]

COLUMNS: Final = (
    "timestamp", "id", "project_id", "environment", "service_id", "severity", "source", "pod", "container", "trace_id",
    "body", "attributes",
)  # fmt: skip
_NO_TRACE: Final = "0" * 32
_LEVELS: Final = pa.array([level.name_of(number) for number in range(256)])
# A cell that begins so is a formula to a spreadsheet, also behind space.
_FORMULA: Final = r"^[\s\x00]*[=+\-@]|^[\t\r]"


# Columns whose values need no quotes of ours: the store writes them as JSON, or they are marked apart.
_UNQUOTED: Final = frozenset({"pod", "container", "trace_id", "body", "attributes"})
# What a line is made with.
_OF_LINES: Final[dict[str, Value]] = {
    "gap": " ",
    "tee": "T",
    "zero": "0",
    "levels": list(level.SCALE),
    "none": _NO_TRACE,
    "quote": '"',
}


def _json_pieces() -> list[str]:
    """What stands before each value of a JSON line, and after the last one."""
    pieces, close = [], ""
    for place, name in enumerate(COLUMNS):
        mark = "" if name in _UNQUOTED else '"'
        pieces.append(f'{close}{"," if place else "{"}"{name}":{mark}')
        close = mark if place else f"Z{mark}"
    return [*pieces, close + "}\n"]


def _csv_pieces() -> list[str]:
    """The same of a line of CSV; texts of the tenant's own are always in quotes."""
    pieces, close = [], ""
    for place, name in enumerate(COLUMNS):
        mark = '"' if name in _UNQUOTED - {"trace_id"} else ""
        pieces.append(f"{close}{',' if place else ''}{mark}")
        close = mark if place else "Z"
    return [*pieces, close + "\n"]


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
    """Writes one export: what it reads (a statement and its parameters), and what it is called."""

    statement: ClassVar[str]
    parameters: ClassVar[Mapping[str, Value]]
    media_type: ClassVar[str]
    suffix: ClassVar[str]

    def records(self, batch: pa.RecordBatch) -> bytes:
        """The bytes of some records, as the statement gives them."""
        ...

    def end(self, manifest: Manifest) -> bytes:
        """The bytes that end the whole."""
        ...


class Ndjson:
    """A JSON object a line; the last one is `{"manifest": …}`."""

    statement: ClassVar = "export_ndjson"
    parameters: ClassVar[Mapping[str, Value]] = _OF_LINES | {"pieces": _json_pieces(), "absent": "null"}
    media_type: ClassVar = "application/x-ndjson"
    suffix: ClassVar = "ndjson"

    def records(self, batch: pa.RecordBatch) -> bytes:
        """Lines."""
        return _joined(batch["line"])

    def end(self, manifest: Manifest) -> bytes:
        """The last line."""
        return orjson.dumps({"manifest": manifest}) + b"\n"


class Csv:
    """RFC 4180 with a head; the last line is `#manifest,` and a quoted JSON object.

    A text that a spreadsheet would take for a formula has an apostrophe before it.
    """

    statement: ClassVar = "export_csv"
    parameters: ClassVar[Mapping[str, Value]] = _OF_LINES | {
        "pieces": _csv_pieces(),
        "absent": "",
        "formula": _FORMULA,
        "mark": "'",
        "quotes": '""',
    }
    media_type: ClassVar = "text/csv; charset=utf-8; header=present"
    suffix: ClassVar = "csv"

    def __init__(self) -> None:
        self._head = ",".join(f'"{name}"' for name in COLUMNS).encode() + b"\n"

    def records(self, batch: pa.RecordBatch) -> bytes:
        """Lines, after the head."""
        head, self._head = self._head, b""
        return head + _joined(batch["line"])

    def end(self, manifest: Manifest) -> bytes:
        """The last line."""
        text = orjson.dumps(manifest).decode().replace('"', '""')
        return self._head + f'#manifest,"{text}"\n'.encode()


class Arrow:
    """An Arrow IPC stream; its last batch has no rows and the manifest in its metadata."""

    statement: ClassVar = "export"
    parameters: ClassVar[Mapping[str, Value]] = {"zero": "0"}
    media_type: ClassVar = "application/vnd.apache.arrow.stream"
    suffix: ClassVar = "arrows"

    def __init__(self) -> None:
        self._sink = _Sink()
        self._writer: Any = pa.ipc.new_stream(self._sink, SCHEMA)

    def records(self, batch: pa.RecordBatch) -> bytes:
        """Messages."""
        self._writer.write_batch(_typed(records_of(batch)))
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

    def __init__(self) -> None:
        self._sink = _Sink()
        self._writer: Any = pq.ParquetWriter(self._sink, SCHEMA, compression="zstd")

    def records(self, batch: pa.RecordBatch) -> bytes:
        """Row groups."""
        self._writer.write_batch(_typed(records_of(batch)))
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


def _joined(lines: pa.StringArray) -> bytes:
    """Texts that stand one behind the other in memory already."""
    _, places, texts = lines.buffers()
    edges = pa.Array.from_buffers(pa.int32(), len(lines) + 1, [None, places], offset=lines.offset)
    begin, end = edges[0].as_py(), edges[-1].as_py()
    return bytes(texts.slice(begin, end - begin))
