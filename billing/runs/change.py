"""What a run changes beside what is published: per workspace and meter, in whole base units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from billing.meter import Meter

if TYPE_CHECKING:
    from billing.ledger.publication import Publication
    from billing.ledger.slice import Slice
    from billing.ledger.store import Ledger
    from billing.runs.metered import Metered


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """A workspace's amount of a meter in a slice, before and after."""

    workspace_id: str
    meter: Meter
    before: int
    after: int


def changes(ledger: Ledger, one: Slice, last: Publication | None, metered: Metered) -> tuple[Change, ...]:
    """All amounts that differ, sorted.

    Raises:
        Unavailable: the ledger's store does not answer.
    """
    before: dict[tuple[str, str], int] = {}
    if last is not None:
        found = ledger.query("ledger/read/run_totals", {"hour": one.hour, "run": last.run_id})
        before = {(workspace, meter): int(quantity) for workspace, meter, quantity in found.iter_rows()}
    sums = metered.usage.group_by("workspace_id", "meter").agg(pl.col("quantity").cast(pl.Int128).sum())
    after = {(workspace, meter): int(quantity) for workspace, meter, quantity in sums.iter_rows()}
    return tuple(
        Change(workspace, Meter(meter), before.get((workspace, meter), 0), after.get((workspace, meter), 0))
        for workspace, meter in sorted(before.keys() | after.keys())
        if before.get((workspace, meter), 0) != after.get((workspace, meter), 0)
    )
