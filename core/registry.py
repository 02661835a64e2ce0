"""Writes to the directory: workspaces and what they hold, who is who in them, and the clusters that send telemetry."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import delete, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core import field
from core.control import writing
from core.credential import Credentials
from core.errors import BadRequest, Unauthenticated
from core.policy import PlatformRole, ProjectRole, WorkspaceRole
from core.schema import (
    clusters,
    environments,
    platform_members,
    project_members,
    project_workspaces,
    projects,
    services,
    workspace_members,
    workspaces,
)
from core.tenant import canonical_id
from core.token import digest, issue

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Engine, Table


class Registry(Credentials):
    """Creates and changes what `Directory` reads, API tokens (`Credentials`) included.

    Every call is one transaction and raises `BadRequest` naming the field and the fix, or `Unavailable` when the store
    does not answer. Ids are generated unless given.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._engine = engine

    def create_workspace(self, name: str, *, workspace_id: str | None = None) -> str:
        """Add a workspace; returns its id."""
        new = {"id": _new_id(workspace_id, "workspace_id"), "name": field.name(name)}
        with writing(self._engine) as connection:
            _must_be_free(connection, workspaces.c.id == new["id"], "workspace_id")
            connection.execute(insert(workspaces).values(new))
        return new["id"]

    def create_project(
        self, workspace_id: str, name: str, region: str, *, project_id: str | None = None, at: datetime
    ) -> str:
        """Add a project that the workspace pays for from `at` on; returns its id."""
        workspace_id = canonical_id(workspace_id, "workspace_id")
        at = field.instant(at, "at")
        new = {
            "id": _new_id(project_id, "project_id"),
            "name": field.name(name),
            "region": field.label(region, "region"),
        }
        with writing(self._engine) as connection:
            _must_exist(connection, workspaces.c.id == workspace_id, "workspace_id")
            _must_be_free(connection, projects.c.id == new["id"], "project_id")
            connection.execute(insert(projects).values({**new, "created_at": at}))
            period = {"project_id": new["id"], "workspace_id": workspace_id, "valid_from": at}
            connection.execute(insert(project_workspaces).values(period))
        return new["id"]

    def move_project(self, project_id: str, workspace_id: str, at: datetime) -> None:
        """Hand a project to another workspace from `at` on; until then the present one pays. `at` may lie ahead.

        Roles in the project belong to the project and stay.
        """
        project_id = canonical_id(project_id, "project_id")
        workspace_id = canonical_id(workspace_id, "workspace_id")
        at = field.instant(at, "at")
        is_open = (project_workspaces.c.project_id == project_id) & project_workspaces.c.valid_to.is_(None)
        with writing(self._engine) as connection:
            # Two moves at once queue up at the project's row; SQLite writes one at a time anyway.
            connection.execute(select(projects.c.id).where(projects.c.id == project_id).with_for_update())
            present = connection.execute(select(project_workspaces).where(is_open)).one_or_none()
            if present is None:
                raise BadRequest("project_id: does not exist; create it first")
            _must_exist(connection, workspaces.c.id == workspace_id, "workspace_id")
            if present.workspace_id == workspace_id:
                raise BadRequest("workspace_id: already holds the project; name another workspace")
            if at <= present.valid_from:
                raise BadRequest(
                    f"at: must be later than {present.valid_from.isoformat()}, when the last move took place"
                )
            connection.execute(update(project_workspaces).where(is_open).values(valid_to=at))
            period = {"project_id": project_id, "workspace_id": workspace_id, "valid_from": at}
            connection.execute(insert(project_workspaces).values(period))

    def create_environment(
        self,
        project_id: str,
        name: str,
        *,
        is_ephemeral: bool = False,
        is_protected: bool = False,
        tier: str = "standard",
    ) -> None:
        """Add an environment to a project; previews are told by `is_ephemeral`, never by their name."""
        new = {
            "project_id": canonical_id(project_id, "project_id"),
            "name": field.environment(name, "name"),
            "is_ephemeral": is_ephemeral,
            "is_protected": is_protected,
            "tier": field.label(tier, "tier"),
        }
        same = (environments.c.project_id == new["project_id"]) & (environments.c.name == new["name"])
        with writing(self._engine) as connection:
            _must_exist(connection, projects.c.id == new["project_id"], "project_id")
            _must_be_free(connection, same, "name")
            connection.execute(insert(environments).values(new))

    def create_service(self, project_id: str, name: str, *, service_id: str | None = None) -> str:
        """Add a service to a project; returns its id."""
        new = {
            "id": _new_id(service_id, "service_id"),
            "project_id": canonical_id(project_id, "project_id"),
            "name": field.name(name),
        }
        same = (services.c.project_id == new["project_id"]) & (services.c.name == new["name"])
        with writing(self._engine) as connection:
            _must_exist(connection, projects.c.id == new["project_id"], "project_id")
            _must_be_free(connection, services.c.id == new["id"], "service_id")
            _must_be_free(connection, same, "name")
            connection.execute(insert(services).values(new))
        return new["id"]

    def set_workspace_role(self, workspace_id: str, subject: str, role: str | None) -> None:
        """Give a subject its one role in a workspace (owner, admin, billing, member); `None` takes it away."""
        chosen = None if role is None else field.choice(WorkspaceRole, role, "role")
        key = {"workspace_id": canonical_id(workspace_id, "workspace_id"), "subject": field.subject(subject)}
        with writing(self._engine) as connection:
            _must_exist(connection, workspaces.c.id == key["workspace_id"], "workspace_id")
            _set_role(connection, workspace_members, key, chosen)

    def set_project_role(self, project_id: str, subject: str, role: str | None) -> None:
        """Give a subject its one role in a project (admin, developer, viewer); `None` takes it away."""
        chosen = None if role is None else field.choice(ProjectRole, role, "role")
        key = {"project_id": canonical_id(project_id, "project_id"), "subject": field.subject(subject)}
        with writing(self._engine) as connection:
            _must_exist(connection, projects.c.id == key["project_id"], "project_id")
            _set_role(connection, project_members, key, chosen)

    def set_platform_role(self, subject: str, role: str | None) -> None:
        """Give one of the platform's own staff its one role (platform, finance); `None` takes it away."""
        chosen = None if role is None else field.choice(PlatformRole, role, "role")
        with writing(self._engine) as connection:
            _set_role(connection, platform_members, {"subject": field.subject(subject)}, chosen)

    def create_cluster(self, name: str, region: str, now: datetime, *, token: str | None = None) -> str:
        """Add a cluster that sends telemetry to a region; returns its ingest token, which is shown only here."""
        text = issue() if token is None else token
        try:
            hashed = digest(text)
        except Unauthenticated:
            raise BadRequest("token: not of a token's form; leave it out to have one made") from None
        new = {
            "name": field.label(name, "name"),
            "region": field.label(region, "region"),
            "token_hash": hashed,
            "created_at": field.instant(now, "now"),
        }
        with writing(self._engine) as connection:
            _must_be_free(connection, clusters.c.name == new["name"], "name")
            _must_be_free(connection, clusters.c.token_hash == hashed, "token")
            connection.execute(insert(clusters).values(new))
        return text


def _new_id(given: str | None, named: str) -> str:
    return str(uuid4()) if given is None else canonical_id(given, named)


def _must_exist(connection: Connection, condition: ColumnElement[bool], named: str) -> None:
    if not connection.execute(select(literal(1)).where(condition)).first():
        raise BadRequest(f"{named}: does not exist; create it first")


def _must_be_free(connection: Connection, condition: ColumnElement[bool], named: str) -> None:
    if connection.execute(select(literal(1)).where(condition)).first():
        raise BadRequest(f"{named}: is taken; choose another")


def _set_role(connection: Connection, members: Table, key: dict[str, str], role: str | None) -> None:
    """Replace or remove the one role that a key of a members' table has."""
    if role is None:
        connection.execute(delete(members).where(*(members.c[name] == value for name, value in key.items())))
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(
        dialect.insert(members)
        .values(**key, role=role)
        .on_conflict_do_update(index_elements=list(members.primary_key), set_={"role": role})
    )
