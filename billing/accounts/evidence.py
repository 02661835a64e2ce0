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
