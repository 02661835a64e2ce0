"""What all invoices carried over and no other has taken up, as far as they say so themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from billing.accounts.invoice_rows import read_content
from billing.invoice import ItemKind
from billing.rounding import total
from billing.schema import invoices

if TYPE_CHECKING:
    from decimal import Decimal

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Carried:
    """An amount that a final invoice carried over and none has taken up; a negative one is the workspace's."""

    number: str
    workspace_id: str
    currency: str
    amount: Decimal


def open_amounts(connection: Connection) -> tuple[Carried, ...]:
    """Every workspace's, in the order in which they were carried over.

    One of another currency does not take an amount up, whatever it says: it would be charged as so much of something
    else.
    """
    # Most invoices carry nothing, and theirs is not read. A quote within a text is escaped: this is never of a name.
    carrying = invoices.c.content.contains('"kind":"carried_', autoescape=True)
    statement = (
        select(invoices.c.content)
        .where(invoices.c.state == "final", carrying)
        .order_by(invoices.c.issued_at, invoices.c.number)
    )
    contents = [read_content(row.content) for row in connection.execute(statement)]
    taken = {
        (item.corrects, each.currency) for each in contents for item in each.items if item.kind is ItemKind.CARRIED_IN
    }
    found = []
    for each in contents:
        out = [item.amount for item in each.items if item.kind is ItemKind.CARRIED_OUT]
        if out and (each.invoice_id, each.currency) not in taken:
            found.append(Carried(each.number, each.workspace_id, each.currency, total(out).copy_negate()))
    return tuple(found)


def settling(currency: str, number: str) -> str:
    """What to do about an amount of an invoice that no invoice in another currency can have."""
    return (
        f"put a price book in {currency} with carry_forward_below 0.00 in force, void {number} and what builds on it, "
        "reissue them, and go back to the other currency's book"
    )
