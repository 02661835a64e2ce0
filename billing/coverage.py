"""How much of the evidence arrived: per cluster and hour, and for a whole period."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from billing.hour import HOUR, iso
from core.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from billing.hour import Period

_REQUIRED_PERCENT: Final = 99
_NAMED: Final = 3


class SliceState(StrEnum):
    """Of one cluster and hour."""

    MISSING = "missing"
    PARTIAL = "partial"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True, order=True)
class Coverage:
    """Of the slots in which a cluster's collector should have been heard in an hour, how many it was heard in."""

    cluster: str
    hour: int
    observed: int
    expected: int

    def __post_init__(self) -> None:
        if not 0 <= self.observed <= self.expected or self.expected == 0:
            raise BadRequest(f"coverage: {self.observed} of {self.expected} slots; observe 0 to all of at least one")

    @property
    def state(self) -> SliceState:
        """Complete from 99 % on."""
        if self.observed == 0:
            return SliceState.MISSING
        enough = self.observed * 100 >= self.expected * _REQUIRED_PERCENT
        return SliceState.COMPLETE if enough else SliceState.PARTIAL


@dataclass(frozen=True, slots=True)
class Completeness:
    """A period's evidence: `percent` with two decimals, rounded down, so that 100.00 means all of it."""

    percent: Decimal
    incomplete: tuple[Coverage, ...]
    waived: tuple[Coverage, ...] = ()

    def require(self) -> None:
        """Refuse to finalise a period with an incomplete hour that nobody has waived.

        Raises:
            BadRequest: naming the first of them.
        """
        if self.incomplete:
            named = ", ".join(f"{each.cluster} {iso(each.hour)}" for each in self.incomplete[:_NAMED])
            more = "" if len(self.incomplete) <= _NAMED else f" and {len(self.incomplete) - _NAMED} more"
            raise BadRequest(
                f"completeness: evidence is incomplete for {named}{more}; backfill or waive them "
                "(`starmeter billing waive list`)"
            )


def observed_slots(heard: Iterable[int], hour: int, interval_s: int) -> int:
    """In how many of an hour's scrape slots a collector was heard, however often and in whatever order."""
    return len({second // interval_s for second in heard if hour <= second < hour + HOUR})


def completeness(
    slices: Iterable[Coverage],
    period: Period,
    clusters: Iterable[str],
    expected: int,
    waived: frozenset[tuple[str, int]] = frozenset(),
) -> Completeness:
    """The completeness of all hours of a period for the clusters; an hour that is not told of is missing."""
    told = {(each.cluster, each.hour): each for each in slices}
    every = [
        told.get((cluster, hour), Coverage(cluster, hour, 0, expected))
        for cluster in sorted(set(clusters))
        for hour in range(period.start, period.end, HOUR)
    ]
    return completeness_of(every, waived)


def completeness_of(every: Sequence[Coverage], waived: frozenset[tuple[str, int]] = frozenset()) -> Completeness:
    """The completeness of clusters that need not all have had the same hours: `every` hour that each of them had."""
    lacking = [each for each in every if each.state is not SliceState.COMPLETE]
    hundredths = sum(each.observed for each in every) * 10_000 // sum(each.expected for each in every) if every else 0
    return Completeness(
        percent=Decimal(hundredths).scaleb(-2),
        incomplete=tuple(each for each in lacking if (each.cluster, each.hour) not in waived),
        waived=tuple(each for each in lacking if (each.cluster, each.hour) in waived),
    )
