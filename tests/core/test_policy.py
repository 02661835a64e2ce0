"""The roles' table, written out a second time by hand, and how roles add up."""

from __future__ import annotations

import pytest

from core.policy import PLATFORM, PROJECT, WORKSPACE, PlatformRole, ProjectRole, WorkspaceRole, allowed
from core.scope import Action

TELEMETRY = {"metrics:read", "logs:read"}
MONEY = {"usage:read", "invoices:read"}


@pytest.mark.parametrize(
    ("workspace", "project", "platform", "expected"),
    [
        pytest.param(None, None, None, None, id="a stranger has no relation"),
        pytest.param("owner", None, None, TELEMETRY | MONEY, id="an owner"),
        pytest.param("admin", None, None, TELEMETRY | MONEY, id="a workspace's admin"),
        pytest.param("billing", None, None, MONEY, id="billing"),
        pytest.param("member", None, None, None, id="a plain member has no relation"),
        pytest.param(None, "admin", None, TELEMETRY, id="a project's admin"),
        pytest.param(None, "developer", None, TELEMETRY, id="a developer"),
        pytest.param(None, "viewer", None, TELEMETRY, id="a viewer"),
        pytest.param(None, None, "platform", {"cardinality:read"}, id="platform staff"),
        pytest.param(None, None, "finance", MONEY, id="finance staff"),
        pytest.param("member", "viewer", None, TELEMETRY, id="a member who views"),
        pytest.param("billing", "viewer", None, TELEMETRY | MONEY, id="billing who views, too"),
        pytest.param("member", None, "finance", MONEY, id="a member of staff is still a plain member"),
        pytest.param("owner", "admin", "platform", {action.value for action in Action}, id="all at once"),
    ],
)
def test_roles_allow(
    workspace: str | None, project: str | None, platform: str | None, expected: set[str] | None
) -> None:
    actions = allowed(
        None if workspace is None else WorkspaceRole(workspace),
        None if project is None else ProjectRole(project),
        None if platform is None else PlatformRole(platform),
    )

    assert expected == (None if actions is None else {action.value for action in actions})


def test_every_role_has_its_line_in_the_table() -> None:
    assert (set(WORKSPACE), set(PROJECT), set(PLATFORM)) == (set(WorkspaceRole), set(ProjectRole), set(PlatformRole))


def test_only_the_platforms_own_staff_reads_cardinality_and_none_of_it_reads_telemetry() -> None:
    tenants = frozenset[Action]().union(*WORKSPACE.values(), *PROJECT.values())
    staff = frozenset[Action]().union(*PLATFORM.values())

    assert Action.READ_CARDINALITY not in tenants
    assert staff.isdisjoint({Action.READ_METRICS, Action.READ_LOGS})
