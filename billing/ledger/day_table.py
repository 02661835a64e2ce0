"""A month of every service's day sums, column by column: as the store has added them up, and by price."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from billing.meter import Meter
from billing.rating import DayUsage

if TYPE_CHECKING:
    from collections.abc import Callable

    from billing.ledger.day import Tariffs

_TEXTS: Final = ("workspace_id", "project_id", "environment", "service_id", "region", "meter")
_STRETCH: Final = ("workspace_id", "meter", "region", "since")
_PLACE: Final = ("day", *_TEXTS, "price_id")
# The largest sum of 64-bit amounts that a table can have is far from what these hold: an addition cannot wrap around.
_SUM: Final = pl.Int128()


def day_usage(sums: pl.DataFrame, tariffs: Tariffs) -> list[DayUsage]:
    """Rows of the answer of `ledger/read/day_sums` by the price that holds in each stretch, in order.

    Raises:
        MissingPrice: a stretch's usage has no price; of several the one that is wanted first.
    """
    # A month has few texts, each of them often: as numbers in the texts' order they are compared and sorted faster.
    kinds: dict[str, pl.DataType] = {name: pl.Enum(sums[name].unique().sort()) for name in _TEXTS}
    sums = sums.with_columns(*(pl.col(name).cast(kind) for name, kind in kinds.items()), pl.col("quantity").cast(_SUM))
    first = pl.max_horizontal("day", "since").min().alias("first")
    stretches = sums.group_by(_STRETCH).agg(first).sort("first", *_STRETCH)
    ids = [
        tariffs.price_id(workspace_id, Meter(meter), region, hour)
        for workspace_id, meter, region, _, hour in stretches.iter_rows()
    ]
    prices = stretches.select(_STRETCH).with_columns(price_id=pl.Series(ids, dtype=pl.Enum(sorted(set(ids)))))
    found = sums.join(prices, on=_STRETCH).group_by(_PLACE).agg(pl.col("quantity").sum()).sort(_PLACE)
    columns = [_shared(found[name], Meter if name == "meter" else str) for name in _PLACE[1:]]
    rows = zip(found["day"].to_list(), *columns, found["quantity"].to_list(), strict=True)
    return list(map(DayUsage._make, rows))


def _shared(column: pl.Series, kind: Callable[[str], Any]) -> list[Any]:
    """The texts of a column as a kind of text; equal ones are one object."""
    assert isinstance(column.dtype, pl.Enum)  # noqa: S101 - made so
    known = [kind(text) for text in column.dtype.categories]
    return [known[number] for number in column.to_physical().to_list()]
