"""The double-entry journal: transactions in, never changed; and whether it adds up and agrees with the invoices."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from sqlalchemy import insert, select

from billing.accounts.carry import open_amounts
from billing.accounts.moment import moment, seconds
from billing.accounts.posting import CARRIED, RECEIVABLE, Leg, reversed_legs
from billing.canonical import decimal_text
from billing.errors import Unbalanced
from billing.rounding import total
from billing.schema import invoices, journal
from core.control import reading

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Engine

# Ids follow from what is posted, so that nothing is posted twice.
_NAMESPACE: Final = UUID("6f1c2a1e-6b57-5b1a-9a53-3c1c5a0d9d11")
FINALISED: Final = "invoice"
VOIDED: Final = "void"


@dataclass(frozen=True, slots=True, order=True)
class Balance:
    """What is on an account of a currency, all in all."""

    account: str
    currency: str
    amount: Decimal


def post(connection: Connection, event: str, source_id: str, legs: Iterable[Leg], currency: str, at: int) -> None:  # noqa: PLR0917 - the columns of one entry
    """Write a transaction; nothing when there are no legs. One event of one source has one transaction."""
    transaction = str(uuid5(_NAMESPACE, f"{event}/{source_id}"))
    rows = [
        {
            "transaction_id": transaction,
            "leg": number,
            "posted_at": moment(at),
            "event": event,
            "source_id": source_id,
            "period_start": moment(leg.period_start),
            "account": leg.account,
            "workspace_id": leg.workspace_id,
            "amount": decimal_text(leg.amount),
            "currency": currency,
        }
        for number, leg in enumerate(legs, 1)
    ]
    if rows:
        connection.execute(insert(journal), rows)


def reverse(connection: Connection, original: tuple[str, str], event: str, source_id: str, at: int) -> None:
    """Write the reversal of the transaction that an event and its source have, if it has one."""
    entries = journal.c
    statement = select(journal).where(entries.event == original[0], entries.source_id == original[1])
    found = connection.execute(statement.order_by(entries.leg)).all()
    legs = [Leg(row.account, row.workspace_id, seconds(row.period_start), Decimal(row.amount)) for row in found]
    if found:
        post(connection, event, source_id, reversed_legs(legs), found[0].currency, at)


def balances(engine: Engine) -> tuple[Balance, ...]:
    """The trial balance: every account with what is on it."""
    sums: defaultdict[tuple[str, str], list[Decimal]] = defaultdict(list)
    with reading(engine) as connection:
        for row in connection.execute(select(journal.c.account, journal.c.currency, journal.c.amount)):
            sums[row.account, row.currency].append(Decimal(row.amount))
    return tuple(Balance(*place, total(amounts)) for place, amounts in sorted(sums.items()))


def findings(engine: Engine) -> tuple[str, ...]:
    """What does not add up: transactions, the trial balance, what is owed and what is carried against the invoices."""
    entries = journal.c
    columns = entries.transaction_id, entries.event, entries.source_id, entries.account, entries.currency
    carried: defaultdict[tuple[str, str], list[Decimal]] = defaultdict(list)
    sums: defaultdict[tuple[str, str], list[Decimal]] = defaultdict(list)
    owed: defaultdict[str, list[Decimal]] = defaultdict(list)
    whole: defaultdict[str, list[Decimal]] = defaultdict(list)
    with reading(engine) as connection:
        for row in connection.execute(select(*columns, entries.workspace_id, entries.amount)):
            amount = Decimal(row.amount)
            sums[row.transaction_id, f"{row.event} {row.source_id}"].append(amount)
            whole[row.currency].append(amount)
            if row.account == RECEIVABLE:
                owed[row.source_id].append(amount)
            elif row.account == CARRIED:
                carried[row.workspace_id, row.currency].append(amount)
        for each in open_amounts(connection):
            carried[each.workspace_id, each.currency].append(each.amount.copy_negate())
        closed = connection.execute(
            select(invoices.c.id, invoices.c.number, invoices.c.total, invoices.c.state).where(
                invoices.c.state.in_(("final", "void"))
            )
        ).all()
    found = [
        f"transaction {name}: adds up to {rest}" for (_, name), each in sorted(sums.items()) if (rest := total(each))
    ]
    found += [f"trial balance: {currency} {rest}" for currency, each in sorted(whole.items()) if (rest := total(each))]
    for invoice in closed:
        due = Decimal(invoice.total) if invoice.state == "final" else Decimal(0)
        if (booked := total(owed.pop(invoice.id, []))) != due:
            found.append(f"invoice {invoice.number}: {booked} is booked as owed, it says {due}")
    found += [
        f"carried: workspace {workspace} has {currency} {rest} more booked as carried over than its invoices carry"
        for (workspace, currency), each in sorted(carried.items())
        if (rest := total(each))
    ]
    found += [f"journal: {source} is owed without an invoice" for source in sorted(owed)]
    return tuple(found)


def require_clean(engine: Engine) -> None:
    """Refuse a journal that does not add up.

    Raises:
        Unbalanced: naming the first finding.
    """
    if found := findings(engine):
        raise Unbalanced(f"journal: {found[0]}")
