"""Budgets: how much a workspace wants to spend in a month, and which thresholds of it have been reached."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from sqlalchemy import delete, insert, select, update

from billing.accounts import alerts
from billing.accounts.moment import moment, now, seconds
from billing.accounts.outbound import require_url
from billing.accounts.price_books import active_book
from billing.accounts.spend import spend
from billing.accounts.workspaces import require_workspace
from billing.canonical import decimal_text
from billing.errors import MissingPrice
from billing.hour import DAY, month_of
from billing.rounding import money, product
from billing.schema import budget_alerts, budgets
from core import field
from core.control import reading, writing
from core.errors import BadRequest, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import httpx
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import Row

    from billing.accounts.settings import WebhookSettings
    from billing.accounts.spend import SpendLedger
    from billing.price_book import PriceBook

THRESHOLDS: Final = (50, 75, 90, 100)
_MOST_PERCENT: Final = 1_000
_CURRENCY: Final = "USD"
# For so long after a month's end its last hours are still being published.
_GROWS: Final = 2 * DAY
_log = logging.getLogger("billing.budgets")


@dataclass(frozen=True, slots=True)
class Budget:
    """What a workspace wants to spend in a calendar month of UTC, and at how many percent of it who is told.

    `put_at`: since when (UTC seconds); of a month that was over by then nobody is told.
    """

    id: str
    workspace_id: str
    name: str
    amount: Decimal
    currency: str
    thresholds: tuple[int, ...]
    webhook_url: str
    put_at: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check did: thresholds reached now, deliveries that were taken or failed, why budgets are not rated."""

    fired: int
    delivered: int
    failed: int
    unrated: tuple[str, ...]


class Budgets:
    """Budgets of the control store."""

    def __init__(self, engine: Engine, settings: WebhookSettings, *, clock: Callable[[], int] = now) -> None:
        self._engine = engine
        self._settings = settings
        self._clock = clock

    def put(
        self,
        workspace_id: str,
        name: str,
        amount: Decimal,
        *,
        currency: str | None = None,
        thresholds: Sequence[int] = THRESHOLDS,
        webhook_url: str = "",
    ) -> tuple[Budget, str]:
        """Set a workspace's budget of that name; returns it with the secret that signs what its webhook is sent.

        Without a `currency` it is in that of the price book in force, or in USD when there is none. Thresholds of this
        month that have been reached already are told at the next check. Put again as it is, a budget stays what it was
        and has told what it has told: only its secret is another.

        Raises:
            BadRequest: an amount that is not positive, a currency without prices, thresholds out of bounds, or a URL
                that may not be called.
            NotFound: no such workspace.
        """
        if amount <= 0 or amount != money(amount):
            raise BadRequest(f"amount: {amount} is no positive amount in whole cents; write it as 250.00")
        chosen = tuple(sorted(set(thresholds)))
        if not chosen or chosen[0] < 1 or chosen[-1] > _MOST_PERCENT:
            raise BadRequest(f"thresholds: give percentages from 1 to {_MOST_PERCENT}, such as 50, 90 and 100")
        if webhook_url:
            require_url(webhook_url, self._settings.allowed_networks)
        secret = f"whsec_{secrets.token_urlsafe(32)}" if webhook_url else ""
        with writing(self._engine) as connection:
            require_workspace(connection, workspace_id)
            budget = Budget(
                id=str(uuid4()),
                workspace_id=workspace_id,
                name=field.name(name),
                amount=amount,
                currency=_priced(connection, currency),
                thresholds=chosen,
                webhook_url=webhook_url,
                put_at=self._clock(),
            )
            mine = (budgets.c.workspace_id == workspace_id) & (budgets.c.name == budget.name)
            known = connection.execute(select(budgets).where(mine)).one_or_none()
            if known is not None and (before := _budget(known)) == replace(budget, id=known.id, put_at=before.put_at):
                connection.execute(update(budgets).where(mine).values(webhook_secret=secret))
                return before, secret
            _remove(connection, workspace_id, budget.name)
            connection.execute(insert(budgets).values(_values(budget, secret)))
        return budget, secret

    def remove(self, workspace_id: str, name: str) -> None:
        """Take a budget away.

        Raises:
            NotFound: the workspace has none of that name.
        """
        with writing(self._engine) as connection:
            if not _remove(connection, workspace_id, name):
                raise NotFound("budget: the workspace has none of that name; see `starmeter billing budget list`")

    def listed(self, workspace_id: str | None = None) -> tuple[Budget, ...]:
        """A workspace's budgets, or all."""
        statement = select(budgets).order_by(budgets.c.workspace_id, budgets.c.name)
        if workspace_id is not None:
            statement = statement.where(budgets.c.workspace_id == workspace_id)
        with reading(self._engine) as connection:
            return tuple(_budget(row) for row in connection.execute(statement))


def check(
    engine: Engine,
    ledger: SpendLedger,
    settings: WebhookSettings,
    *,
    clock: Callable[[], int] = now,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Checked:
    """Fire each threshold that the month's spend has reached, once, and deliver what is not delivered yet.

    The month before is looked at, too, for as long as its last hours are still being published. It may be called at any
    time and by several processes: a threshold fires once, a delivery is tried by one of them at a time.

    Raises:
        MissingPrice: no price book is in force.
        Unavailable: a store does not answer.
    """
    at = clock()
    fired, unrated = 0, list[str]()
    if every := Budgets(engine, settings).listed():
        with reading(engine) as connection:
            book = active_book(connection)
        rated = [each for each in every if each.currency == book.currency]
        unrated += [_priceless(each, book) for each in every if each.currency != book.currency]
        # One month, or at its beginning two.
        for period in dict.fromkeys((month_of(at - _GROWS), month_of(at))):
            due = [each for each in rated if each.put_at < period.end]
            spent, missing = spend(engine, ledger, {each.workspace_id for each in due}, period, book)
            unrated += missing
            fired += sum(
                alerts.fire(engine, budget, threshold, period, spent[budget.workspace_id], at)
                for budget in due
                if budget.workspace_id in spent
                for threshold in budget.thresholds
                if product(spent[budget.workspace_id], Decimal(100)) >= product(budget.amount, Decimal(threshold))
            )
    reasons = tuple(dict.fromkeys(unrated))
    for reason in reasons:
        _log.warning("budget not rated", extra={"reason": reason})
    delivered, failed = alerts.deliver(engine, settings, at, transport=transport)
    return Checked(fired, delivered, failed, reasons)


def _priced(connection: Connection, currency: str | None) -> str:
    """The currency of a budget: that of the prices, as soon as there are any."""
    try:
        prices = active_book(connection).currency
    except MissingPrice:
        return currency or _CURRENCY
    if currency not in {None, prices}:
        raise BadRequest(f"currency: prices are in {prices}, and nothing is spent in {currency}; put it in {prices}")
    return prices


def _priceless(budget: Budget, book: PriceBook) -> str:
    return (
        f"{budget.workspace_id}, {budget.name}: the budget is in {budget.currency}, prices in {book.currency}; "
        f"put it anew in {book.currency}"
    )


def _budget(row: Row[Any]) -> Budget:
    return Budget(
        id=row.id,
        workspace_id=row.workspace_id,
        name=row.name,
        amount=Decimal(row.amount),
        currency=row.currency,
        thresholds=tuple(map(int, row.thresholds.split(","))),
        webhook_url=row.webhook_url,
        put_at=seconds(row.put_at),
    )


def _values(budget: Budget, secret: str) -> dict[str, Any]:
    return {
        "id": budget.id,
        "workspace_id": budget.workspace_id,
        "name": budget.name,
        "amount": decimal_text(budget.amount),
        "currency": budget.currency,
        "thresholds": ",".join(map(str, budget.thresholds)),
        "webhook_url": budget.webhook_url,
        "webhook_secret": secret,
        "put_at": moment(budget.put_at),
    }


def _remove(connection: Connection, workspace_id: str, name: str) -> bool:
    mine = (budgets.c.workspace_id == workspace_id) & (budgets.c.name == name)
    connection.execute(delete(budget_alerts).where(budget_alerts.c.budget_id.in_(select(budgets.c.id).where(mine))))
    return connection.execute(delete(budgets).where(mine)).rowcount > 0
