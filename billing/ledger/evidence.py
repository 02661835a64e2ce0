"""The evidence of one cluster and hour as it was known at a time: all that its usage follows from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from billing.conservation import Allocatable
from billing.coverage import Coverage
from billing.hour import HOUR
from billing.ledger.least_requests import least_requests
from billing.ledger.neighbours import Neighbourhood
from billing.ledger.sights import sights
from billing.observation import SCHEMA
from billing.quarantine import EARLIEST, MOST_CPU_M, MOST_MEMORY_B

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from billing.ledger.slice import Slice
    from billing.ledger.store import Ledger
    from billing.policy import MeteringPolicy

# What is read on both sides of an hour at once: whole slots of five minutes, in which an agent's sight is preferred.
_SLOT: Final = 300


@dataclass(frozen=True, slots=True)
class PodEvidence:
    """What is known of a cluster's pods in an hour.

    `observations` has the columns of `billing.observation.SCHEMA`: the hour's, and each pod's nearest before and after.
    `owners`: `uid, project_id, environment, service_id, differs` (a later registration names somebody else).
    `nodes` are keyed by cluster and name. `least`: of pods by uid the least room that they were ever given.
    """

    observations: pl.DataFrame
    owners: pl.DataFrame
    nodes: dict[tuple[str, str], Allocatable]
    coverage: Coverage
    least: Callable[[list[str]], Mapping[str, Allocatable]]


def pod_evidence(ledger: Ledger, one: Slice, policy: MeteringPolicy, as_of: int) -> PodEvidence:
    """Read the evidence of a cluster's hour that was received before `as_of`.

    Raises:
        Unavailable: the ledger's store does not answer.
    """
    margin = -(-max(_SLOT, policy.scrape_interval_s) // _SLOT) * _SLOT
    first, until = one.hour - margin, one.hour + HOUR + margin
    asked = {"region": one.region, "cluster": one.cluster, "as_of": as_of}
    judged = asked | {
        "skew": policy.skew_s,
        "earliest": EARLIEST,
        "most_cpu": MOST_CPU_M,
        "most_memory": MOST_MEMORY_B,
        "max_gap": policy.max_gap_s,
    }
    near = sights(ledger, judged, first, until)
    lives = ledger.query("ledger/read/lives", {"region": one.region, "cluster": one.cluster, "since": one.hour})
    seen = Neighbourhood(ledger, judged, one, margin).with_neighbours(near, lives)
    hour = asked | {"first": one.hour, "until": one.hour + HOUR}
    return PodEvidence(
        observations=_observations(seen, one.cluster),
        owners=ledger.query("ledger/read/owners", asked | {"since": first}),
        nodes=_nodes(ledger, hour),
        coverage=_coverage(ledger, hour, policy.scrape_interval_s),
        least=partial(least_requests, ledger, asked),
    )


def _observations(seen: pl.DataFrame, cluster: str) -> pl.DataFrame:
    """In one order, and each once, so that the same evidence is the same table."""
    return seen.with_columns(cluster=pl.lit(cluster)).select(SCHEMA.names()).cast(SCHEMA).unique().sort(SCHEMA.names())


def _nodes(ledger: Ledger, hour: dict[str, Any]) -> dict[tuple[str, str], Allocatable]:
    found = ledger.query("ledger/read/nodes", hour)
    return {(hour["cluster"], node): Allocatable(cpu_m, memory_b) for node, cpu_m, memory_b in found.iter_rows()}


def _coverage(ledger: Ledger, hour: dict[str, Any], interval_s: int) -> Coverage:
    heard = ledger.query("ledger/read/heard_slots", hour | {"interval": interval_s})["heard"][0]
    expected = HOUR // interval_s
    return Coverage(hour["cluster"], hour["first"], min(heard, expected), expected)
