"""What the control store knows of a read of usage: who may ask, prices and plan, completeness, final invoices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from billing.accounts.plans import plan_of
from billing.accounts.price_books import PriceBooks
from billing.accounts.register import Register
from billing.accounts.workspaces import places_of
from billing.hour import Period, month_of
from billing.invoice import State
from billing.price import Kind, Model
from billing.runs.publication import Publications
from core.control import reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from billing.coverage import Completeness
    from billing.invoice import Invoice
    from billing.price_book import PriceBook


@dataclass(frozen=True, slots=True)
class Tariff:
    """The price book in force and the plans of a workspace, by the beginning of the UTC month that they hold for."""

    book: PriceBook
    plans: dict[int, str]

    def plan_from(self, second: int) -> Callable[[str], str]:
        """The plan at a time, as rating asks for it."""
        plan = self.plans[month_of(second).start]
        return lambda _: plan

    @property
    def has_steps(self) -> bool:
        """Whether what a workspace uses in a month decides about a price."""
        return any(each.kind is Kind.SELL and each.model is not Model.FLAT for each in self.book.prices)

    @property
    def basis(self) -> str:
        """What tells two tariffs apart."""
        return f"{self.book.digest} {sorted(self.plans.items())}"

    def changes(self, period: Period) -> list[int]:
        """The hours within a period at which some price begins or ends."""
        return [each for each in self.book.changes if each in period]


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
            MissingPrice: no price book is in force.
        """
        book = self.books.active()
        with reading(self.engine) as connection:
            plans = {each.start: plan_of(connection, workspace_id, each.start) for each in months(period)}
        return Tariff(book, plans)

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


def months(period: Period) -> list[Period]:
    """The calendar months of UTC that a period touches."""
    found = [month_of(period.start)]
    while found[-1].end < period.end:
        found.append(month_of(found[-1].end))
    return found
