"""Money that workspaces have with us: given or bought, taken by final invoices, given back by void ones."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import insert, select

from billing.accounts.journal import post
from billing.accounts.moment import moment, now, seconds
from billing.accounts.posting import credit_legs
from billing.accounts.workspaces import require_workspace
from billing.assembly import Credit
from billing.canonical import decimal_text
from billing.hour import month_of
from billing.invoice import ItemKind
from billing.rounding import money, total
from billing.schema import credit_uses, credits_given
from core import field
from core.control import reading, writing
from core.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Connection, Engine

    from billing.invoice import Content


class CreditKind(StrEnum):
    """Bought before, or given."""

    PREPAID = "prepaid"
    PROMOTION = "promotion"


@dataclass(frozen=True, slots=True)
class CreditAccount:
    """A credit with what is left of it; times are UTC seconds."""

    id: str
    workspace_id: str
    kind: CreditKind
    title: str
    amount: Decimal
    remaining: Decimal
    currency: str
    expires_at: int | None
    given_at: int
    given_by: str


class Credits:
    """Credits of the control store."""

    def __init__(self, engine: Engine, *, clock: Callable[[], int] = now) -> None:
        self._engine = engine
        self._clock = clock

    def give(
        self,
        workspace_id: str,
        title: str,
        amount: Decimal,
        *,
        by: str,
        kind: CreditKind = CreditKind.PROMOTION,
        currency: str = "USD",
        expires_at: int | None = None,
    ) -> str:
        """Give a workspace a credit, or note one that it bought; returns its id.

        Raises:
            BadRequest: an amount that is not positive or not in whole cents, or a credit that has expired already.
            NotFound: no such workspace.
        """
        if amount <= 0 or amount != money(amount):
            raise BadRequest(f"amount: {amount} is no positive amount in whole cents; write it as 25.00")
        at, credit_id = self._clock(), str(uuid4())
        if expires_at is not None and expires_at <= at:
            raise BadRequest("expires_at: is past; choose a later time or none")
        values = {
            "id": credit_id,
            "workspace_id": workspace_id,
            "kind": kind.value,
            "title": field.name(title, "title"),
            "amount": decimal_text(amount),
            "currency": currency,
            "expires_at": None if expires_at is None else moment(expires_at),
            "given_at": moment(at),
            "given_by": field.subject(by),
        }
        with writing(self._engine) as connection:
            require_workspace(connection, workspace_id)
            connection.execute(insert(credits_given).values(values))
            if kind is CreditKind.PREPAID:
                legs = credit_legs(workspace_id, month_of(at).start, amount)
                post(connection, "credit", credit_id, legs, currency, at)
        return credit_id

    def of_workspace(self, workspace_id: str) -> tuple[CreditAccount, ...]:
        """A workspace's credits, the oldest first."""
        with reading(self._engine) as connection:
            return accounts(connection, workspace_id)


def accounts(connection: Connection, workspace_id: str) -> tuple[CreditAccount, ...]:
    """A workspace's credits with what is left of each, the oldest first, within a transaction."""
    mine = credits_given.c.workspace_id == workspace_id
    given = connection.execute(
        select(credits_given).where(mine).order_by(credits_given.c.given_at, credits_given.c.id)
    ).all()
    taken: defaultdict[str, list[Decimal]] = defaultdict(list)
    uses = select(credit_uses).join(credits_given, credits_given.c.id == credit_uses.c.credit_id).where(mine)
    for use in connection.execute(uses):
        taken[use.credit_id].append(Decimal(use.amount).copy_negate())
    return tuple(
        CreditAccount(
            id=each.id,
            workspace_id=each.workspace_id,
            kind=CreditKind(each.kind),
            title=each.title,
            amount=Decimal(each.amount),
            remaining=total([Decimal(each.amount), *taken[each.id]]),
            currency=each.currency,
            expires_at=None if each.expires_at is None else seconds(each.expires_at),
            given_at=seconds(each.given_at),
            given_by=each.given_by,
        )
        for each in given
    )


def usable(
    connection: Connection, workspace_id: str, currency: str, expected: Iterable[Content] = ()
) -> tuple[Credit, ...]:
    """What an invoice of a currency may take, as `assemble` wants it; the `expected` ones have taken theirs before."""
    taken: defaultdict[str, list[Decimal]] = defaultdict(list)
    for content in expected:
        for item in content.items:
            if item.kind is ItemKind.CREDIT:
                taken[item.corrects].append(item.amount)
    return tuple(
        Credit(each.id, each.title, left, each.expires_at)
        for each in accounts(connection, workspace_id)
        if each.currency == currency and (left := total([each.remaining, *taken[each.id]])) > 0
    )


def take(connection: Connection, content: Content) -> frozenset[str]:
    """Note what a final invoice takes of credits; returns which of them were bought.

    Raises:
        BadRequest: another invoice has taken it meanwhile.
    """
    taken = {item.corrects: item.amount.copy_negate() for item in content.items if item.kind is ItemKind.CREDIT}
    if not taken:
        return frozenset()
    known = {each.id: each for each in accounts(connection, content.workspace_id)}
    for credit_id, amount in taken.items():
        if credit_id not in known or known[credit_id].remaining < amount:
            raise BadRequest(f"credits: {credit_id} has been used meanwhile; withdraw the invoice and draft it anew")
        values = {"credit_id": credit_id, "invoice_id": content.invoice_id, "amount": decimal_text(amount)}
        connection.execute(insert(credit_uses).values(values | {"event": "final"}))
    return frozenset(each for each in taken if known[each].kind is CreditKind.PREPAID)


def give_back(connection: Connection, invoice_id: str) -> None:
    """Give back what a void invoice had taken."""
    uses = credit_uses.c
    for use in connection.execute(
        select(credit_uses).where(uses.invoice_id == invoice_id, uses.event == "final")
    ).all():
        values = {"credit_id": use.credit_id, "invoice_id": invoice_id, "event": "void"}
        negative = decimal_text(Decimal(use.amount).copy_negate())
        connection.execute(insert(credit_uses).values(values | {"amount": negative}))
