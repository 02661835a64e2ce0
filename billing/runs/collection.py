"""Collecting the series of an hour once for all of a region's clusters, and asking a region that is down only once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from core.errors import Unavailable

if TYPE_CHECKING:
    from billing.ledger.slice import Slice


class Collector(Protocol):
    """Makes evidence of a region's series of a closed hour (`billing.evidence.collector.Collector`)."""

    def collect(self, region: str, hour: int) -> None:
        """Collect an hour of a region; doing it twice changes nothing.

        Raises:
            Unavailable: the region's metrics store or the ledger does not answer.
        """
        ...


class Collection:
    """What was collected for one batch of runs."""

    def __init__(self, collector: Collector | None) -> None:
        self._collector = collector
        self._done: set[tuple[str, int]] = set()
        self._down: dict[str, Unavailable] = {}

    def collect(self, one: Slice) -> Unavailable | None:
        """Collect what a slice needs; returns why it could not be, for an agent may have told enough."""
        place = (one.region, one.hour)
        if self._collector is None or not one.cluster or place in self._done:
            return None
        if one.region not in self._down:
            try:
                self._collector.collect(*place)
            except Unavailable as failure:
                self._down[one.region] = failure
            else:
                self._done.add(place)
        return self._down.get(one.region)
