"""What the platform's own staff may do across tenants, and what they are told of projects."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.errors import Forbidden
from core.scope import Action, Permit, Principal

if TYPE_CHECKING:
    from core.directory import Directory
    from core.registry import Registry
    from tests.core.conftest import World

EVERYTHING = frozenset(Action)
STAFF = Principal("staff", "token", EVERYTHING)


def test_the_platform_role_permits_reading_cardinality_and_nothing_else(
    registry: Registry, directory: Directory
) -> None:
    registry.set_platform_role("staff", "platform")

    assert directory.permit(STAFF, Action.READ_CARDINALITY) == Permit(STAFF, Action.READ_CARDINALITY)
    for action in EVERYTHING - {Action.READ_CARDINALITY}:
        with pytest.raises(Forbidden, match=f"^{action.value} is for the platform's own staff"):
            directory.permit(STAFF, action)


@pytest.mark.parametrize("role", [None, "finance"])
def test_another_role_or_none_permits_nothing(registry: Registry, directory: Directory, role: str | None) -> None:
    registry.set_platform_role("staff", role)

    with pytest.raises(Forbidden):
        directory.permit(STAFF, Action.READ_CARDINALITY)


def test_no_role_in_a_workspace_or_project_permits_anything(
    world: World, registry: Registry, directory: Directory
) -> None:
    registry.set_project_role(world.project, "ada", "admin")

    with pytest.raises(Forbidden):
        directory.permit(replace(STAFF, subject="ada"), Action.READ_CARDINALITY)


def test_a_token_without_the_action_or_narrowed_to_tenants_permits_nothing(
    world: World, registry: Registry, directory: Directory
) -> None:
    registry.set_platform_role("staff", "platform")

    for principal in (
        replace(STAFF, actions=EVERYTHING - {Action.READ_CARDINALITY}),
        replace(STAFF, workspace_id=world.workspace),
        replace(STAFF, project_id=world.project),
    ):
        with pytest.raises(Forbidden):
            directory.permit(principal, Action.READ_CARDINALITY)


def test_a_role_taken_away_permits_nothing_any_more(registry: Registry, directory: Directory) -> None:
    registry.set_platform_role("staff", "platform")
    registry.set_platform_role("staff", None)

    with pytest.raises(Forbidden):
        directory.permit(STAFF, Action.READ_CARDINALITY)


def test_previews_are_a_region_s_ephemeral_environments(world: World, directory: Directory) -> None:
    assert directory.previews("fra1") == {(world.project, "pr-7")}
    assert directory.previews("nyc3") == {(world.sibling, "pr-7")}
    assert directory.previews("ams3") == set()


def test_tiers_are_those_of_a_project_s_environments(world: World, directory: Directory) -> None:
    unknown = "dddddddd-0000-4000-8000-00000000000d"

    assert directory.tiers([world.project, world.foreign_project, unknown]) == {
        world.project: {"standard", "preview"},
        world.foreign_project: {"standard"},
    }
