"""Collecting the series of an hour once for all of a region's clusters, and asking a region that is down only once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from billing.evidence.export import Refused
from core.errors import StarmeterError

if TYPE_CHECKING:
    from billing.ledger.slice import Slice


class Collector(Protocol):
    """Makes evidence of a region's series of a closed hour (`billing.evidence.collector.Collector`)."""

    def collect(self, region: str, hour: int) -> None:
        """Collect an hour of a region; doing it twice changes nothing.

        Raises:
            Refused: the region's metrics store does not give this hour.
            BadRequest: the hour or the region cannot be collected.
            Unavailable: the region's metrics store or the ledger does not answer.
        """
        ...


class Collection:
    """What was collected for one batch of runs."""

    def __init__(self, collector: Collector | None) -> None:
        self._collector = collector
        self._hours: dict[tuple[str, int], StarmeterError | None] = {}
        self._down: dict[str, StarmeterError] = {}

    def collect(self, one: Slice) -> StarmeterError | None:
        """Collect what a slice needs; returns why it could not be, for an agent may have told enough."""
        if not self.concerns(one) or self._collector is None:
            return None
        place = (one.region, one.hour)
        if one.region not in self._down and place not in self._hours:
            try:
                self._collector.collect(*place)
            except Refused as failure:
                # The store answers: it may well give another hour.
                self._hours[place] = failure
            except StarmeterError as failure:
                self._down[one.region] = failure
            else:
                self._hours[place] = None
        return self._hours[place] if place in self._hours else self._down.get(one.region)

    def concerns(self, one: Slice) -> bool:
        """Whether there is anything to collect for a slice."""
        return self._collector is not None and bool(one.cluster)
