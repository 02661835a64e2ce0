"""What has come to light about periods that are closed: late usage and mended prices, as rows for the next invoice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from billing.accounts.carry import settling
from billing.accounts.moment import moment
from billing.accounts.price_books import stored_book
from billing.assembly import Entry, Inputs, assemble
from billing.correction import corrections
from billing.errors import CurrencyOpen
from billing.invoice import ItemKind
from billing.rounding import total
from billing.schema import publications

if TYPE_CHECKING:
    from decimal import Decimal

    from sqlalchemy import Connection

    from billing.accounts.evidence import UsageLedger
    from billing.accounts.history import Closed, History
    from billing.invoice import Content
    from billing.price_book import PriceBook
    from billing.rating import RatedLine


@dataclass(frozen=True, slots=True)
class Amends:
    """The lines that put closed periods right, and the differences of what their plans included."""

    lines: tuple[RatedLine, ...] = ()
    adjustments: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Reopened:
    """A closed invoice whose period is looked at again, and the price book that it is rated with."""

    invoice: Closed
    book: PriceBook


def reopened(
    connection: Connection, history: History, start: int, until: int, book: PriceBook, *, rerate: bool
) -> tuple[Reopened, ...]:
    """The earlier invoices that may have to be corrected: those of periods of which more was published since.

    A new price book changes no closed period by itself: each is rated with the book that it was rated with before,
    unless `rerate` says that all of its currency are to be rated with `book`.
    """
    found = []
    for invoice in history.before(start):
        if rerate and invoice.currency == book.currency:
            found.append(Reopened(invoice, book))
        elif _has_news(connection, invoice, until):
            found.append(Reopened(invoice, stored_book(connection, *history.book_of(invoice))))
    return tuple(found)


def amends(again: tuple[Reopened, ...], history: History, ledger: UsageLedger, until: int, currency: str) -> Amends:
    """What the invoices would charge as of publication `until`, less all that was charged for them so far.

    Raises:
        CurrencyOpen: an invoice in another currency than the one that is made now would have to be corrected on it.
        MissingPrice: late usage has no price.
        Unavailable: the ledger does not answer.
    """
    lines: list[RatedLine] = []
    adjustments: list[Entry] = []
    for each in again:
        was = each.invoice.content
        rows = ledger.rows(was.workspace_id, was.period, until=until)
        now = assemble(rows, each.book, _bare(was))
        changed = corrections(history.charged(each.invoice), now.lines, was.invoice_id)
        difference = total([_deducted(now), history.deducted(each.invoice).copy_negate()])
        if was.currency != currency and (changed or difference):
            raise CurrencyOpen(
                f"currency: invoice {was.number} in {was.currency} is to be corrected by late usage, which none in "
                f"{currency} can do; {settling(was.currency, was.number)}"
            )
        lines += changed
        if difference:
            title = f"Included usage and minimum of {each.invoice.number}, recomputed"
            adjustments.append(Entry(title, difference, was.invoice_id))
    return Amends(tuple(lines), tuple(adjustments))


def _has_news(connection: Connection, invoice: Closed, until: int) -> bool:
    period = invoice.period
    statement = (
        select(publications.c.sequence)
        .where(
            publications.c.kind == "published",
            publications.c.hour >= moment(period.start),
            publications.c.hour < moment(period.end),
            publications.c.sequence > invoice.publication,
            publications.c.sequence <= until,
        )
        .limit(1)
    )
    return connection.execute(statement).first() is not None


def _bare(was: Content) -> Inputs:
    """What the period's usage alone comes to: no credits, taxes or carried amounts."""
    return Inputs(
        invoice_id=was.invoice_id,
        workspace_id=was.workspace_id,
        workspace_name=was.workspace_name,
        period=was.period,
        plan=was.plan,
        completeness=was.completeness,
    )


def _deducted(content: Content) -> Decimal:
    return total(item.amount for item in content.items if item.kind in {ItemKind.INCLUDED, ItemKind.MINIMUM})
