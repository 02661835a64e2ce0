"""Which workspace pays for which project in an hour, by the validity times of the control store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from billing.accounts.moment import moment, seconds
from billing.ownership import Holding
from core.control import reading
from core.schema import project_workspaces

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Engine

    from billing.hour import Period


def holdings(engine: Engine, period: Period) -> list[Holding]:
    """All holdings that reach into a period, sorted.

    Raises:
        Unavailable: the control store fails.
    """
    held = project_workspaces.c
    wanted = select(project_workspaces).where(
        held.valid_from < moment(period.end), or_(held.valid_to.is_(None), held.valid_to > moment(period.start))
    )
    with reading(engine) as connection:
        found = [
            Holding(
                project_id=row.project_id,
                start=seconds(row.valid_from),
                end=None if row.valid_to is None else seconds(row.valid_to),
                workspace_id=row.workspace_id,
            )
            for row in connection.execute(wanted)
        ]
    return sorted(found, key=lambda each: (each.project_id, each.start))


def payers(held: Iterable[Holding]) -> dict[str, str]:
    """The workspace that pays for each project in the hour of `held`: the first that held it, as in `Attribution`."""
    found: dict[str, str] = {}
    for each in held:
        found.setdefault(each.project_id, each.workspace_id)
    return found
