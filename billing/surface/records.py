"""What the control store knows of a read of usage: who may ask, prices and plan, completeness, final invoices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from billing.accounts.price_books import PriceBooks
from billing.accounts.register import Register
from billing.accounts.terms import Terms, terms_of
from billing.accounts.workspaces import places_of
from billing.hour import Period, months
from billing.invoice import State
from billing.runs.publication import Publications
from core.control import reading

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from billing.coverage import Completeness
    from billing.invoice import Invoice


@dataclass(frozen=True, slots=True)
class Tariff:
    """A workspace's price books and plans, by the beginning of the UTC month that they hold for."""

    months: dict[int, Terms]

    def of(self, month: Period) -> Terms:
        """Those of a month."""
        return self.months[month.start]

    @property
    def basis(self) -> str:
        """What tells two tariffs apart."""
        return " ".join(f"{start} {terms.basis}" for start, terms in sorted(self.months.items()))


class Records:
    """Reads of the control store that take a workspace; each raises `Unavailable` when it does not answer."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.register = Register(engine)
        self.books = PriceBooks(engine)
        self.publications = Publications(engine)

    def tariff(self, workspace_id: str, period: Period) -> Tariff:
        """What a workspace's usage of a period costs.

        Raises:
            MissingPrice: a month is open, and no price book is in force.
        """
        return Tariff(terms_of(self.engine, workspace_id, months(period)))

    def changes(self) -> tuple[int, ...]:
        """The hours at which any price of any stored book begins or ends."""
        books = [self.books.get(each.name, each.version) for each in self.books.versions()]
        return tuple(sorted({each for book in books for each in book.changes}))

    def completeness(self, workspace_id: str, period: Period, until: int) -> Completeness:
        """How complete the evidence is where the workspace may have used something."""
        with reading(self.engine) as connection:
            places = places_of(connection, workspace_id, period)
        return self.publications.completeness(period, clusters=places, until=until)

    def final_invoices(self, workspace_id: str) -> list[Invoice]:
        """A workspace's final invoices, the earliest period first; the void ones are left out."""
        final = [each for each in self.register.of_workspace(workspace_id) if each.state is State.FINAL]
        return [self.register.get(workspace_id, each.id) for each in reversed(final)]
