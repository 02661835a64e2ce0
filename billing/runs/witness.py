"""A second look at the evidence: between which bounds the core-seconds of a workspace must lie, whatever metering says.

Nothing of metering is used here, and much less is known: not which of its rules holds between two sights. That is what
the bounds leave open. Of a pod that is seen running at one request all hour they are one number.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

import polars as pl

from billing.conservation import Violation
from billing.meter import Meter
from billing.observation import Phase
from billing.ownership import UNATTRIBUTED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from billing.hour import Period
    from billing.policy import MeteringPolicy

_LAW: Final = "a workspace's core-seconds are within what the sights of its pods allow"


def implausible(
    usage: pl.DataFrame,
    accepted: pl.DataFrame,
    payer_of: Mapping[str, str],
    window: Period,
    policy: MeteringPolicy,
) -> list[Violation]:
    """Workspaces whose rows tell less than two sights prove, or more than there can have been; `payer_of` is by uid.

    The least is what lies between two sights of a running pod, at the smaller request. The most is, at the larger one,
    all that lies beside a sight of a running pod, or from the start that Kubernetes tells to the first sight.
    """
    least: defaultdict[str, int] = defaultdict(int)
    most: defaultdict[str, int] = defaultdict(int)
    for uid, low, high in _bounds(accepted, window, policy).iter_rows():
        payer = payer_of.get(uid, UNATTRIBUTED.workspace_id)
        least[payer] += low
        most[payer] += high
    cpu = usage.filter(pl.col("meter") == Meter.CPU.value)
    rows = cpu.group_by("workspace_id").agg(pl.col("quantity").cast(pl.Int128).sum())
    told = {workspace: int(quantity) for workspace, quantity in rows.iter_rows()}
    return [
        Violation(
            _LAW, each, f"{told.get(each, 0)} millicore-seconds in rows, {least[each]} to {most[each]} are possible"
        )
        for each in sorted({*least, *told})
        if not least[each] <= told.get(each, 0) <= most[each]
    ]


def _bounds(accepted: pl.DataFrame, window: Period, policy: MeteringPolicy) -> pl.DataFrame:
    """By uid the least and the most millicore-seconds."""
    at, scrape = pl.col("observed_at"), policy.scrape_interval_s
    phases = [Phase.RUNNING, Phase.PENDING] if policy.bill_pending else [Phase.RUNNING]
    runs = pl.col("phase").is_in(list(map(int, phases))) & (pl.col("node") != "")
    in_time = (at <= pl.col("deletion_at") + scrape).fill_null(value=True)
    # Numbers are grouped and sorted many times faster than texts.
    numbered = accepted.with_columns(pod=pl.col("uid").cast(pl.Categorical).to_physical())
    seen = (
        # Of several sights in one second any may be the right one.
        numbered.group_by("pod", "observed_at")
        .agg(
            surely=(runs & in_time).all(),
            maybe=(runs & in_time).any(),
            waits=(pl.col("phase") == Phase.PENDING).any(),
            is_over=(pl.col("phase") >= Phase.SUCCEEDED).any(),
            low=pl.col("cpu_m").min(),
            high=pl.col("cpu_m").max(),
            started_at=pl.col("started_at").min(),
        )
        .sort("pod", "observed_at")
    )

    def seconds(start: pl.Expr, end: pl.Expr) -> pl.Expr:
        within = pl.min_horizontal(end, pl.lit(window.end)) - pl.max_horizontal(start, pl.lit(window.start))
        return within.clip(0).fill_null(0)

    follows = (pl.col("pod") == pl.col("pod").shift(-1)).fill_null(value=False)
    after = {name: pl.col(name).shift(-1) for name in ("surely", "maybe", "is_over", "low", "high")}
    is_first = (pl.col("pod") != pl.col("pod").shift(1)).fill_null(value=True)
    may_begin = pl.col("waits") & (after["maybe"] | after["is_over"])
    between, high = seconds(at, at.shift(-1)), pl.max_horizontal("high", after["high"])
    head = seconds(pl.min_horizontal(pl.coalesce("started_at", at), at), at)
    return (
        seen.select(
            "pod",
            least=pl.when(follows & pl.col("surely") & after["surely"])
            .then(between * pl.min_horizontal("low", after["low"]))
            .otherwise(0),
            most=pl.when(follows & (pl.col("maybe") | may_begin)).then(between * high).otherwise(0)
            + pl.when(~follows & pl.col("maybe")).then(seconds(at, at + scrape) * pl.col("high")).otherwise(0)
            + pl.when(is_first & (pl.col("maybe") | pl.col("is_over"))).then(head * pl.col("high")).otherwise(0),
        )
        .group_by("pod")
        .agg(pl.col("least", "most").sum())
        .join(numbered.select("pod", "uid").unique("pod"), on="pod")
        .select("uid", "least", "most")
    )
