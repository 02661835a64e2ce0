"""Thresholds of budgets that were reached, and telling the budgets' webhooks, again and again until they take it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - a field's type
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid5

import httpx
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from billing.accounts.moment import moment, seconds
from billing.accounts.outbound import GuardedTransport, Refused
from billing.canonical import canonical, decimal_text
from billing.hour import iso
from billing.schema import budget_alerts, budgets
from core.control import reading, writing
from ingest.usage.signature import sign

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Engine, Select
    from sqlalchemy.engine import Row

    from billing.accounts.budgets import Budget
    from billing.accounts.settings import WebhookSettings
    from billing.hour import Period

SIGNATURE: Final = "Starmeter-Signature"
DELIVERY: Final = "Starmeter-Delivery"
_NAMESPACE: Final = UUID("0b7c8d9a-95b2-5f0e-8c55-2d4e4c1f7a10")
_A_TIME: Final = 100
_AT_ONCE: Final = 10
_log = logging.getLogger("billing.budgets")


@dataclass(frozen=True, slots=True)
class Alert:
    """A threshold that was reached. `given_up`: its webhook did not take it in all attempts. Times are UTC seconds."""

    budget_id: str
    budget: str
    workspace_id: str
    period_start: int
    threshold: int
    amount: Decimal
    spent: Decimal
    currency: str
    fired_at: int
    delivered_at: int | None
    attempts: int
    given_up: bool


def listed(engine: Engine, workspace_id: str | None = None) -> tuple[Alert, ...]:
    """A workspace's alerts, or all, the latest first."""
    statement = _joined().order_by(budget_alerts.c.fired_at.desc(), budgets.c.name, budget_alerts.c.threshold.desc())
    if workspace_id is not None:
        statement = statement.where(budgets.c.workspace_id == workspace_id)
    with reading(engine) as connection:
        return tuple(_alert(row) for row in connection.execute(statement))


def fire(engine: Engine, budget: Budget, threshold: int, period: Period, spent: Decimal, at: int) -> bool:  # noqa: PLR0917 - what an alert says
    """Keep that a threshold was reached in a month; returns whether nobody has before."""
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


def deliver(
    engine: Engine, settings: WebhookSettings, at: int, *, transport: httpx.AsyncBaseTransport | None = None
) -> tuple[int, int]:
    """Tell webhooks of the alerts that are due; returns how many took theirs, and how many did not.

    Several are told at once, and each has `timeout_seconds` for all of its exchange: a slow one holds no other up.
    """
    alert = budget_alerts.c
    due = _joined().where(alert.delivered_at.is_(None), alert.next_attempt_at <= moment(at))
    with reading(engine) as connection:
        rows = connection.execute(due.order_by(alert.next_attempt_at).limit(_A_TIME)).all()
    if not rows:
        return 0, 0
    guarded = transport or GuardedTransport(settings.allowed_networks)
    outcomes = asyncio.run(_deliver(engine, settings, at, rows, guarded))
    return outcomes.count(True), outcomes.count(False)


async def _deliver(
    engine: Engine, settings: WebhookSettings, at: int, rows: Sequence[Row[Any]], transport: httpx.AsyncBaseTransport
) -> list[bool | None]:
    """Whether each of the rows' webhooks took it; `None` where somebody else is telling it."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def tell(client: httpx.AsyncClient, row: Row[Any]) -> bool | None:
        async with places:
            # The store is waited for in a thread, or everybody's deadline would pass meanwhile.
            if not await asyncio.to_thread(_claim, engine, row, settings, at):
                return None
            taken = await _send(client, row, at, settings.timeout_seconds)
            if taken:
                values = {"delivered_at": moment(at), "next_attempt_at": None}
                await asyncio.to_thread(_note, engine, row, values)
            return taken

    timeout = settings.timeout_seconds
    async with httpx.AsyncClient(transport=transport, timeout=timeout, follow_redirects=False) as client:
        return await asyncio.gather(*(tell(client, row) for row in rows))


def wait_after(attempts: int, settings: WebhookSettings) -> int | None:
    """Seconds until the next attempt after so many; `None` when there is none."""
    if attempts >= settings.attempts:
        return None
    return int(min(settings.first_wait_seconds * 2 ** (attempts - 1), settings.longest_wait_seconds))


def _claim(engine: Engine, row: Row[Any], settings: WebhookSettings, at: int) -> bool:
    """Count an attempt before it is made: whoever else has seen the same row does not make it, too."""
    wait = wait_after(row.attempts + 1, settings)
    values = {"attempts": row.attempts + 1, "next_attempt_at": None if wait is None else moment(at + wait)}
    return _note(engine, row, values)


def _note(engine: Engine, row: Row[Any], values: Mapping[str, int | datetime | None]) -> bool:
    alert = budget_alerts.c
    same = (alert.budget_id == row.budget_id) & (alert.period_start == row.period_start)
    statement = update(budget_alerts).where(same, alert.threshold == row.threshold)
    if "attempts" in values:
        statement = statement.where(alert.attempts == row.attempts, alert.delivered_at.is_(None))
    with writing(engine) as connection:
        return connection.execute(statement.values(values)).rowcount == 1


async def _send(client: httpx.AsyncClient, row: Row[Any], at: int, deadline: float) -> bool:
    body = canonical(_message(row))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Starmeter",
        SIGNATURE: sign(row.webhook_secret.encode(), body, at),
        DELIVERY: _message(row)["id"],
    }
    try:
        # The client's own timeout begins anew with every byte. The answer's head says all: its body is not read.
        async with (
            asyncio.timeout(deadline),
            client.stream("POST", row.webhook_url, content=body, headers=headers) as answer,
        ):
            reason = "" if answer.is_success else f"answered {answer.status_code}"
    except Refused as failure:
        reason = failure.message
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as failure:
        reason = type(failure).__name__
    if reason:
        _log.warning(
            "webhook not delivered", extra={"budget": row.budget_id, "attempt": row.attempts + 1, "why": reason}
        )
    return not reason


def _message(row: Row[Any]) -> dict[str, Any]:
    start = seconds(row.period_start)
    return {
        "type": "budget.threshold_reached",
        # The same in every attempt, so that a receiver can tell a repetition.
        "id": str(uuid5(_NAMESPACE, f"{row.budget_id}/{start}/{row.threshold}")),
        "budget_id": row.budget_id,
        "budget": row.name,
        "workspace_id": row.workspace_id,
        "month": iso(start)[:7],
        "threshold_percent": row.threshold,
        "amount": row.amount,
        "spent": row.spent,
        "currency": row.currency,
        "reached_at": iso(seconds(row.fired_at)),
    }


def _joined() -> Select[Any]:
    columns = [column for column in budgets.c if column.name not in {"id", "thresholds"}]
    return select(budget_alerts, *columns).join(budgets, budgets.c.id == budget_alerts.c.budget_id)


def _alert(row: Row[Any]) -> Alert:
    return Alert(
        budget_id=row.budget_id,
        budget=row.name,
        workspace_id=row.workspace_id,
        period_start=seconds(row.period_start),
        threshold=row.threshold,
        amount=Decimal(row.amount),
        spent=Decimal(row.spent),
        currency=row.currency,
        fired_at=seconds(row.fired_at),
        delivered_at=None if row.delivered_at is None else seconds(row.delivered_at),
        attempts=row.attempts,
        given_up=bool(row.webhook_url) and row.delivered_at is None and row.next_attempt_at is None,
    )
