"""Ledger rows as a table, and back: what goes to the store and comes from it, exact to the integer."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import TYPE_CHECKING, Final

import polars as pl

from billing.meter import Meter
from billing.usage import UsageRow
from ingest.usage.sight import Quality

if TYPE_CHECKING:
    from collections.abc import Iterable

_NUMBERS: Final = frozenset({"hour", "quantity", "running_s", "interpolated_s", "unbracketed_s", "segments", "quality"})
SCHEMA: Final = pl.Schema(
    {field.name: pl.Int64() if field.name in _NUMBERS else pl.String() for field in fields(UsageRow)}
)
_VALUES: Final = attrgetter(*SCHEMA)


def table(rows: Iterable[UsageRow]) -> pl.DataFrame:
    """Rows as a table whose columns are `SCHEMA`, in the given order."""
    return pl.DataFrame([_VALUES(row) for row in rows], schema=SCHEMA, orient="row")


def rows(usage: pl.DataFrame) -> list[UsageRow]:
    """The rows of a table, in its order."""
    meters, qualities = {each.value: each for each in Meter}, tuple(Quality)
    columns = [usage[name].to_list() for name in SCHEMA]
    place = list(SCHEMA).index
    columns[place("meter")] = [meters[name] for name in columns[place("meter")]]
    columns[place("quality")] = [qualities[number] for number in columns[place("quality")]]
    return [UsageRow(*values) for values in zip(*columns, strict=True)]
