"""During which seconds a pod is billed: those between two pieces of evidence that it ran, and no others.

Every rule looks at two neighbouring observations of one pod. So it makes no difference how a stretch of time is cut
into windows, as long as a window's observations come with each pod's nearest ones outside of it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

import polars as pl

from billing.observation import Phase, Quality

if TYPE_CHECKING:
    from billing.policy import MeteringPolicy

_TOLD: Final = ("phase", "cpu_m", "memory_b", "started_at", "finished_at", "deletion_at", "quality", "billable")
# Times of accepted observations fit into 32 bits, so a pod's number and a time make one sortable integer.
_SECONDS: Final = 2**32
_COLUMNS: Final = [
    *("cluster", "uid", "node", "start", "end", "cpu_m", "memory_b", "rule"),
    *("interpolated", "quality", "seen_from", "seen_to"),
]


class Rule(StrEnum):
    """Why a piece is billed; the last one is not."""

    HEAD = "head"  # from the start that Kubernetes tells to the first sight
    INNER = "inner"  # between two sights
    END = "end"  # from the last sight to the end that Kubernetes tells, or to when it must have been gone
    UNSEEN = "unseen"  # ran and ended between two scrapes; Kubernetes tells both times
    TAIL = "tail"  # after the last sight: until deletion, or by policy
    UNBRACKETED = "unbracketed"  # seen running, then no more: nobody can say until when


def intervals(observations: pl.DataFrame, policy: MeteringPolicy) -> pl.DataFrame:
    """The pieces of every pod's life, sorted by cluster, uid and start; accepted observations may come in any order.

    Columns: `cluster, uid, node, start, end` (UTC seconds, half-open), `cpu_m, memory_b` (the request), `rule`,
    `interpolated` (a hole longer than the policy's), `quality`, `seen_from, seen_to` (the evidence on both sides).
    """
    # Texts are set aside while rows are sorted and compared: by numbers it takes a fifth of the time.
    pods = (
        observations.group_by("cluster", "uid").agg(pl.col("node").max()).sort("cluster", "uid").with_row_index("pod")
    )
    paired = _paired(_numbered(observations, pods, policy))
    return (
        pl.concat([_between(paired, policy), _tails(paired, policy)])
        .filter(pl.col("end") > pl.col("start"))
        .sort("pod", "start", "rule")
        .join(pods, on="pod", how="left", maintain_order="left")
        .with_columns(
            quality=pl.when("interpolated")
            .then(pl.max_horizontal("quality", pl.lit(Quality.INTERPOLATED, pl.Int64)))
            .otherwise("quality")
        )
        .select(_COLUMNS)
    )


def _numbered(observations: pl.DataFrame, pods: pl.DataFrame, policy: MeteringPolicy) -> pl.DataFrame:
    """The observations by their pod's number, one per pod and second: the one with the largest values."""
    billed = [int(Phase.RUNNING), int(Phase.PENDING)] if policy.bill_pending else [int(Phase.RUNNING)]
    # What Kubernetes will have gone runs no more, whatever is shown of it: of a lost node nobody tells an end.
    overdue = (pl.col("observed_at") > _latest(policy)).fill_null(value=False)
    runs = pl.col("phase").is_in(billed) & (pl.col("node") != "")
    ordered = (
        observations.join(pods.drop("node"), on=["cluster", "uid"])
        .select(
            (pl.col("pod").cast(pl.Int64) * _SECONDS + pl.col("observed_at")).alias("key"),
            *_TOLD[:-1],
            "unbroken",
            (runs & ~overdue).alias("billable"),
            (runs & overdue).alias("overdue"),
        )
        .sort("key")
    )
    tied = (pl.col("key") == pl.col("key").shift(1)) | (pl.col("key") == pl.col("key").shift(-1))
    repeated = ordered.filter(tied)
    if repeated.is_empty():
        return ordered
    best = (
        repeated.with_columns(pl.col("unbroken").any().over("key"))
        .sort("key", *_TOLD)
        .unique(subset="key", keep="last")
    )
    return pl.concat([ordered.filter(~tied.fill_null(value=False)), best]).sort("key")


def _latest(policy: MeteringPolicy) -> pl.Expr:
    """Until when a pod may have run that is being deleted; null for another."""
    return pl.col("deletion_at") + policy.scrape_interval_s


def _paired(numbered: pl.DataFrame) -> pl.DataFrame:
    """One row per pod and second, with the pod's observation before it in columns `p_…`."""
    before = ["observed_at", "phase", "cpu_m", "memory_b", "billable", "quality"]
    follows = (pl.col("pod") == pl.col("pod").shift(1)).fill_null(value=False)
    return (
        numbered.with_columns(
            pod=(pl.col("key") // _SECONDS).cast(pl.get_index_type()), observed_at=pl.col("key") % _SECONDS
        )
        .drop("key")
        .with_columns(
            *(pl.when(follows).then(pl.col(name).shift(1)).alias(f"p_{name}") for name in before),
            is_last=~follows.shift(-1, fill_value=False),
        )
        .with_columns(pl.col("p_billable").fill_null(value=False))
    )


def _between(paired: pl.DataFrame, policy: MeteringPolicy) -> pl.DataFrame:
    at, before, started, finished = (pl.col(n) for n in ("observed_at", "p_observed_at", "started_at", "finished_at"))
    waiting = before.is_null() | ((pl.col("p_phase") == Phase.PENDING) & ~pl.col("p_billable"))
    ended = pl.col("phase") >= Phase.SUCCEEDED
    latest = pl.coalesce(_latest(policy), at)
    # Of what is gone, when it was to be gone is the end if no other is known.
    known = pl.when(pl.col("phase") == Phase.GONE).then(pl.coalesce(finished, "deletion_at")).otherwise(finished)
    end = pl.when("overdue").then(latest).otherwise(known)
    rule = (
        pl.when(pl.col("p_billable") & pl.col("billable"))
        .then(pl.lit(Rule.INNER))
        .when(pl.col("p_billable") & (ended | pl.col("overdue")) & end.is_not_null())
        .then(pl.lit(Rule.END))
        .when("p_billable")
        .then(pl.lit(Rule.UNBRACKETED))
        .when(waiting & pl.col("billable") & started.is_not_null())
        .then(pl.lit(Rule.HEAD))
        .when(waiting & ended & started.is_not_null() & finished.is_not_null())
        .then(pl.lit(Rule.UNSEEN))
    )
    by_start = pl.col("rule").is_in([Rule.HEAD, Rule.UNSEEN])
    by_sight = (pl.col("rule") == Rule.INNER) | pl.col("overdue")
    hole = (pl.col("end") - pl.col("start") > policy.max_gap_s) & ~(by_sight & pl.col("unbroken"))
    narrow = hole & (pl.col("rule") == Rule.INNER)
    return (
        paired.with_columns(rule=rule)
        .filter(pl.col("rule").is_not_null())
        .with_columns(
            start=pl.when(by_start).then(pl.max_horizontal(started, before)).otherwise(before),
            end=pl.when(pl.col("rule") == Rule.END)
            .then(pl.max_horizontal(before, pl.min_horizontal(end, at, latest)))
            .when(pl.col("rule") == Rule.UNSEEN)
            .then(pl.min_horizontal(finished, at, latest))
            .otherwise(at),
        )
        .with_columns(interpolated=hole & (pl.col("rule") != Rule.UNBRACKETED) & (pl.col("rule") != Rule.UNSEEN))
        .select(
            "pod",
            "start",
            "end",
            *(
                pl.when(by_start)
                .then(pl.col(name))
                .when(narrow)
                # Which request held in a hole is not known: the smaller of both sides was held in any case.
                .then(pl.min_horizontal(name, f"p_{name}"))
                .otherwise(f"p_{name}")
                .alias(name)
                for name in ("cpu_m", "memory_b")
            ),
            "rule",
            "interpolated",
            pl.max_horizontal("quality", pl.when(by_start).then("quality").otherwise("p_quality")).alias("quality"),
            pl.when(before.is_null()).then(started).otherwise(before).alias("seen_from"),
            at.alias("seen_to"),
        )
    )


def _tails(paired: pl.DataFrame, policy: MeteringPolicy) -> pl.DataFrame:
    """What follows a pod's last sight: billed until its deletion or by policy; the rest of a scrape is only listed."""
    at, deletion = pl.col("observed_at"), pl.col("deletion_at")
    next_scrape = at + policy.scrape_interval_s
    within_scrape = pl.min_horizontal(deletion, next_scrape)
    last = paired.filter(pl.col("is_last") & pl.col("billable"))
    billed = pl.when(deletion.is_null()).then(at + policy.tail_s).otherwise(within_scrape)
    tail = _after_last(last, Rule.TAIL, at, billed, seen_to=pl.when(deletion.is_null()).then(at).otherwise(billed))
    unknown = _after_last(
        last.filter(deletion.is_null()), Rule.UNBRACKETED, at + policy.tail_s, next_scrape, seen_to=at
    )
    return pl.concat([tail, unknown])


def _after_last(last: pl.DataFrame, rule: Rule, start: pl.Expr, end: pl.Expr, *, seen_to: pl.Expr) -> pl.DataFrame:
    return last.select(
        "pod",
        start.alias("start"),
        end.alias("end"),
        "cpu_m",
        "memory_b",
        pl.lit(rule).alias("rule"),
        pl.lit(value=False).alias("interpolated"),
        "quality",
        pl.col("observed_at").alias("seen_from"),
        seen_to.alias("seen_to"),
    )
