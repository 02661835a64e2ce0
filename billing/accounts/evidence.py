"""What invoices are made of: the ledger's rows as of a publication, and how complete they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Collection

    from billing.coverage import Completeness
    from billing.hour import Period
    from billing.usage import UsageRow


class UsageLedger(Protocol):
    """Reads of the ledger (`billing.ledger.store.Ledger`)."""

    def rows(
        self, workspace_id: str, period: Period, *, until: int | None = None, estimates: bool = False
    ) -> list[UsageRow]:
        """A workspace's rows of a period, in order, as of publication `until`."""
        ...

    def latest(self) -> int:
        """The largest publication that the ledger knows."""
        ...


class PublicationLog(Protocol):
    """What was published in which order (`billing.runs.publication.Publications`)."""

    def latest(self) -> int:
        """The largest publication there is; 0 before the first."""
        ...

    def completeness(
        self, period: Period, clusters: Collection[str] | None = None, until: int | None = None
    ) -> Completeness:
        """The completeness of a period's evidence, waivers told apart."""
        ...


class Remembered:
    """A log as it was when it was first asked, for many invoices at a time: they are all of one publication.

    How complete a period is, which takes a look at each of its hours, is asked once for the same places.
    """

    def __init__(self, log: PublicationLog) -> None:
        self._log = log
        self._latest = log.latest()
        self._told: dict[tuple[Period, frozenset[str] | None, int | None], Completeness] = {}

    def latest(self) -> int:
        """The largest publication there was."""
        return self._latest

    def completeness(
        self, period: Period, clusters: Collection[str] | None = None, until: int | None = None
    ) -> Completeness:
        """The completeness of a period's evidence, as it was when it was first asked for."""
        key = period, None if clusters is None else frozenset(clusters), until
        if key not in self._told:
            self._told[key] = self._log.completeness(period, clusters, until)
        return self._told[key]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The two of them, as an invoice needs them."""

    ledger: UsageLedger
    publications: PublicationLog

    def until(self) -> int:
        """The last publication, which both sides know.

        Raises:
            Unavailable: the ledger has not heard of the last publications yet.
        """
        latest = self.publications.latest()
        if (known := self.ledger.latest()) < latest:
            raise Unavailable(
                f"ledger: knows publications up to {known} of {latest}; run `starmeter billing run` and try again"
            )
        return latest
