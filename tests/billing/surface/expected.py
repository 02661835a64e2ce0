"""What the pages of usage must say, computed from the rows on the world's shelf by billing's own arithmetic."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from billing.canonical import decimal_text
from billing.hour import iso
from billing.price_book_file import read_price_book
from billing.rating import rate
from tests.billing.books import WORKSPACE
from tests.billing.month import BOOK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from billing.hour import Period
    from billing.invoice import Invoice
    from billing.rating import RatedLine
    from tests.billing.accounts.world import World

Row = dict[str, Any]

GROUPS = {
    "project": "project_id",
    "environment": "environment",
    "service": "service_id",
    "region": "region",
    "meter": "meter",
}


def hours(world: World, period: Period, *group_by: str, estimates: bool = False) -> dict[tuple[str, ...], int]:
    """Quantities by start and names."""
    sums: defaultdict[tuple[str, ...], int] = defaultdict(int)
    for each in world.shelf.rows(WORKSPACE, period, estimates=estimates):
        sums[iso(each.hour), *(str(getattr(each, GROUPS[name])) for name in group_by)] += each.quantity
    return dict(sums)


def lines(world: World, period: Period, *, estimates: bool = False) -> list[RatedLine]:
    """Rated lines of the workspace's usage of whole months."""
    return rate(world.shelf.rows(WORKSPACE, period, estimates=estimates), read_price_book(BOOK), "standard")


def days(of: Iterable[RatedLine], *group_by: str) -> dict[tuple[str, ...], tuple[int, Decimal]]:
    """Quantities and amounts by start and names."""
    sums: defaultdict[tuple[str, ...], tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    for each in of:
        key = iso(each.day), *(str(getattr(each, GROUPS[name])) for name in group_by)
        quantity, amount = sums[key]
        sums[key] = quantity + each.base_quantity, amount + each.amount
    return dict(sums)


def invoice(world: World, workspace: str = WORKSPACE, state: str = "final") -> Invoice:
    """A workspace's one invoice in a state."""
    (found,) = [each for each in world.invoices.of_workspace(workspace) if each.state == state]
    return world.invoices.get(workspace, found.id)


def told(rows: Iterable[Row], *group_by: str) -> dict[tuple[str, ...], tuple[int, Decimal]]:
    """The same from an answer's rows; each key once."""
    found = {}
    for row in rows:
        key = row["start"], *(row[GROUPS[name]] for name in group_by)
        assert key not in found
        assert row["amount"] == decimal_text(Decimal(row["amount"]))
        found[key] = int(row["quantity"] or 0), Decimal(row["amount"])
    return found
