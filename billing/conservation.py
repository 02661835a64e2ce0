"""What must hold of metered usage before anyone publishes it: no node gave more than it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from billing.intervals import Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from billing.hour import Period

# The one law that a person may set aside for an hour (`billing.runs.override`): that it does not hold is a sign of
# usage counted twice, and no proof.
NODE_LAW: Final = "a node holds no more than it has"
_NODE: Final = ["cluster", "node"]


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """A law that does not hold, for whom, and by how much."""

    law: str
    subject: str
    message: str


@dataclass(frozen=True, slots=True)
class Allocatable:
    """Room on a node for pods, or what a pod has of it: millicores and bytes."""

    cpu_m: int
    memory_b: int


def overcommitted(
    pieces: pl.DataFrame,
    nodes: Mapping[tuple[str, str], Allocatable],
    window: Period,
    lasting_s: int,
    least: Callable[[list[str]], Mapping[str, Allocatable]],
) -> list[Violation]:
    """Where pods held more than their node has, in a window, for longer than `lasting_s`; by cluster and node.

    The scheduler never reserves more than a node has: more means that a pod was counted twice or put elsewhere. Asked
    are only stretches between two sights of a running pod. What lies at a pod's ends is as long as it is told to be at
    the most, and for up to one scrape a pod and its successor, or both sides of a resize, seem to be there at once.
    What a pod asks for in a resize may not have been given to it yet: so of a node that seems to hold too much it is
    looked again, with the least that each pod by its uid was ever given. `nodes` are keyed by cluster and name; one
    that is not told of cannot be checked.
    """
    room = pl.DataFrame(
        [(cluster, node, has.cpu_m, has.memory_b) for (cluster, node), has in nodes.items()],
        schema={"cluster": pl.String(), "node": pl.String(), "room_cpu_m": pl.Int64(), "room_memory_b": pl.Int64()},
        orient="row",
    )
    held = (
        pieces.filter(pl.col("rule") == Rule.INNER)
        .with_columns(
            start=pl.max_horizontal("start", pl.lit(window.start)), end=pl.min_horizontal("end", pl.lit(window.end))
        )
        .filter(pl.col("end") > pl.col("start"))
        .select(*_NODE, "uid", "start", "end", "cpu_m", "memory_b")
    )
    crowded = _crowded(held, room, lasting_s)
    if crowded.is_empty():
        return []
    here = held.join(crowded, on=_NODE, how="semi")
    given = least(here["uid"].unique().sort().to_list())
    found = _crowded(_at_most(here, given), room, lasting_s)
    return [
        Violation(
            NODE_LAW,
            f"{cluster} {node}",
            f"{cpu_m} m and {memory_b} bytes held at once of {has_cpu_m} m and {has_memory_b} bytes",
        )
        for cluster, node, cpu_m, memory_b, has_cpu_m, has_memory_b in found.iter_rows()
    ]


def _at_most(held: pl.DataFrame, given: Mapping[str, Allocatable]) -> pl.DataFrame:
    known = pl.DataFrame(
        [(uid, each.cpu_m, each.memory_b) for uid, each in given.items()],
        schema={"uid": pl.String(), "least_cpu_m": pl.Int64(), "least_memory_b": pl.Int64()},
        orient="row",
    )
    return held.join(known, on="uid", how="left").with_columns(
        cpu_m=pl.min_horizontal("cpu_m", "least_cpu_m"), memory_b=pl.min_horizontal("memory_b", "least_memory_b")
    )


def _crowded(held: pl.DataFrame, room: pl.DataFrame, lasting_s: int) -> pl.DataFrame:
    """The nodes that hold more than they have for longer than a time: how much at the most, and what they have."""
    change = pl.concat(
        [
            held.select(*_NODE, at="start", cpu_m="cpu_m", memory_b="memory_b"),
            held.select(*_NODE, at="end", cpu_m=-pl.col("cpu_m"), memory_b=-pl.col("memory_b")),
        ]
    )
    over = (pl.col("cpu_m") > pl.col("room_cpu_m")) | (pl.col("memory_b") > pl.col("room_memory_b"))
    return (
        change.join(room, on=_NODE)
        # What ends in a second makes room for what begins in it.
        .group_by(*_NODE, "at", "room_cpu_m", "room_memory_b")
        .agg(pl.col("cpu_m", "memory_b").sum())
        .sort(*_NODE, "at")
        .with_columns(pl.col("cpu_m", "memory_b").cum_sum().over(_NODE))
        .with_columns(
            over=over,
            stretch=(over != over.shift(1)).fill_null(value=True).cum_sum().over(_NODE),
            seconds=pl.col("at").shift(-1).over(_NODE) - pl.col("at"),
        )
        .filter("over")
        .group_by(*_NODE, "stretch", "room_cpu_m", "room_memory_b")
        .agg(pl.col("cpu_m", "memory_b").max(), pl.col("seconds").sum())
        .filter(pl.col("seconds") > lasting_s)
        .group_by(*_NODE)
        .agg(pl.col("cpu_m", "memory_b", "room_cpu_m", "room_memory_b").max())
        .sort(_NODE)
    )
