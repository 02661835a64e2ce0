"""What a workspace is charged for a span of months: what was issued, and what open months would be invoiced for now.

Open months are drawn up one after another, each as though those before it were final: a credit is taken once, what one
carries over the next takes up, and what came late of a closed month is on the first of them alone.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from billing.accounts.drafting import Order, draw
from billing.accounts.register import Register
from billing.accounts.workspaces import first_held
from billing.hour import Period, month_of, months
from billing.invoice import Content, Invoice, State
from billing.rounding import money
from core.control import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sqlalchemy import Engine

    from billing.accounts.drafting import Drawn
    from billing.accounts.evidence import Evidence
    from billing.accounts.invoice_rows import Summary

_ISSUED: Final = frozenset({State.FINAL, State.VOID})
# An invoice that is not made yet has the same provisional id whenever it is asked for.
_PROVISIONAL: Final = uuid.UUID("5f0c5b39-6d5d-4a0e-9a6b-6c1a1d9f0c55")


@dataclass(frozen=True, slots=True)
class Charged:
    """An invoice, and the void one whose place it takes, which it takes back."""

    invoice: Invoice
    replaced: Content | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """Invoices of a span, the earliest period first; `periods` are those of all that were ever issued, by their ids.

    Void ones are among them, and each is taken back by another. What all of them charge, less what is taken back, is
    what the final ones and the open months come to.
    """

    charged: tuple[Charged, ...]
    periods: Mapping[str, Period]

    @property
    def standing(self) -> tuple[Content, ...]:
        """Those that are not void."""
        return tuple(each.invoice.content for each in self.charged if each.invoice.state is not State.VOID)


def issued(engine: Engine, workspace_id: str, span: Period) -> Outlook:
    """What was issued for the periods within a span."""
    register = Register(engine)
    listed = _issued(register, workspace_id)
    return Outlook(tuple(_within(span, register, listed)), {each.id: each.period for each in listed})


def expected(engine: Engine, workspace_id: str, span: Period, evidence: Callable[[Period], Evidence]) -> Outlook:
    """What was issued for a span of whole months, and its open months as of `evidence`, which is asked for by month.

    A month is open while it has no final invoice.

    Raises:
        CurrencyOpen: amounts of another currency are left to be charged.
        MissingPrice: usage has no price.
    """
    register = Register(engine)
    listed = _issued(register, workspace_id)
    with reading(engine) as connection:
        held = first_held(connection, workspace_id)
    closed = {month_of(each.period.start) for each in listed if each.state is State.FINAL}
    # Open months before the span take credits and carry over, too: what is told of a month is the same in every span.
    before = span.start if held is None else min(span.start, month_of(held).start)
    drawn: list[Drawn] = []
    if any(each not in closed for each in months(span)):
        for month in months(Period(before, span.end)):
            if month not in closed:
                order = Order(provisional_id(workspace_id, month), workspace_id, month)
                drawn.append(draw(engine, order, evidence(month), drawn))
    found = [*_within(span, register, listed)]
    found += [Charged(Invoice(each.content)) for each in drawn if each.content.period.start in span]
    found.sort(key=lambda each: each.invoice.content.period)
    return Outlook(tuple(found), {each.id: each.period for each in listed})


def provisional_id(workspace_id: str, month: Period) -> str:
    """What a month's invoice is called until there is one."""
    return str(uuid.uuid5(_PROVISIONAL, f"{workspace_id} {month.start}"))


def _issued(register: Register, workspace_id: str) -> list[Summary]:
    listed = [each for each in register.of_workspace(workspace_id) if each.state in _ISSUED]
    return sorted(listed, key=lambda each: (each.period, each.issued_at or 0, each.number))


def _within(span: Period, register: Register, listed: list[Summary]) -> Iterator[Charged]:
    """What was issued within a span; a void one that nothing has replaced yet is taken back by its month's next."""
    replaced = {each.replaces for each in listed}
    for each in listed:
        if each.period.start not in span or each.period.end > span.end:
            continue
        invoice = register.get(each.workspace_id, each.id)
        yield Charged(invoice, register.find(each.replaces).content if each.replaces else None)
        if each.state is State.VOID and each.id not in replaced:
            yield Charged(Invoice(_nothing(invoice.content)), invoice.content)


def _nothing(void: Content) -> Content:
    """The invoice that will take a void one's place, as long as nothing is known of it."""
    return replace(
        void,
        invoice_id=provisional_id(void.workspace_id, month_of(void.period.start)),
        number="",
        usage_rows=0,
        items=(),
        lines=(),
        total=money(Decimal(0)),
        issued_at=None,
        replaces=void.invoice_id,
    )
