"""Which observations no bill may rest on: impossible values, wrong clocks, a pod that lives after its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from billing.observation import SCHEMA, Phase

if TYPE_CHECKING:
    from billing.policy import MeteringPolicy

# 2^50 bytes for 3600 seconds are 4.1e18: what is within these bounds cannot overflow 64 bits in an hour.
MOST_CPU_M: Final = 10**9
MOST_MEMORY_B: Final = 2**50
EARLIEST: Final = 978_307_200  # 2001
_LATEST: Final = 4_102_444_800  # 2100
_KEY: Final = ["cluster", "uid"]


@dataclass(frozen=True, slots=True)
class Sifted:
    """Observations to meter, and those put aside, each of these with a `reason`; none is lost."""

    accepted: pl.DataFrame
    quarantined: pl.DataFrame


def sift(observations: pl.DataFrame, policy: MeteringPolicy) -> Sifted:
    """Put aside what contradicts itself, our clock, or the life of its own pod."""
    first_end = pl.col("first_end")
    judged = (
        observations.select(SCHEMA.names())
        .cast(SCHEMA)
        .with_columns(reason=_own_fault(policy.skew_s))
        .pipe(_with_life)
        .with_columns(
            reason=pl.when(pl.col("reason").is_not_null())
            .then("reason")
            .when((pl.col("phase") < Phase.SUCCEEDED) & (pl.col("observed_at") > first_end))
            .then(pl.lit("lives_after_its_end"))
            .when(pl.col("started_at") - pl.col("first_start") > policy.skew_s)
            .then(pl.lit("uid_used_again"))
        )
        .drop("first_end", "first_start")
    )
    return Sifted(
        judged.filter(pl.col("reason").is_null()).drop("reason"), judged.filter(pl.col("reason").is_not_null())
    )


def is_sound(skew: int) -> pl.Expr:
    """Whether an observation is without a fault of its own, whatever is known of its pod besides."""
    return _own_fault(skew).is_null()


def _own_fault(skew: int) -> pl.Expr:
    at, started, finished = pl.col("observed_at"), pl.col("started_at"), pl.col("finished_at")
    reasons = (
        (~at.is_between(EARLIEST, _LATEST), "time_out_of_bounds"),
        (~pl.col("phase").is_between(min(Phase), max(Phase)), "phase_unknown"),
        (
            ~pl.col("cpu_m").is_between(0, MOST_CPU_M) | ~pl.col("memory_b").is_between(0, MOST_MEMORY_B),
            "request_out_of_bounds",
        ),
        (at > pl.col("received_at") + skew, "seen_in_the_future"),
        (started > at + skew, "starts_in_the_future"),
        ((finished > at + skew) & (pl.col("phase") >= Phase.SUCCEEDED), "ends_in_the_future"),
        ((finished < started) & (pl.col("phase") >= Phase.SUCCEEDED), "ends_before_its_start"),
    )
    # A comparison with an unknown time is null, which is no reason.
    return pl.coalesce(pl.when(condition).then(pl.lit(reason)) for condition, reason in reasons)


def _with_life(judged: pl.DataFrame) -> pl.DataFrame:
    """Beside each observation its pod's first end and first start, by the observations without a fault of their own."""
    life = (
        judged.filter(pl.col("reason").is_null())
        .group_by(_KEY)
        .agg(
            first_end=pl.col("observed_at").filter(pl.col("phase") >= Phase.SUCCEEDED).min(),
            first_start=pl.col("started_at").min(),
        )
    )
    return judged.join(life, on=_KEY, how="left")
