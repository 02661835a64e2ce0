"""The laws of `billing.conservation` asked of rows in a table: what must hold before anyone publishes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billing.conservation import Violation, overcommitted
from billing.hour import HOUR, iso
from billing.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from billing.conservation import Allocatable

_GROUPS: Final = {"workspace": ("workspace_id", "project_id"), "node": ("cluster", "node"), "cluster": ("cluster",)}


def violations(
    usage: pl.DataFrame, pieces: pl.DataFrame, hours: pl.DataFrame, nodes: Mapping[tuple[str, str], Allocatable]
) -> tuple[Violation, ...]:
    """All violations among a run's rows, sorted, as `billing.conservation.violations` finds them."""
    return tuple(sorted([*_overfull_hours(usage), *_lost(usage, hours), *overcommitted(pieces, nodes)]))


def _overfull_hours(usage: pl.DataFrame) -> list[Violation]:
    found = (
        usage.filter(pl.col("meter") == Meter.CPU.value)
        .group_by("cluster", "source_id", "hour")
        .agg(pl.col("running_s").sum())
        .filter(pl.col("running_s") > HOUR)
    )
    return [
        Violation("an hour has 3600 seconds", f"{cluster} {uid}", f"{running} s billed in the hour of {iso(hour)}")
        for cluster, uid, hour, running in found.iter_rows()
    ]


def _lost(usage: pl.DataFrame, hours: pl.DataFrame) -> list[Violation]:
    found = []
    for meter in (Meter.CPU, Meter.MEMORY):
        # 64 bits would wrap around without a word: sums are of 128.
        metered = _total(hours[meter.value])
        rows = usage.filter(pl.col("meter") == meter.value)
        for name, key in _GROUPS.items():
            sums = rows.group_by(key).agg(pl.col("quantity").cast(pl.Int128).sum())
            if (total := _total(sums["quantity"])) != metered:
                law = f"rows by {name} add up to what was metered"
                found.append(Violation(law, meter, f"{total} {metered}"))
    return found


def _total(amounts: pl.Series) -> int:
    return int(amounts.cast(pl.Int128).sum())
