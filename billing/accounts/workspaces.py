"""What the directory knows of workspaces that a bill needs: their names, what they held, what things are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select

from billing.accounts.moment import moment, seconds
from billing.ledger.slice import BUILDS, Slice
from core.errors import NotFound
from core.schema import clusters, project_workspaces, projects, services, workspaces

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import ColumnElement, Connection

    from billing.hour import Period

# SQLite and PostgreSQL take only so many parameters in a statement.
_AT_ONCE = 500


def require_workspace(connection: Connection, workspace_id: str, *, locked: bool = False) -> str:
    """A workspace's name; `locked` makes all others who lock it wait for the end of this transaction.

    Raises:
        NotFound: there is none of that id.
    """
    statement = select(workspaces.c.name).where(workspaces.c.id == workspace_id)
    # SQLite has one writer anyway.
    found: str | None = connection.execute(statement.with_for_update() if locked else statement).scalar_one_or_none()
    if found is None:
        raise NotFound(f"workspace: {workspace_id[:40]!r} does not exist; give the id of one that does")
    return found


def all_workspaces(connection: Connection) -> tuple[tuple[str, str], ...]:
    """(id, name) of every workspace, by id."""
    return tuple((each.id, each.name) for each in connection.execute(select(workspaces).order_by(workspaces.c.id)))


def names_of(connection: Connection, ids: Collection[str]) -> tuple[tuple[str, str], ...]:
    """(id, name) of those of the ids that are projects or services, by id; what is deleted has no name any more."""
    return tuple(
        sorted(
            (row.id, row.name)
            for part in _parts(sorted(ids))
            for table in (projects, services)
            for row in connection.execute(select(table.c.id, table.c.name).where(table.c.id.in_(part)))
        )
    )


def holders(connection: Connection, period: Period) -> tuple[tuple[str, str], ...]:
    """(id, name) of the workspaces that held a project at any time of a period, by id."""
    held = select(project_workspaces.c.workspace_id).where(_within(period))
    statement = select(workspaces).where(workspaces.c.id.in_(held)).order_by(workspaces.c.id)
    return tuple((each.id, each.name) for each in connection.execute(statement))


def first_held(connection: Connection, workspace_id: str) -> int | None:
    """Since when a workspace has held any project, in UTC seconds; `None` when it never held one."""
    held = project_workspaces.c
    statement = select(func.min(held.valid_from)).where(held.workspace_id == workspace_id)
    found = connection.execute(statement).scalar()
    return None if found is None else seconds(found)


def places_of(connection: Connection, workspace_id: str, period: Period) -> frozenset[str]:
    """Where a workspace may have used something in a period, as completeness names it.

    These are the clusters of its projects' regions, and the regions' builds.
    """
    held = (
        select(projects.c.region)
        .join(project_workspaces, project_workspaces.c.project_id == projects.c.id)
        .where(project_workspaces.c.workspace_id == workspace_id, _within(period))
    )
    regions = connection.execute(held.distinct()).scalars().all()
    there = connection.execute(select(clusters.c.name).where(clusters.c.region.in_(regions))).scalars()
    return frozenset([*there, *(Slice(period.start, region, BUILDS).place for region in regions)])


def _within(period: Period) -> ColumnElement[bool]:
    held = project_workspaces.c
    begun = held.valid_from < moment(period.end)
    return and_(begun, or_(held.valid_to.is_(None), held.valid_to > moment(period.start)))


def _parts(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]
