"""Who a credential is and what it may read: the control store as the front-door asks it, synchronously."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, or_, select, update

from core import token
from core.control import reading, writing
from core.errors import Forbidden, NotFound, Unauthenticated
from core.policy import PLATFORM, PlatformRole, ProjectRole, WorkspaceRole, allowed
from core.schema import (
    api_tokens,
    environments,
    is_held_at,
    platform_members,
    project_members,
    project_workspaces,
    projects,
    services,
    workspace_members,
)
from core.scope import Action, Grant, Permit, Principal, Scope
from core.tenant import is_canonical_id, is_environment

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Engine, Select
    from sqlalchemy.engine import Row

    # region, workspace; roles in the workspace, the project, the platform; the path's environment and service
    _Standing = tuple[str, str, str | None, str | None, str | None, str | None, str | None]

# One body for every reason, so that nobody can probe which ids exist.
ABSENT: Final = "no such project, environment or service"
_ACTIONS: Final = frozenset(Action)


class Directory:
    """Reads of the control store; each of its calls costs at most two statements.

    Every call raises `Unavailable` when the store does not answer.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def authenticate(self, text: str, now: datetime) -> Principal:
        """The principal of an API token.

        Raises:
            Unauthenticated: malformed, unknown, expired (from `expires_at` on) or revoked; always in the same words.
        """
        statement = select(api_tokens).where(api_tokens.c.token_hash == token.digest(text))
        with reading(self._engine) as connection:
            found = connection.execute(statement).one_or_none()
        if found is None or found.revoked_at is not None or (found.expires_at is not None and found.expires_at <= now):
            raise Unauthenticated(token.REFUSAL)
        return Principal(
            subject=found.subject,
            token_id=found.id,
            # An action that this release does not know allows nothing.
            actions=frozenset(action for action in _ACTIONS if action.value in found.actions),
            workspace_id=found.workspace_id,
            project_id=found.project_id,
            environments=None if found.environments is None else frozenset(found.environments),
            services=None if found.services is None else frozenset(found.services),
        )

    def authorize(  # noqa: PLR0917 - the parts of a path, in the order of the path
        self,
        principal: Principal,
        action: Action,
        project_id: str,
        environment: str | None,
        service_id: str | None,
        now: datetime,
    ) -> Scope:
        """What the principal may read at a path: one grant of one project.

        A path's environment or service becomes a set of one in the grant; where the path has none, the token's own
        narrowing applies. Roles in the workspace count through the one that holds the project at `now`.

        Raises:
            NotFound: the path is malformed, unknown, unrelated to the principal, or outside the token's narrowing.
            Forbidden: the principal relates to the project, but its roles or its token lack the action.
        """
        if not _is_well_formed(project_id, environment, service_id):
            raise NotFound(ABSENT)
        with reading(self._engine) as connection:
            found = connection.execute(
                _lookup(principal.subject, project_id, environment, service_id, now)
            ).one_or_none()
        roles = None if found is None else _allowed(found)
        if (
            found is None
            or roles is None
            or principal.workspace_id not in {None, found.workspace_id}
            or principal.project_id not in {None, project_id}
            or not _is_inside(environment, found.environment, principal.environments)
            or not _is_inside(service_id, found.service_id, principal.services)
        ):
            raise NotFound(ABSENT)
        if action not in roles or action not in principal.actions:
            raise Forbidden(f"{action.value} is not allowed here; ask for a role or a token that allows it")
        return Scope(
            principal,
            (
                Grant(
                    project_id,
                    found.region,
                    principal.environments if environment is None else frozenset({environment}),
                    principal.services if service_id is None else frozenset({service_id}),
                ),
            ),
        )

    def permit(self, principal: Principal, action: Action) -> Permit:
        """What a platform role allows across all tenants.

        Raises:
            Forbidden: the subject has no platform role with the action, or its token lacks it or is narrowed to a
                workspace or project.
        """
        narrowed = principal.workspace_id is not None or principal.project_id is not None
        statement = select(platform_members.c.role).where(platform_members.c.subject == principal.subject)
        with reading(self._engine) as connection:
            role = connection.execute(statement).scalar_one_or_none()
        if role is None or narrowed or action not in PLATFORM[PlatformRole(role)] & principal.actions:
            raise Forbidden(f"{action.value} is for the platform's own staff; ask for its role and an unnarrowed token")
        return Permit(principal, action)

    def tiers(self, project_ids: Collection[str]) -> dict[str, set[str]]:
        """The tiers of the environments of the existing ones of `project_ids`."""
        statement = select(environments.c.project_id, environments.c.tier).where(
            environments.c.project_id.in_(project_ids)
        )
        found: dict[str, set[str]] = {}
        with reading(self._engine) as connection:
            for project_id, tier in connection.execute(statement):
                found.setdefault(project_id, set()).add(tier)
        return found

    def previews(self, region: str) -> set[tuple[str, str]]:
        """The ephemeral environments of a region, as (project, environment)."""
        statement = (
            select(environments.c.project_id, environments.c.name)
            .join(projects, projects.c.id == environments.c.project_id)
            .where(projects.c.region == region, environments.c.is_ephemeral)
        )
        with reading(self._engine) as connection:
            return {(project_id, name) for project_id, name in connection.execute(statement)}

    def regions_in_use(self) -> set[str]:
        """The regions that at least one project is in."""
        with reading(self._engine) as connection:
            return set(connection.execute(select(projects.c.region).distinct()).scalars())

    def sample_projects(self, region: str, limit: int) -> list[str]:
        """Up to `limit` project ids of a region, newest first."""
        statement = (
            select(projects.c.id)
            .where(projects.c.region == region)
            .order_by(projects.c.created_at.desc(), projects.c.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return list(connection.execute(statement).scalars())

    def mark_used(self, token_ids: Collection[str], now: datetime) -> None:
        """Record that tokens were used at `now`; an earlier time than the recorded one changes nothing."""
        if not token_ids:
            return
        used = api_tokens.c.last_used_at
        statement = (
            update(api_tokens)
            .where(api_tokens.c.id.in_(token_ids), or_(used.is_(None), used < now))
            .values(last_used_at=now)
        )
        with writing(self._engine) as connection:
            connection.execute(statement)


def _is_well_formed(project_id: str, environment: str | None, service_id: str | None) -> bool:
    return (
        is_canonical_id(project_id)
        and (environment is None or is_environment(environment))
        and (service_id is None or is_canonical_id(service_id))
    )


def _is_inside(asked: str | None, existing: str | None, narrowed: frozenset[str] | None) -> bool:
    """Whether a path's environment or service exists and lies inside the token's; a path without one always does."""
    return asked is None or (existing is not None and (narrowed is None or asked in narrowed))


def _lookup(
    subject: str, project_id: str, environment: str | None, service_id: str | None, now: datetime
) -> Select[_Standing]:
    """One row for an existing project: where it is, the subject's three roles, and what of the path exists."""
    period = project_workspaces.c
    return (
        select(
            projects.c.region,
            period.workspace_id,
            workspace_members.c.role.label("workspace_role"),
            project_members.c.role.label("project_role"),
            platform_members.c.role.label("platform_role"),
            environments.c.name.label("environment"),
            services.c.id.label("service_id"),
        )
        .select_from(projects)
        .join(project_workspaces, and_(period.project_id == projects.c.id, is_held_at(now)))
        .outerjoin(
            workspace_members,
            and_(workspace_members.c.workspace_id == period.workspace_id, workspace_members.c.subject == subject),
        )
        .outerjoin(
            project_members,
            and_(project_members.c.project_id == projects.c.id, project_members.c.subject == subject),
        )
        .outerjoin(platform_members, platform_members.c.subject == subject)
        .outerjoin(environments, and_(environments.c.project_id == projects.c.id, environments.c.name == environment))
        .outerjoin(services, and_(services.c.project_id == projects.c.id, services.c.id == service_id))
        .where(projects.c.id == project_id)
    )


def _allowed(found: Row[_Standing]) -> frozenset[Action] | None:
    return allowed(
        None if found.workspace_role is None else WorkspaceRole(found.workspace_role),
        None if found.project_role is None else ProjectRole(found.project_role),
        None if found.platform_role is None else PlatformRole(found.platform_role),
    )
