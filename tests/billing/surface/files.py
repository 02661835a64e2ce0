"""Files of usage as they are read again: their rows as the contract's JSON, and their manifest."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from billing.canonical import decimal_text
from billing.hour import iso


def manifest_of(form: str, content: bytes) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The rows as texts, and the manifest."""
    if form == "ndjson":
        *rows, last = map(json.loads, content.decode().splitlines())
        return rows, last["manifest"]
    if form == "csv":
        head, *lines, last = csv.reader(io.StringIO(content.decode(), newline=""))
        assert last[0] == "#manifest"
        return [{name: cell or None for name, cell in zip(head, line, strict=True)} for line in lines], json.loads(
            last[1]
        )
    if form == "parquet":
        table = pq.read_table(io.BytesIO(content))
        manifest = json.loads(pq.read_metadata(io.BytesIO(content)).metadata[b"manifest"])
        return texts(table), manifest
    reader = pa.ipc.open_stream(content)
    batches = list(reader.iter_batches_with_custom_metadata())
    manifest = json.loads(batches[-1].custom_metadata[b"manifest"])
    return texts(pa.Table.from_batches([each.batch for each in batches])), manifest


def texts(table: pa.Table) -> list[dict[str, Any]]:
    """Typed rows as the JSON of the contract."""
    assert table.schema.field("quantity").type == pa.decimal128(38, 0)
    assert table.schema.field("amount").type == pa.decimal128(38, 22)
    assert pa.types.is_timestamp(table.schema.field("start").type)

    def text(name: str, value: Any) -> Any:  # noqa: ANN401 - any cell
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, Decimal):
            return str(value) if name == "quantity" else decimal_text(value)
        return iso(int(value.timestamp()))

    return [{name: text(name, value) for name, value in row.items()} for row in table.to_pylist()]
