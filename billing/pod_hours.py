"""How much of each resource a pod held in each UTC hour: pieces cut at hours and added up, in whole numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billing.hour import HOUR
from billing.intervals import Rule

if TYPE_CHECKING:
    from billing.hour import Period

_KEY: Final = ["cluster", "uid", "hour"]


def pod_hours(pieces: pl.DataFrame, window: Period) -> pl.DataFrame:
    """One row per cluster, pod and hour of the window, sorted by them.

    Columns: `cluster, uid, hour, node, running_s, cpu_mcore_s, mem_byte_s, interpolated_s, unbracketed_s, segments`
    (unbroken stretches of one request), `quality` (the worst). An hour of nothing but unbracketed seconds has
    quantities of 0.
    """
    seconds = pl.col("seconds")
    billed = pl.col("rule") != Rule.UNBRACKETED
    ran = seconds * billed
    return (
        _cut(pieces, window)
        .sort(*_KEY, "start", "rule")
        .with_columns(seconds=pl.col("end") - pl.col("start"))
        .with_columns(_is_new_segment(billed).alias("new_segment"))
        .group_by(_KEY, maintain_order=True)
        .agg(
            node=pl.col("node").max(),
            running_s=ran.sum(),
            cpu_mcore_s=(ran * pl.col("cpu_m")).sum(),
            mem_byte_s=(ran * pl.col("memory_b")).sum(),
            interpolated_s=(ran * pl.col("interpolated")).sum(),
            unbracketed_s=(seconds * ~billed).sum(),
            segments=pl.col("new_segment").sum().cast(pl.Int64),
            quality=pl.col("quality").max(),
        )
    )


def _cut(pieces: pl.DataFrame, window: Period) -> pl.DataFrame:
    clipped = pieces.with_columns(
        pl.max_horizontal("start", pl.lit(window.start)).alias("start"),
        pl.min_horizontal("end", pl.lit(window.end)).alias("end"),
    ).filter(pl.col("end") > pl.col("start"))
    first, last = pl.col("start") // HOUR, (pl.col("end") - 1) // HOUR
    within = clipped.filter(first == last).with_columns(hour=first * HOUR)
    across = (
        clipped.filter(first != last)
        .with_columns(hour=pl.int_ranges(first, last + 1))
        .explode("hour")
        .with_columns(hour=pl.col("hour") * HOUR)
        .with_columns(
            pl.max_horizontal("start", "hour").alias("start"),
            pl.min_horizontal("end", pl.col("hour") + HOUR).alias("end"),
        )
    )
    return pl.concat([within, across.select(within.columns)])


def _is_new_segment(billed: pl.Expr) -> pl.Expr:
    """Whether a billed piece does not carry on the one before it: another hour or request, or a break in between."""
    same = [pl.col(name) == pl.col(name).shift(1) for name in (*_KEY, "cpu_m", "memory_b")]
    carries_on = pl.all_horizontal(*same, pl.col("start") == pl.col("end").shift(1), billed.shift(1))
    return billed & ~carries_on.fill_null(value=False)
