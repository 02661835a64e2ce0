"""The tables that leave: their columns and types, and a row group as texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa  # type: ignore[import-untyped]

from billing.canonical import decimal_text
from billing.focus import COLUMNS
from billing.hour import iso

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

Text = str | None

# Rows of one batch as it is written: the same rows are always cut alike, so that the same rows are the same bytes.
BATCH_ROWS: Final = 16_384

_TIME: Final = pa.timestamp("s", "UTC")
_WHOLE: Final = pa.decimal128(38, 0)
_MONEY: Final = pa.decimal128(38, 22)

# `quantity` counts the meter's base unit exactly, and is negative only where an invoice takes something back.
USAGE: Final = pa.schema(
    [
        ("start", _TIME),
        ("end", _TIME),
        *((name, pa.string()) for name in ("workspace_id", "project_id", "environment", "service_id", "region")),
        ("meter", pa.string()),
        ("quantity", _WHOLE),
        ("unit", pa.string()),
        ("amount", _MONEY),
        ("currency", pa.string()),
        ("status", pa.string()),
    ]
)
_FOCUS_TIMES: Final = frozenset({"BillingPeriodEnd", "BillingPeriodStart", "ChargePeriodEnd", "ChargePeriodStart"})
_FOCUS_MONEY: Final = frozenset({"BilledCost", "ContractedCost", "EffectiveCost", "ListCost"})
_FOCUS_DECIMALS: Final = {
    **dict.fromkeys(_FOCUS_MONEY | {"PricingCurrencyEffectiveCost"}, _MONEY),
    **dict.fromkeys(
        ("ContractedUnitPrice", "ListUnitPrice", "PricingCurrencyContractedUnitPrice", "PricingCurrencyListUnitPrice"),
        pa.decimal128(38, 12),
    ),
    **dict.fromkeys(("CommitmentDiscountQuantity", "ConsumedQuantity", "PricingQuantity"), pa.decimal128(38, 10)),
}
FOCUS: Final = pa.schema(
    [(name, _TIME if name in _FOCUS_TIMES else _FOCUS_DECIMALS.get(name, pa.string())) for name in COLUMNS]
)


def text_columns(batch: pa.RecordBatch) -> list[list[Text]]:
    """The columns as texts: times as `2026-01-31T00:00:00Z`, exact decimals without an exponent, `None` for nothing."""
    return [_texts(column) for column in batch.columns]


def _texts(column: pa.Array) -> list[Text]:
    if pa.types.is_timestamp(column.type):
        # A bucket's times are few, however many rows there are.
        encoded = column.cast(pa.int64()).dictionary_encode()
        known = [iso(second) for second in encoded.dictionary.to_pylist()]
        return [None if index is None else known[index] for index in encoded.indices.to_pylist()]
    values: list[Any] = column.to_pylist()
    if not pa.types.is_decimal(column.type):
        return values
    write = str if column.type.scale == 0 else decimal_text
    return [None if value is None else write(value) for value in values]


async def rebatched(batches: AsyncIterator[pa.RecordBatch], rows: int = BATCH_ROWS) -> AsyncGenerator[pa.RecordBatch]:
    """The same rows, `rows` in a batch; the last one has what is left."""
    held: list[pa.RecordBatch] = []
    count = 0
    async for batch in batches:
        rest = batch
        while count + rest.num_rows >= rows:
            taken = rest.slice(0, rows - count)
            yield _one([*held, taken])
            rest, held, count = rest.slice(taken.num_rows), [], 0
        if rest.num_rows:
            held.append(rest)
            count += rest.num_rows
    if held:
        yield _one(held)


def _one(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)
