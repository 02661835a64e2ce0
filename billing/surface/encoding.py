"""The formats of a table: each turns batches of rows into bytes, and may end with a manifest inside the format."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from billing.documents import cell
from billing.surface.negotiation import preferred
from billing.surface.table import text_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

Manifest = dict[str, object]


class Encoder(Protocol):
    """Writes one table; `media_type` and `suffix` are what it is called."""

    media_type: ClassVar[str]
    suffix: ClassVar[str]

    def __init__(self, schema: pa.Schema) -> None: ...

    def rows(self, batch: pa.RecordBatch) -> bytes:
        """The bytes of some rows."""
        ...

    def end(self, manifest: Manifest | None) -> bytes:
        """The bytes that end the whole, with the manifest where one is given."""
        ...


class Ndjson:
    """A JSON object a line; the last one is `{"manifest": …}`."""

    media_type: ClassVar = "application/x-ndjson"
    suffix: ClassVar = "ndjson"

    def __init__(self, schema: pa.Schema) -> None:
        self._names = schema.names

    def rows(self, batch: pa.RecordBatch) -> bytes:
        """Lines."""
        return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in objects(batch))

    def end(self, manifest: Manifest | None) -> bytes:
        """The last line."""
        return b"" if manifest is None else orjson.dumps({"manifest": manifest}, option=orjson.OPT_APPEND_NEWLINE)


class Csv:
    """RFC 4180 with a head; the last line is `#manifest,` and a quoted JSON object.

    Texts that a spreadsheet would take for a formula begin with an apostrophe. Numbers are ours and stay numbers.
    """

    media_type: ClassVar = "text/csv; charset=utf-8; header=present"
    suffix: ClassVar = "csv"

    def __init__(self, schema: pa.Schema) -> None:
        self._names = schema.names
        self._is_text = [pa.types.is_string(each.type) for each in schema]
        self._head = True

    def rows(self, batch: pa.RecordBatch) -> bytes:
        """Lines, after the head."""
        columns = [
            [None if value is None else cell(value) for value in values] if is_text else values
            for is_text, values in zip(self._is_text, text_columns(batch), strict=True)
        ]
        return self._lines(zip(*columns, strict=True))

    def end(self, manifest: Manifest | None) -> bytes:
        """The last line."""
        return self._lines([] if manifest is None else [("#manifest", orjson.dumps(manifest).decode())])

    def _lines(self, rows: Any) -> bytes:  # noqa: ANN401 - rows of texts
        sheet = io.StringIO()
        writer = csv.writer(sheet)
        if self._head:
            writer.writerow(self._names)
            self._head = False
        writer.writerows(rows)
        return sheet.getvalue().encode()


class Arrow:
    """An Arrow IPC stream; its last batch has no rows and the manifest in its metadata."""

    media_type: ClassVar = "application/vnd.apache.arrow.stream"
    suffix: ClassVar = "arrows"

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._sink = _Outgoing()
        self._writer: Any = pa.ipc.new_stream(self._sink, schema)

    def rows(self, batch: pa.RecordBatch) -> bytes:
        """Messages."""
        self._writer.write_batch(batch)
        return self._sink.taken()

    def end(self, manifest: Manifest | None) -> bytes:
        """The last batch and the end of the stream."""
        if manifest is not None:
            empty = pa.RecordBatch.from_pylist([], schema=self._schema)
            self._writer.write_batch(empty, custom_metadata={"manifest": orjson.dumps(manifest)})
        self._writer.close()
        return self._sink.taken()


class Parquet:
    """A Parquet file; the manifest is in its footer's metadata, without which it cannot be read."""

    media_type: ClassVar = "application/vnd.apache.parquet"
    suffix: ClassVar = "parquet"

    def __init__(self, schema: pa.Schema) -> None:
        self._sink = _Outgoing()
        self._writer: Any = pq.ParquetWriter(self._sink, schema, compression="zstd")

    def rows(self, batch: pa.RecordBatch) -> bytes:
        """A row group."""
        self._writer.write_batch(batch)
        return self._sink.taken()

    def end(self, manifest: Manifest | None) -> bytes:
        """The footer."""
        if manifest is not None:
            self._writer.add_key_value_metadata({"manifest": orjson.dumps(manifest).decode()})
        self._writer.close()
        return self._sink.taken()


FORMATS: Final[Mapping[str, type[Encoder]]] = {"csv": Csv, "ndjson": Ndjson, "parquet": Parquet, "arrow": Arrow}
JSON: Final = "json"
NAMES: Final = (JSON, *FORMATS)

_ACCEPTED: Final = {
    "application/json": JSON,
    **{kind.media_type.partition(";")[0]: name for name, kind in FORMATS.items()},
}


def objects(batch: pa.RecordBatch) -> list[dict[str, str | None]]:
    """Rows as JSON has them: amounts, quantities and times are texts."""
    names = batch.schema.names
    return [dict(zip(names, row, strict=True)) for row in zip(*text_columns(batch), strict=True)]


def accepted(accept: str) -> str:
    """The format that an Accept header wants most; without any, JSON."""
    return preferred(accept, _ACCEPTED, JSON)


class _Outgoing(io.RawIOBase):
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
        """What was written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken
