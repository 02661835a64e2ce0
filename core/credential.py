"""API tokens as their owners handle them: issued once, listed without their secret, revoked for good."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import exists, insert, or_, select, update

from core import field
from core.control import reading, writing
from core.errors import BadRequest, NotFound, Unauthenticated
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
    workspaces,
)
from core.scope import Action
from core.tenant import canonical_id
from core.token import PREFIX_LENGTH, digest, issue

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from typing import Any

    from sqlalchemy import ColumnElement, Connection, Engine
    from sqlalchemy.engine import Row


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token: `text` is the secret, which exists nowhere else and cannot be shown again."""

    id: str
    text: str

    def __repr__(self) -> str:
        return f"IssuedToken(id={self.id!r})"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What is kept and shown of a token. Times are UTC; `None` in a narrowing field means that it does not narrow."""

    id: str
    subject: str
    name: str
    prefix: str
    actions: tuple[str, ...]
    workspace_id: str | None
    project_id: str | None
    environments: tuple[str, ...] | None
    services: tuple[str, ...] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


class Credentials:
    """Issues, lists and revokes API tokens.

    Every call is one transaction and raises `BadRequest` naming the field and the fix, or `Unavailable` when the store
    does not answer.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def issue_token(
        self,
        subject: str,
        name: str,
        *,
        actions: Collection[str] | None = None,
        workspace_id: str | None = None,
        project_id: str | None = None,
        environments: Collection[str] | None = None,
        services: Collection[str] | None = None,
        expires_at: datetime | None = None,
        now: datetime,
    ) -> IssuedToken:
        """Make a token that acts for a subject, which must hold a role somewhere.

        A token allows what the subject's roles allow, cut down to `actions` (all there are today, unless given) and to
        what it is narrowed to. It ends at `expires_at`, exclusively.
        """
        now = field.instant(now, "now")
        text = issue()
        new = ApiToken(
            id=str(uuid4()),
            subject=field.subject(subject),
            name=field.name(name),
            prefix=text[:PREFIX_LENGTH],
            actions=_actions(actions),
            workspace_id=None if workspace_id is None else canonical_id(workspace_id, "workspace_id"),
            project_id=None if project_id is None else canonical_id(project_id, "project_id"),
            environments=_narrowing(environments, "environments"),
            services=_narrowing(services, "services"),
            created_at=now,
            expires_at=None if expires_at is None else field.instant(expires_at, "expires_at"),
        )
        if new.expires_at is not None and new.expires_at <= now:
            raise BadRequest("expires_at: has passed; choose a later time, or none")
        with writing(self._engine) as connection:
            _must_hold_a_role(connection, new.subject)
            _must_be_in_place(connection, new)
            connection.execute(insert(api_tokens).values({**asdict(new), "token_hash": digest(text)}))
        return IssuedToken(new.id, text)

    def revoke_token(self, reference: str, now: datetime) -> ApiToken:
        """End a token at once and for good, by its id, its prefix, or its whole text. Revoking again changes nothing.

        Raises:
            NotFound: no token is meant.
            BadRequest: the prefix means more than one.
        """
        now = field.instant(now, "now")
        meant = _meant(reference)
        with writing(self._engine) as connection:
            found = connection.execute(select(api_tokens).where(meant)).all()
            if not found:
                raise NotFound("token: none has this id or prefix; `starmeter tokens list` shows them")
            if len(found) > 1:
                raise BadRequest(f"token: {len(found)} have this prefix; pass the id")
            key = api_tokens.c.id == found[0].id
            connection.execute(update(api_tokens).where(key, api_tokens.c.revoked_at.is_(None)).values(revoked_at=now))
            return _api_token(connection.execute(select(api_tokens).where(key)).one())

    def tokens(self, subject: str | None = None) -> list[ApiToken]:
        """All tokens, or one subject's, in the order of their creation; ended ones included."""
        statement = select(api_tokens).order_by(api_tokens.c.created_at, api_tokens.c.id)
        if subject is not None:
            statement = statement.where(api_tokens.c.subject == field.subject(subject))
        with reading(self._engine) as connection:
            return [_api_token(row) for row in connection.execute(statement)]


def _actions(given: Collection[str] | None) -> tuple[str, ...]:
    if given is not None and not given:
        raise BadRequest("actions: a token of no action is of no use; name at least one, or leave it out for all")
    return tuple(sorted({field.choice(Action, action, "actions").value for action in given or Action}))


def _narrowing(given: Collection[str] | None, named: str) -> tuple[str, ...] | None:
    """The sorted set that is stored; whether its members exist is asked later."""
    if given is None:
        return None
    if not given:
        raise BadRequest(f"{named}: a token narrowed to none is of no use; name at least one, or leave it out for all")
    if named == "services":
        return tuple(sorted({canonical_id(service, named) for service in given}))
    return tuple(sorted({field.environment(environment, named) for environment in given}))


def _must_hold_a_role(connection: Connection, subject: str) -> None:
    members = (workspace_members, project_members, platform_members)
    known = or_(*(exists().where(table.c.subject == subject) for table in members))
    if not connection.execute(select(known)).scalar_one():
        raise BadRequest("subject: holds no role anywhere; give it one in a workspace, a project or the platform first")


def _must_be_in_place(connection: Connection, new: ApiToken) -> None:
    """Refuse a narrowing to what does not exist or does not belong together."""
    for named, column, value in (
        ("workspace_id", workspaces.c.id, new.workspace_id),
        ("project_id", projects.c.id, new.project_id),
    ):
        if value is not None and not connection.execute(select(column).where(column == value)).first():
            raise BadRequest(f"{named}: does not exist; pass an existing one, or leave it out")
    if new.workspace_id is not None and new.project_id is not None:
        periods = select(project_workspaces.c.workspace_id).where(project_workspaces.c.project_id == new.project_id)
        if connection.execute(periods.where(is_held_at(new.created_at))).scalar() != new.workspace_id:
            raise BadRequest("project_id: not in that workspace now; leave workspace_id out, or pass the right one")
    for named, table, column, values in (
        ("environments", environments, environments.c.name, new.environments),
        ("services", services, services.c.id, new.services),
    ):
        if values is None:
            continue
        if new.project_id is None:
            raise BadRequest(f"{named}: mean something only within a project; pass project_id, too")
        existing = set(connection.execute(select(column).where(table.c.project_id == new.project_id)).scalars())
        if unknown := [value for value in values if value not in existing]:
            raise BadRequest(f"{named}: the project has no {', '.join(unknown)}; create it first, or correct the name")


def _meant(reference: str) -> ColumnElement[bool]:
    try:
        return api_tokens.c.token_hash == digest(reference)
    except Unauthenticated:
        return or_(api_tokens.c.id == reference.lower(), api_tokens.c.prefix == reference)


def _api_token(row: Row[Any]) -> ApiToken:
    return ApiToken(
        id=row.id,
        subject=row.subject,
        name=row.name,
        prefix=row.prefix,
        actions=tuple(row.actions),
        workspace_id=row.workspace_id,
        project_id=row.project_id,
        environments=None if row.environments is None else tuple(row.environments),
        services=None if row.services is None else tuple(row.services),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
