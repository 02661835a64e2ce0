"""What was seen of a pod at one time: the evidence that metering works from, as values and as a table."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import polars as pl

from ingest.usage.sight import Phase, Quality

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["SCHEMA", "Phase", "PodObservation", "Quality", "table"]


@dataclass(frozen=True, slots=True)
class PodObservation:
    """One sight of one pod. Times are UTC seconds, `None` where not known.

    `observed_at`: when the phase and the request were so. `received_at`: by our clock. `started_at`: since when the pod
    has run. `finished_at`: when its last container ended; it counts only beside a final phase. `deletion_at`: when
    Kubernetes will have it gone, usually in the future. Labels are no part of it. `unbroken`: sights that say nothing
    new were left out before this one; since the one before there was no hole longer than the policy's.
    """

    cluster: str
    uid: str
    observed_at: int
    phase: Phase
    cpu_m: int
    memory_b: int
    node: str = ""
    started_at: int | None = None
    finished_at: int | None = None
    deletion_at: int | None = None
    received_at: int | None = None
    quality: Quality = Quality.EXACT
    unbroken: bool = False


_TEXT: Final = frozenset({"cluster", "uid", "node"})
SCHEMA: Final = pl.Schema(
    {field.name: pl.String() if field.name in _TEXT else pl.Int64() for field in fields(PodObservation)}
    | {"unbroken": pl.Boolean()}
)


def table(observations: Iterable[PodObservation]) -> pl.DataFrame:
    """Observations as the table that metering takes, whose columns are `SCHEMA`."""
    given = tuple(observations)
    return pl.DataFrame({name: [getattr(each, name) for each in given] for name in SCHEMA}, schema=SCHEMA)
