"""Budgets: how much a workspace wants to spend in a month, and which thresholds of it have been reached."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Protocol
from uuid import uuid4

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from billing.accounts import alerts
from billing.accounts.moment import moment, now
from billing.accounts.outbound import require_url
from billing.accounts.plans import plan_of
from billing.accounts.price_books import active_book
from billing.accounts.workspaces import require_workspace
from billing.assembly import charges
from billing.canonical import decimal_text
from billing.errors import MissingPrice
from billing.hour import month_of
from billing.invoice import ItemKind
from billing.rating import rate_days
from billing.rounding import money, product, total
from billing.schema import budget_alerts, budgets
from core import field
from core.control import reading, writing
from core.errors import BadRequest, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import httpx
    from sqlalchemy import Connection, Engine

    from billing.accounts.settings import WebhookSettings
    from billing.hour import Period
    from billing.price_book import PriceBook
    from billing.rating import DayUsage

THRESHOLDS: Final = (50, 75, 90, 100)
_MOST_PERCENT: Final = 1_000
_SPENT: Final = {ItemKind.USAGE, ItemKind.INCLUDED}
_log = logging.getLogger("billing.budgets")


class SpendLedger(Protocol):
    """The ledger's sums by day (`billing.ledger.store.Ledger`)."""

    def day_usage(  # noqa: D102 - said there
        self,
        workspace_id: str | None,
        period: Period,
        book: PriceBook,
        plan_of: Callable[[str], str],
        *,
        until: int | None = None,
        estimates: bool = False,
    ) -> list[DayUsage]: ...


@dataclass(frozen=True, slots=True)
class Budget:
    """What a workspace wants to spend in a calendar month of UTC, and at how many percent of it who is told."""

    id: str
    workspace_id: str
    name: str
    amount: Decimal
    currency: str
    thresholds: tuple[int, ...]
    webhook_url: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check did: thresholds that were reached now, deliveries that were taken or failed, budgets not rated."""

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
        currency: str = "USD",
        thresholds: Sequence[int] = THRESHOLDS,
        webhook_url: str = "",
    ) -> tuple[Budget, str]:
        """Set a workspace's budget of that name; returns it with the secret that signs what its webhook is sent.

        Thresholds of this month that have been reached already are told at the next check.

        Raises:
            BadRequest: an amount that is not positive, thresholds out of bounds, or a URL that may not be called.
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
        budget = Budget(str(uuid4()), workspace_id, field.name(name), amount, currency, chosen, webhook_url)
        values = {
            "id": budget.id,
            "workspace_id": workspace_id,
            "name": budget.name,
            "amount": decimal_text(amount),
            "currency": currency,
            "thresholds": ",".join(map(str, chosen)),
            "webhook_url": webhook_url,
            "webhook_secret": secret,
        }
        with writing(self._engine) as connection:
            require_workspace(connection, workspace_id)
            _remove(connection, workspace_id, budget.name)
            connection.execute(insert(budgets).values(values))
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
            return tuple(
                Budget(
                    id=row.id,
                    workspace_id=row.workspace_id,
                    name=row.name,
                    amount=Decimal(row.amount),
                    currency=row.currency,
                    thresholds=tuple(map(int, row.thresholds.split(","))),
                    webhook_url=row.webhook_url,
                )
                for row in connection.execute(statement)
            )


def check(
    engine: Engine,
    ledger: SpendLedger,
    settings: WebhookSettings,
    *,
    clock: Callable[[], int] = now,
    transport: httpx.BaseTransport | None = None,
) -> Checked:
    """Fire each threshold that this month's spend has reached, once, and deliver what is not delivered yet.

    Spend is the published and estimated usage less what the plan includes of it. It may be called at any time and by
    several processes: a threshold fires once, a delivery is tried by one of them at a time.

    Raises:
        MissingPrice: no price book is in force.
        Unavailable: a store does not answer.
    """
    at = clock()
    period = month_of(at)
    every = Budgets(engine, settings).listed()
    with reading(engine) as connection:
        book = active_book(connection) if every else None
        plans = {each.workspace_id: plan_of(connection, each.workspace_id, period.start) for each in every}
    spent: dict[str, Decimal] = {}
    unrated = []
    for workspace, plan in plans.items():
        assert book is not None  # noqa: S101 - there is one when there are budgets
        try:
            spent[workspace] = spend(ledger, workspace, period, book, plan)
        except MissingPrice as failure:
            unrated.append(f"{workspace}: {failure.message}")
            _log.warning("budget not rated", extra={"workspace_id": workspace, "reason": failure.message})
    fired = sum(
        _fire(engine, budget, threshold, period, spent[budget.workspace_id], at)
        for budget in every
        if budget.workspace_id in spent and book is not None and budget.currency == book.currency
        for threshold in budget.thresholds
        if product(spent[budget.workspace_id], Decimal(100)) >= product(budget.amount, Decimal(threshold))
    )
    delivered, failed = alerts.deliver(engine, settings, at, transport=transport)
    return Checked(fired, delivered, failed, tuple(unrated))


def spend(ledger: SpendLedger, workspace_id: str, period: Period, book: PriceBook, plan: str) -> Decimal:
    """What a workspace has spent in a period so far, exactly.

    Raises:
        MissingPrice: usage has no price.
    """
    days = ledger.day_usage(workspace_id, period, book, lambda _: plan, estimates=True)
    items = charges(rate_days(days, book), book, plan)
    return total(item.amount for item in items if item.kind in _SPENT)


def _fire(engine: Engine, budget: Budget, threshold: int, period: Period, spent: Decimal, at: int) -> bool:  # noqa: PLR0917 - what an alert says
    values = {
        "budget_id": budget.id,
        "period_start": moment(period.start),
        "threshold": threshold,
        "spent": decimal_text(spent),
        "fired_at": moment(at),
        "attempts": 0,
        "next_attempt_at": moment(at) if budget.webhook_url else None,
    }
    dialect = postgresql if engine.dialect.name == "postgresql" else sqlite
    added = dialect.insert(budget_alerts).values(values).on_conflict_do_nothing()
    with writing(engine) as connection:
        return connection.execute(added.returning(budget_alerts.c.threshold)).first() is not None


def _remove(connection: Connection, workspace_id: str, name: str) -> bool:
    mine = (budgets.c.workspace_id == workspace_id) & (budgets.c.name == name)
    connection.execute(delete(budget_alerts).where(budget_alerts.c.budget_id.in_(select(budgets.c.id).where(mine))))
    return connection.execute(delete(budgets).where(mine)).rowcount > 0
