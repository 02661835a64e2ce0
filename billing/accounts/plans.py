"""Which plan a workspace has, and from which billing period on; a plan holds for whole billing periods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine, delete, insert, select

from billing.accounts.moment import moment, now
from billing.accounts.workspaces import require_workspace
from billing.hour import iso, month_of
from billing.schema import invoices, workspace_plans
from core import field
from core.control import reading, writing
from core.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

STANDARD: Final = "standard"


def plan_of(store: Connection | Engine, workspace_id: str, at: int) -> str:
    """The plan that a workspace has at a UTC second; `standard` when nobody gave it another."""
    if isinstance(store, Engine):
        with reading(store) as connection:
            return plan_of(connection, workspace_id, at)
    plans = workspace_plans.c
    statement = (
        select(plans.plan)
        .where(plans.workspace_id == workspace_id, plans.valid_from <= moment(at))
        .order_by(plans.valid_from.desc())
        .limit(1)
    )
    found: str | None = store.execute(statement).scalar_one_or_none()
    return STANDARD if found is None else found


class Plans:
    """Gives workspaces their plans."""

    def __init__(self, engine: Engine, *, clock: Callable[[], int] = now) -> None:
        self._engine = engine
        self._clock = clock

    def give(self, workspace_id: str, plan: str, valid_from: int) -> None:
        """Give a workspace a plan from the beginning of a month of UTC on, until it is given another.

        Raises:
            BadRequest: not the beginning of a month, no name of a plan, or a period that has an invoice on its way.
            NotFound: no such workspace.
        """
        if month_of(valid_from).start != valid_from:
            raise BadRequest(f"valid_from: {iso(valid_from)} is within a month; a plan holds for whole months of UTC")
        values = {"workspace_id": workspace_id, "valid_from": moment(valid_from), "plan": field.label(plan, "plan")}
        closed = select(invoices.c.id).where(
            invoices.c.workspace_id == workspace_id,
            invoices.c.period_start >= moment(valid_from),
            invoices.c.state.in_(("in_review", "final")),
        )
        same = (workspace_plans.c.workspace_id == workspace_id) & (workspace_plans.c.valid_from == moment(valid_from))
        with writing(self._engine) as connection:
            require_workspace(connection, workspace_id)
            if connection.execute(closed).first():
                raise BadRequest("valid_from: a later period has an invoice in review or final; choose a later month")
            connection.execute(delete(workspace_plans).where(same))
            connection.execute(insert(workspace_plans).values(values))
