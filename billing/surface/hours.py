"""Usage per hour, as the ledger adds it up; hours have no money, which days of usage are rounded for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from billing.meter import Meter
from billing.surface.question import GROUPS, Source
from billing.surface.row import SHOWN, UNITS, asked
from billing.surface.table import USAGE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from billing.surface.question import Question
    from billing.surface.reader import LedgerReader
    from billing.surface.row import Key


async def hours(
    reader: LedgerReader, question: Question, until: int, after: Key
) -> AsyncGenerator[pa.RecordBatch, None]:
    """The rows of hours behind `after`, in the order of their keys."""
    shown = {f"by_{name}": int(name in question.group_by) for name in SHOWN}
    async for batch in reader.usage(asked(question, until, after) | shown):
        begin = batch["begin"].cast(pa.int64())
        meters = batch["meter_text"].dictionary_encode()
        units = pa.array([UNITS[Meter(name)] for name in meters.dictionary.to_pylist()], pa.string())
        named = [
            batch[f"{name}_text"] if name in question.group_by else pa.nulls(batch.num_rows, pa.string())
            for name in GROUPS
        ]
        columns = [
            begin.cast(USAGE.field("start").type),
            pc.add(begin, question.grain).cast(USAGE.field("end").type),
            batch["workspace_text"],
            *named,
            batch["base_quantity"],
            units.take(meters.indices),
            pa.nulls(batch.num_rows, USAGE.field("amount").type),
            pa.nulls(batch.num_rows, pa.string()),
            pc.if_else(batch["is_estimate"].cast(pa.bool_()), Source.ESTIMATE, Source.PUBLISHED),
        ]
        arrays = [column.cast(field.type) for column, field in zip(columns, USAGE, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=USAGE)
