"""What a read of usage may see: one workspace, whole, decided by roles and by what the token is narrowed to."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2s
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, select

from core.control import reading
from core.errors import Forbidden, NotFound
from core.policy import PLATFORM, WORKSPACE, PlatformRole, WorkspaceRole
from core.schema import platform_members, workspace_members, workspaces
from core.scope import Action
from core.tenant import is_canonical_id

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from core.scope import Principal

# One sentence for every reason, so that nobody can probe which ids exist.
ABSENT: Final = "no such workspace or invoice"


@dataclass(frozen=True, slots=True)
class WorkspaceScope:
    """One workspace; `is_staff` when the platform's own finance asks. `version` is the same for equal scopes."""

    principal: Principal
    workspace_id: str
    is_staff: bool
    version: str = field(init=False)

    def __post_init__(self) -> None:
        if not is_canonical_id(self.workspace_id):
            raise ValueError("a scope names its workspace by a canonical id")
        seen = f"{self.workspace_id} {self.is_staff}"
        object.__setattr__(self, "version", blake2s(seen.encode(), digest_size=8).hexdigest())

    def require(self, action: Action) -> None:
        """Refuse what the token does not allow on top of the action that the scope was made for.

        Raises:
            Forbidden: it does not.
        """
        if action not in self.principal.actions:
            raise _refused(action)


def scope_of(engine: Engine, principal: Principal, action: Action, workspace_id: str) -> WorkspaceScope:
    """What the principal may read of a workspace.

    Raises:
        NotFound: malformed, unknown, unrelated to the principal, or outside what its token is narrowed to: a token of a
            project or of some of its environments or services does not reach the workspace.
        Forbidden: the principal relates to the workspace, but its roles or its token lack the action.
        Unavailable: the control store does not answer.
    """
    narrowed = (principal.project_id, principal.environments, principal.services)
    if not is_canonical_id(workspace_id) or any(each is not None for each in narrowed):
        raise NotFound(ABSENT)
    statement = (
        select(workspace_members.c.role.label("role"), platform_members.c.role.label("platform_role"))
        .select_from(workspaces)
        .outerjoin(
            workspace_members,
            and_(workspace_members.c.workspace_id == workspaces.c.id, workspace_members.c.subject == principal.subject),
        )
        .outerjoin(platform_members, platform_members.c.subject == principal.subject)
        .where(workspaces.c.id == workspace_id)
    )
    with reading(engine) as connection:
        found = connection.execute(statement).one_or_none()
    if (
        found is None
        or principal.workspace_id not in {None, workspace_id}
        or (found.role, found.platform_role)
        == (
            None,
            None,
        )
    ):
        raise NotFound(ABSENT)
    as_member = frozenset[Action]() if found.role is None else WORKSPACE[WorkspaceRole(found.role)]
    as_staff = frozenset[Action]() if found.platform_role is None else PLATFORM[PlatformRole(found.platform_role)]
    if action not in (as_member | as_staff) & principal.actions:
        raise _refused(action)
    return WorkspaceScope(principal, workspace_id, action in as_staff)


def _refused(action: Action) -> Forbidden:
    return Forbidden(f"{action.value} is not allowed here; ask for a role or a token that allows it")
