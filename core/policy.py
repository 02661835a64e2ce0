"""What each role may do: the one table that authorization is decided by."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from core.scope import Action

if TYPE_CHECKING:
    from collections.abc import Mapping


class WorkspaceRole(StrEnum):
    """A subject's role in a workspace: it reaches every project the workspace holds at the moment of asking."""

    OWNER = "owner"
    ADMIN = "admin"
    BILLING = "billing"
    MEMBER = "member"


class ProjectRole(StrEnum):
    """A subject's role in one project, whichever workspace holds it."""

    ADMIN = "admin"
    DEVELOPER = "developer"
    VIEWER = "viewer"


class PlatformRole(StrEnum):
    """A role of the platform's own staff; none of them reads a tenant's metrics or logs."""

    PLATFORM = "platform"
    FINANCE = "finance"


_TELEMETRY: Final = frozenset({Action.READ_METRICS, Action.READ_LOGS})
_MONEY: Final = frozenset({Action.READ_USAGE, Action.READ_INVOICES})
_NOTHING: Final[frozenset[Action]] = frozenset()

# Three tables, not one: "admin" is a role of workspaces and of projects, and equal texts would share one key.
WORKSPACE: Final[Mapping[WorkspaceRole, frozenset[Action]]] = {
    WorkspaceRole.OWNER: _TELEMETRY | _MONEY,
    WorkspaceRole.ADMIN: _TELEMETRY | _MONEY,
    WorkspaceRole.BILLING: _MONEY,
    WorkspaceRole.MEMBER: _NOTHING,
}
PROJECT: Final[Mapping[ProjectRole, frozenset[Action]]] = {
    ProjectRole.ADMIN: _TELEMETRY,
    ProjectRole.DEVELOPER: _TELEMETRY,
    ProjectRole.VIEWER: _TELEMETRY,
}
PLATFORM: Final[Mapping[PlatformRole, frozenset[Action]]] = {
    PlatformRole.PLATFORM: frozenset({Action.READ_CARDINALITY}),
    PlatformRole.FINANCE: _MONEY,
}


def allowed(
    workspace: WorkspaceRole | None, project: ProjectRole | None, platform: PlatformRole | None
) -> frozenset[Action] | None:
    """The actions that a subject's roles together allow on one project; `None` when they do not even relate to it.

    The difference is what the caller is told: without a relation the project does not exist for the subject. A
    workspace's plain member relates only to the projects it has a role in.
    """
    actions = _NOTHING
    related = False
    if workspace is not None and workspace is not WorkspaceRole.MEMBER:
        actions, related = actions | WORKSPACE[workspace], True
    if project is not None:
        actions, related = actions | PROJECT[project], True
    if platform is not None:
        actions, related = actions | PLATFORM[platform], True
    return actions if related else None
