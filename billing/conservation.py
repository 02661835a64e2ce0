"""What must hold of metered usage before anyone publishes it: nothing is counted twice, nothing gets lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from billing.hour import HOUR, iso
from billing.intervals import Rule
from billing.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from billing.usage import UsageRow


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """A law that does not hold, for whom, and by how much."""

    law: str
    subject: str
    message: str


@dataclass(frozen=True, slots=True)
class Allocatable:
    """What a node can give to pods: millicores and bytes."""

    cpu_m: int
    memory_b: int


def violations(
    rows: Sequence[UsageRow], pieces: pl.DataFrame, hours: pl.DataFrame, nodes: Mapping[tuple[str, str], Allocatable]
) -> tuple[Violation, ...]:
    """All violations among a run's rows, sorted; empty means that they may be published.

    `pieces` and `hours` are what the rows were made of; `nodes` are keyed by cluster and name. A node that is not told
    of cannot be checked.
    """
    return tuple(sorted([*_overfull_hours(rows), *_lost(rows, hours), *overcommitted(pieces, nodes)]))


def _overfull_hours(rows: Sequence[UsageRow]) -> list[Violation]:
    seconds: Counter[tuple[str, str, int]] = Counter()
    for row in rows:
        if row.meter is Meter.CPU:
            seconds[row.cluster, row.source_id, row.hour] += row.running_s
    return [
        Violation("an hour has 3600 seconds", f"{cluster} {uid}", f"{running} s billed in the hour of {iso(hour)}")
        for (cluster, uid, hour), running in seconds.items()
        if running > HOUR
    ]


def _lost(rows: Sequence[UsageRow], hours: pl.DataFrame) -> list[Violation]:
    """Three ways of adding the rows up, and the table they came from, must agree to the unit."""
    found = []
    groups: tuple[tuple[str, Callable[[UsageRow], Hashable]], ...] = (
        ("workspace", lambda row: (row.workspace_id, row.project_id)),
        ("node", lambda row: (row.cluster, row.node)),
        ("cluster", lambda row: row.cluster),
    )
    for meter in (Meter.CPU, Meter.MEMORY):
        metered = sum(hours[meter.value].to_list())
        for name, key in groups:
            sums: Counter[Hashable] = Counter()
            for row in rows:
                if row.meter is meter:
                    sums[key(row)] += row.quantity
            if sums.total() != metered:
                found.append(
                    Violation(f"rows by {name} add up to what was metered", meter, f"{sums.total()} {metered}")
                )
    return found


def overcommitted(pieces: pl.DataFrame, nodes: Mapping[tuple[str, str], Allocatable]) -> list[Violation]:
    """The scheduler never reserves more than a node has: more means that a pod was counted twice or put elsewhere."""
    billed = pieces.filter((pl.col("rule") != Rule.UNBRACKETED) & (pl.col("node") != ""))
    key = ["cluster", "node"]
    change = pl.concat(
        [
            billed.select(*key, at="start", cpu_m="cpu_m", memory_b="memory_b"),
            billed.select(*key, at="end", cpu_m=-pl.col("cpu_m"), memory_b=-pl.col("memory_b")),
        ]
    )
    peaks = (
        change
        # What ends in a second makes room for what begins in it.
        .group_by(*key, "at")
        .agg(pl.col("cpu_m", "memory_b").sum())
        .sort(*key, "at")
        .with_columns(pl.col("cpu_m", "memory_b").cum_sum().over(key))
        .group_by(key, maintain_order=True)
        .agg(pl.col("cpu_m", "memory_b").max())
    )
    found = []
    for cluster, node, cpu_m, memory_b in peaks.iter_rows():
        has = nodes.get((cluster, node))
        if has is not None and (cpu_m > has.cpu_m or memory_b > has.memory_b):
            held = f"{cpu_m} m and {memory_b} bytes held at once of {has.cpu_m} m and {has.memory_b} bytes"
            found.append(Violation("a node holds no more than it has", f"{cluster} {node}", held))
    return found
