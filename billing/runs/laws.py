"""Laws of conservation asked of a run's rows: nothing is counted twice, nothing is lost, nothing is another's.

Rows are held against what they were made of in three ways that share no code with how they were made: whose they are,
by the pieces and the registrations; where they ran, by the pieces; and how much it was, by `billing.runs.witness`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billing.conservation import Violation
from billing.hour import HOUR, iso
from billing.intervals import Rule
from billing.meter import Meter
from billing.ownership import UNATTRIBUTED

if TYPE_CHECKING:
    from billing.hour import Period

_TENANT: Final = ("workspace_id", "project_id", "environment", "service_id")
_NODE: Final = ("cluster", "node")
_METERS: Final = (Meter.CPU.value, Meter.MEMORY.value)


def overfull_hours(usage: pl.DataFrame) -> list[Violation]:
    """Pods that are billed for more seconds than an hour has."""
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


def misplaced(usage: pl.DataFrame, pieces: pl.DataFrame, owned: pl.DataFrame, window: Period) -> list[Violation]:
    """Tenants and nodes whose rows are not to the unit what their pods held in the window.

    `owned` tells whose pods are, with who pays for them (`billing.runs.usage_table.with_payers`).
    """
    held = _held(pieces, window)
    owner = owned.select("uid", *_TENANT)
    nobody = pl.col("workspace_id").is_null()
    tenants = held.join(owner, on="uid", how="left").with_columns(
        pl.when(nobody).then(pl.lit(UNATTRIBUTED.workspace_id)).otherwise("workspace_id").alias("workspace_id"),
        *(pl.when(nobody).then(pl.lit("")).otherwise(name).alias(name) for name in _TENANT[1:]),
    )
    return [
        *_differing("rows by tenant are what its pods held", usage, tenants, _TENANT),
        *_differing("rows by node are what its pods held", usage, held, _NODE),
    ]


def _held(pieces: pl.DataFrame, window: Period) -> pl.DataFrame:
    """What each pod held in the window, in 128 bits: 64 would wrap around without a word."""
    seconds = pl.min_horizontal("end", pl.lit(window.end)) - pl.max_horizontal("start", pl.lit(window.start))
    return (
        pieces.filter(pl.col("rule") != Rule.UNBRACKETED)
        .select(
            "uid",
            *_NODE,
            (seconds.clip(0) * pl.col("cpu_m")).cast(pl.Int128).alias(Meter.CPU.value),
            (seconds.clip(0) * pl.col("memory_b")).cast(pl.Int128).alias(Meter.MEMORY.value),
        )
        .group_by("uid", *_NODE)
        .agg(pl.col(_METERS).sum())
    )


def _differing(law: str, usage: pl.DataFrame, held: pl.DataFrame, key: tuple[str, ...]) -> list[Violation]:
    quantity = pl.col("quantity").cast(pl.Int128)
    rows = usage.group_by(key).agg(quantity.filter(pl.col("meter") == meter).sum().alias(meter) for meter in _METERS)
    both = rows.join(held.group_by(key).agg(pl.col(_METERS).sum()), on=key, how="full", coalesce=True, suffix=" held")
    found = []
    for meter in _METERS:
        told, real = pl.col(meter).fill_null(0), pl.col(f"{meter} held").fill_null(0)
        for *subject, rowed, amount in both.filter(told != real).select(*key, told, real).iter_rows():
            name = " ".join(filter(None, subject))
            found.append(Violation(law, f"{name} {meter}", f"{rowed} in rows, {amount} held"))
    return sorted(found)
