"""What a principal may read: by role, by what exists, and by the workspace at the moment of asking."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from core.directory import ABSENT
from core.errors import Forbidden, NotFound, StarmeterError
from core.scope import Action, Grant, Principal
from tests.core.conftest import EARLIER, NOW

if TYPE_CHECKING:
    from core.directory import Directory
    from core.registry import Registry
    from tests.core.conftest import World

TICK = timedelta(microseconds=1)
EVERYTHING = frozenset(Action)
TELEMETRY = {Action.READ_METRICS, Action.READ_LOGS}
MONEY = {Action.READ_USAGE, Action.READ_INVOICES}


def principal(subject: str) -> Principal:
    """A caller whose token narrows nothing."""
    return Principal(subject, "token", EVERYTHING)


OUTCOMES = [
    # subject, its roles in (workspace, project, platform), what it may do; None: nothing exists for it
    pytest.param(("owner", None, None), TELEMETRY | MONEY, id="workspace owner"),
    pytest.param(("admin", None, None), TELEMETRY | MONEY, id="workspace admin"),
    pytest.param(("billing", None, None), MONEY, id="workspace billing"),
    pytest.param(("member", None, None), None, id="workspace member"),
    pytest.param((None, "admin", None), TELEMETRY, id="project admin"),
    pytest.param((None, "developer", None), TELEMETRY, id="project developer"),
    pytest.param((None, "viewer", None), TELEMETRY, id="project viewer"),
    pytest.param((None, None, "platform"), {Action.READ_CARDINALITY}, id="platform"),
    pytest.param((None, None, "finance"), MONEY, id="finance"),
    pytest.param(("member", "viewer", None), TELEMETRY, id="workspace member and project viewer"),
    pytest.param(("billing", "viewer", None), TELEMETRY | MONEY, id="workspace billing and project viewer"),
    pytest.param(("member", None, "platform"), {Action.READ_CARDINALITY}, id="workspace member and platform"),
    pytest.param((None, None, None), None, id="no role"),
]


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize(("roles", "may"), OUTCOMES)
def test_roles_decide(
    roles: tuple[str | None, str | None, str | None],
    may: set[Action] | None,
    action: Action,
    *,
    world: World,
    registry: Registry,
    directory: Directory,
) -> None:
    workspace_role, project_role, platform_role = roles
    registry.set_workspace_role(world.workspace, "bob", workspace_role)
    registry.set_project_role(world.project, "bob", project_role)
    registry.set_platform_role("bob", platform_role)
    # Roles elsewhere must not count here.
    registry.set_workspace_role(world.foreign_workspace, "bob", "owner")
    registry.set_project_role(world.sibling, "bob", "admin")

    outcome: object
    try:
        outcome = directory.authorize(principal("bob"), action, world.project, "production", world.web, NOW).only
    except StarmeterError as refusal:
        outcome = type(refusal)

    if may is None:
        assert outcome is NotFound
    elif action not in may:
        assert outcome is Forbidden
    else:
        assert outcome == Grant(world.project, "fra1", frozenset({"production"}), frozenset({world.web}))


@pytest.mark.parametrize("action", list(Action))
def test_a_tokens_actions_cut_down_what_roles_allow(action: Action, world: World, directory: Directory) -> None:
    owner = replace(principal("ada"), actions=EVERYTHING - {action})

    with pytest.raises(Forbidden, match=f"^{action.value} is not allowed here"):
        directory.authorize(owner, action, world.project, None, None, NOW)


def test_an_owner_reads_every_project_of_the_workspace_in_its_own_region(world: World, directory: Directory) -> None:
    grants = [
        directory.authorize(principal("ada"), Action.READ_METRICS, project, None, None, NOW).only
        for project in (world.project, world.sibling)
    ]

    assert grants == [Grant(world.project, "fra1"), Grant(world.sibling, "nyc3")]


def test_a_project_role_reaches_no_other_project_of_the_workspace(
    world: World, registry: Registry, directory: Directory
) -> None:
    registry.set_project_role(world.project, "bob", "admin")

    with pytest.raises(NotFound):
        directory.authorize(principal("bob"), Action.READ_METRICS, world.sibling, None, None, NOW)


def test_a_role_that_was_taken_away_counts_no_more(world: World, registry: Registry, directory: Directory) -> None:
    registry.set_workspace_role(world.workspace, "ada", None)

    with pytest.raises(NotFound):
        directory.authorize(principal("ada"), Action.READ_METRICS, world.project, None, None, NOW)


def test_finance_reads_the_usage_of_every_workspace(world: World, registry: Registry, directory: Directory) -> None:
    registry.set_platform_role("fay", "finance")

    for project in (world.project, world.sibling, world.foreign_project):
        assert (
            directory.authorize(principal("fay"), Action.READ_USAGE, project, None, None, NOW).only.environments is None
        )
        with pytest.raises(Forbidden):
            directory.authorize(principal("fay"), Action.READ_LOGS, project, None, None, NOW)


# --- unknown and foreign


def test_unknown_foreign_and_malformed_paths_look_the_same(world: World, directory: Directory) -> None:
    unknown = "99999999-9999-4999-8999-999999999999"
    paths: list[tuple[str, str | None, str | None]] = [
        (unknown, None, None),
        (world.foreign_project, None, None),
        (world.foreign_project, "secret", world.foreign_service),
        (world.project, "secret", None),
        (world.project, "nowhere", None),
        (world.project, None, unknown),
        (world.project, None, world.foreign_service),
        (world.project, "production", world.foreign_service),
        (world.sibling, "production", world.web),
        ("", None, None),
        ("%", None, None),
        ("x' OR '1'='1", None, None),
        ("\x00", None, None),
        (world.project.upper(), None, None),
        (world.project.replace("-", ""), None, None),
        (world.project + "\n", None, None),
        (world.project, "", None),
        (world.project, "PRODUCTION", None),
        (world.project, "production\n", None),
        (world.project, "*", None),
        (world.project, "a" * 31, None),
        (world.project, None, ""),
        (world.project, None, world.web.upper()),
        (world.project, None, world.web.replace("-", "")),
    ]

    told = set()
    for path in paths:
        with pytest.raises(NotFound) as refusal:
            directory.authorize(principal("ada"), Action.READ_METRICS, *path, NOW)
        told.add((refusal.value.message, refusal.value.code, refusal.value.status))

    assert told == {(ABSENT, "not_found", 404)}


def test_even_staff_gets_no_scope_of_what_does_not_exist(
    world: World, registry: Registry, directory: Directory
) -> None:
    registry.set_platform_role("pat", "platform")

    for project, environment in ((world.project, "nowhere"), ("99999999-9999-4999-8999-999999999999", None)):
        with pytest.raises(NotFound):
            directory.authorize(principal("pat"), Action.READ_CARDINALITY, project, environment, None, NOW)


# --- the workspace at the moment of asking


def test_a_move_changes_owners_exactly_at_its_instant(world: World, registry: Registry, directory: Directory) -> None:
    registry.move_project(world.project, world.foreign_workspace, NOW)

    def owners(instant: object) -> set[str]:
        found = set()
        for subject in ("ada", "eve"):
            try:
                directory.authorize(principal(subject), Action.READ_USAGE, world.project, None, None, instant)  # type: ignore[arg-type]
            except NotFound:
                continue
            found.add(subject)
        return found

    assert [owners(NOW - TICK), owners(NOW), owners(NOW + TICK)] == [{"ada"}, {"eve"}, {"eve"}]


def test_a_project_does_not_exist_before_its_first_instant(world: World, directory: Directory) -> None:
    for instant, exists in ((EARLIER - TICK, False), (EARLIER, True)):
        if exists:
            assert directory.authorize(principal("ada"), Action.READ_LOGS, world.project, None, None, instant).grants
        else:
            with pytest.raises(NotFound):
                directory.authorize(principal("ada"), Action.READ_LOGS, world.project, None, None, instant)


def test_a_workspace_token_follows_the_workspace_and_not_the_project(
    world: World, registry: Registry, directory: Directory
) -> None:
    registry.set_workspace_role(world.foreign_workspace, "ada", "owner")
    registry.move_project(world.project, world.foreign_workspace, NOW)
    narrowed = replace(principal("ada"), workspace_id=world.workspace)

    assert directory.authorize(narrowed, Action.READ_LOGS, world.project, None, None, NOW - TICK).grants
    with pytest.raises(NotFound):
        directory.authorize(narrowed, Action.READ_LOGS, world.project, None, None, NOW)
    assert directory.authorize(principal("ada"), Action.READ_LOGS, world.project, None, None, NOW).grants
