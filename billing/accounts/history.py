"""What a workspace's closed invoices say that a new one must know: what they charged, carried over, corrected."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self

from sqlalchemy import select

from billing.accounts.carry import settling
from billing.accounts.invoice_rows import read_content
from billing.accounts.moment import seconds
from billing.assembly import Entry
from billing.canonical import canonical, sha256
from billing.errors import CurrencyOpen
from billing.hour import Period, date
from billing.invoice import ItemKind
from billing.rounding import total
from billing.schema import invoices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sqlalchemy import Connection
    from sqlalchemy.engine import Row

    from billing.accounts.drafting import Drawn
    from billing.invoice import Content
    from billing.rating import RatedLine

_DEDUCTIONS = {ItemKind.INCLUDED, ItemKind.MINIMUM}


# After every real one.
_LATER: Final = 2**63


@dataclass
class Closed:
    """A final invoice that is not void. Its content is read when it is asked for: most never are."""

    id: str
    number: str
    period: Period
    issued_at: int
    publication: int
    rerates: bool
    is_zero: bool
    currency: str
    book: tuple[str, int]
    read: Callable[[], Content]

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """From its row."""
        return cls(
            id=row.id,
            number=row.number,
            period=Period(seconds(row.period_start), seconds(row.period_end)),
            issued_at=seconds(row.issued_at),
            publication=row.publication,
            rerates=row.rerates,
            is_zero=Decimal(row.total) == 0,
            currency=row.currency,
            book=(row.price_book, row.price_book_version),
            read=lambda: read_content(row.content),
        )

    @classmethod
    def expected(cls, drawn: Drawn) -> Self:
        """One that is drawn up only, as though it were final; it is called by its month."""
        content = drawn.content
        return cls(
            id=content.invoice_id,
            number=date(content.period.start)[:7],
            period=content.period,
            issued_at=_LATER,
            publication=drawn.publication,
            rerates=drawn.rerates,
            is_zero=content.total == 0,
            currency=content.currency,
            book=(content.price_book, content.price_book_version),
            read=lambda: content,
        )

    @property
    def start(self) -> int:
        """When its period begins."""
        return self.period.start

    @cached_property
    def content(self) -> Content:
        """What it says."""
        return self.read()


class History:
    """A workspace's final invoices, read once within a transaction. The void ones count in `digest` alone.

    `expected` are taken for final: what they charge, carry over and correct counts, too. Without `contents` it knows
    when and with which books periods were closed, and nothing of what was charged.
    """

    def __init__(
        self, connection: Connection, workspace_id: str, expected: Iterable[Drawn] = (), *, contents: bool = True
    ) -> None:
        # They are long, and what invoices were made of is asked for nowhere here.
        left = {"inputs"} if contents else {"inputs", "content"}
        statement = (
            select(*(column for column in invoices.c if column.name not in left))
            .where(invoices.c.workspace_id == workspace_id, invoices.c.state.in_(("final", "void")))
            .order_by(invoices.c.issued_at, invoices.c.number)
        )
        rows = connection.execute(statement).all()
        self.digest = sha256(canonical([(row.id, row.state) for row in rows]))
        self.closed = (*(Closed.of(row) for row in rows if row.state == "final"), *map(Closed.expected, expected))

    def before(self, start: int) -> tuple[Closed, ...]:
        """The invoices of periods that began earlier."""
        return tuple(each for each in self.closed if each.start < start)

    def starts(self) -> dict[str, int]:
        """When the period of each invoice began, by its id."""
        return {each.id: each.start for each in self.closed}

    def charged(self, invoice: Closed) -> tuple[RatedLine, ...]:
        """All that was charged so far for the usage of an invoice's period: its own lines and every correction."""
        own = [line for line in invoice.content.lines if not line.corrects]
        later = [line for each in self._after(invoice) for line in each.content.lines if line.corrects == invoice.id]
        return (*own, *later)

    def deducted(self, invoice: Closed) -> Decimal:
        """What its plan's included usage and minimum came to, with all later adjustments of it."""
        own = [item.amount for item in invoice.content.items if item.kind in _DEDUCTIONS]
        later = [
            item.amount
            for each in self._after(invoice)
            for item in each.content.items
            if item.kind is ItemKind.CORRECTION and item.meter is None and item.corrects == invoice.id
        ]
        return total([*own, *later])

    def book_of(self, invoice: Closed) -> tuple[str, int]:
        """Which price book the invoice's period was last rated with: its own, or that of a later re-rating."""
        rated_anew = [each.book for each in self._after(invoice) if each.rerates]
        return rated_anew[-1] if rated_anew else invoice.book

    def carried(self, start: int, currency: str) -> tuple[Entry, ...]:
        """What earlier invoices carried over and no other has taken up.

        Raises:
            CurrencyOpen: some of it is in another currency, in which alone it can be charged.
        """
        found = []
        for invoice in self.before(start):
            if not invoice.is_zero:
                continue  # what is carried over is taken off the whole total
            out = [item.amount for item in invoice.content.items if item.kind is ItemKind.CARRIED_OUT]
            taken = any(
                item.kind is ItemKind.CARRIED_IN and item.corrects == invoice.id
                for each in self._after(invoice)
                for item in each.content.items
            )
            if out and not taken:
                amount = total(out).copy_negate()
                if invoice.currency != currency:
                    raise CurrencyOpen(
                        f"currency: invoice {invoice.number} carried over {amount} {invoice.currency}, which none in "
                        f"{currency} can take up; {settling(invoice.currency, invoice.number)}"
                    )
                found.append(Entry(f"Carried over from {invoice.number}", amount, invoice.id))
        return tuple(found)

    def built_on(self, invoice_id: str) -> str:
        """The number of an invoice that corrects this one or took up what it carried over; empty when none does."""
        for each in self.closed:
            if each.id != invoice_id and any(item.corrects == invoice_id for item in each.content.items):
                return each.number
        return ""

    def _after(self, invoice: Closed) -> Iterator[Closed]:
        """Those that can refer to an invoice: issued later, for a later period."""
        for each in self.closed:
            if each.start > invoice.start and each.issued_at >= invoice.issued_at and each.id != invoice.id:
                yield each
