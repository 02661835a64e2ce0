"""What a workspace's month is rated with: of a closed one what its invoices were, of an open one what is in force."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from billing.accounts.history import History
from billing.accounts.plans import plan_of
from billing.accounts.price_books import active_book, stored_book
from billing.price import Kind, Model
from core.control import reading

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Engine

    from billing.hour import Period
    from billing.price_book import PriceBook


@dataclass(frozen=True, slots=True)
class Terms:
    """A price book, and the plan that a workspace has with it."""

    book: PriceBook
    plan: str

    def plan_of(self, workspace_id: str) -> str:
        """The plan, as rating asks for it; there is no other workspace."""
        del workspace_id
        return self.plan

    @property
    def has_steps(self) -> bool:
        """Whether what a workspace uses in a month decides about a price."""
        return any(each.kind is Kind.SELL and each.model is not Model.FLAT for each in self.book.prices)

    @property
    def basis(self) -> str:
        """What tells two of them apart."""
        return f"{self.book.digest} {self.plan}"


def terms_of(engine: Engine, workspace_id: str, months: Iterable[Period]) -> dict[int, Terms]:
    """A workspace's terms by the beginning of the calendar month of UTC.

    A month that has a final invoice keeps its book, or that of the later invoice that rated it anew: neither another
    book in force nor late usage changes what its usage was worth.

    Raises:
        MissingPrice: a month is open, and no price book is in force.
    """
    books: dict[tuple[str, int], PriceBook] = {}
    found = {}
    with reading(engine) as connection:
        history = History(connection, workspace_id, contents=False)
        closed = {each.period: each for each in history.closed}
        active = None
        for month in months:
            if month in closed:
                key = history.book_of(closed[month])
                book = books[key] = books.get(key) or stored_book(connection, *key)
            else:
                book = active = active or active_book(connection)
            found[month.start] = Terms(book, plan_of(connection, workspace_id, month.start))
    return found
