"""What the directory knows of workspaces that a bill needs: their names, what they held, what things are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from billing.accounts.moment import moment
from core.errors import NotFound
from core.schema import clusters, project_workspaces, projects, services, workspaces

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Connection

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


def clusters_of(connection: Connection, workspace_id: str, period: Period) -> tuple[str, ...]:
    """The clusters in which a workspace may have used something in a period: those of its projects' regions."""
    held = (
        select(projects.c.region)
        .join(project_workspaces, project_workspaces.c.project_id == projects.c.id)
        .where(
            project_workspaces.c.workspace_id == workspace_id,
            project_workspaces.c.valid_from < moment(period.end),
            or_(project_workspaces.c.valid_to.is_(None), project_workspaces.c.valid_to > moment(period.start)),
        )
    )
    statement = select(clusters.c.name).where(clusters.c.region.in_(held)).order_by(clusters.c.name)
    return tuple(connection.execute(statement).scalars())


def _parts(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]
