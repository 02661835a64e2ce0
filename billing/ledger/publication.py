"""Which run's rows count for a region, cluster and hour: one entry of the order in which runs were published."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PublicationKind(StrEnum):
    """`ESTIMATE` counts only where nothing else is published."""

    PUBLISHED = "published"
    ESTIMATE = "estimate"


@dataclass(frozen=True, slots=True, order=True)
class Publication:
    """One publication. Times are UTC seconds; builds have the empty cluster.

    `heard` of `expected` slots of the hour is how much evidence there was; `rows` is how many rows the run wrote.
    """

    sequence: int
    region: str
    cluster: str
    hour: int
    kind: PublicationKind
    run_id: str
    published_at: int
    heard: int
    expected: int
    rows: int
