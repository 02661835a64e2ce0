"""A token narrows what its subject's roles reach: the whole matrix of narrowings and paths, against sets."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from core.errors import NotFound
from core.scope import Action, Grant, Principal
from tests.core.conftest import EARLIER, NOW

if TYPE_CHECKING:
    from core.directory import Directory
    from core.registry import Registry
    from tests.core.conftest import World

ENVIRONMENTS = {"production", "pr-7"}


@pytest.mark.parametrize("within", ["anything", "the workspace", "the project", "both"])
def test_environments_and_services_of_path_and_token_meet_in_the_grant(
    within: str, world: World, directory: Directory
) -> None:
    workspace_id = world.workspace if within in {"the workspace", "both"} else None
    project_id = world.project if within in {"the project", "both"} else None
    services = {world.web, world.worker}
    for token_environments, token_services, environment, service in product(
        (None, {"production"}, {"pr-7"}, ENVIRONMENTS),
        (None, {world.web}, {world.worker}, services),
        (None, "production", "pr-7", "nowhere"),
        (None, world.web, world.worker, world.foreign_service),
    ):
        caller = Principal(
            "ada",
            "token",
            frozenset(Action),
            workspace_id,
            project_id,
            None if token_environments is None else frozenset(token_environments),
            None if token_services is None else frozenset(token_services),
        )
        reachable = (
            (ENVIRONMENTS & (token_environments or ENVIRONMENTS)) & ({environment} if environment else ENVIRONMENTS),
            (services & (token_services or services)) & ({service} if service else services),
        )
        if not all(reachable):
            with pytest.raises(NotFound):
                directory.authorize(caller, Action.READ_METRICS, world.project, environment, service, NOW)
            continue

        scope = directory.authorize(caller, Action.READ_METRICS, world.project, environment, service, NOW)

        # A part that neither narrows stays open, so that what is added to the project later is in it.
        assert scope.principal is caller
        assert scope.grants == (
            Grant(
                world.project,
                "fra1",
                frozenset(reachable[0]) if environment or token_environments else None,
                frozenset(reachable[1]) if service or token_services else None,
            ),
        )


@pytest.mark.parametrize("narrowing", ["sibling", "foreign project", "foreign workspace", "foreign pair"])
def test_a_token_narrowed_elsewhere_finds_nothing_here(
    narrowing: str, world: World, registry: Registry, directory: Directory
) -> None:
    """Even though its subject may read both."""
    registry.set_workspace_role(world.foreign_workspace, "ada", "owner")
    workspace_id, project_id = {
        "sibling": (None, world.sibling),
        "foreign project": (None, world.foreign_project),
        "foreign workspace": (world.foreign_workspace, None),
        "foreign pair": (world.foreign_workspace, world.foreign_project),
    }[narrowing]
    issued = registry.issue_token("ada", narrowing, workspace_id=workspace_id, project_id=project_id, now=EARLIER)
    caller = directory.authenticate(issued.text, NOW)
    elsewhere = world.sibling if narrowing == "sibling" else world.foreign_project

    assert directory.authorize(caller, Action.READ_METRICS, elsewhere, None, None, NOW).only.project_id == elsewhere
    with pytest.raises(NotFound):
        directory.authorize(caller, Action.READ_METRICS, world.project, None, None, NOW)


def test_a_token_gives_nothing_that_its_subject_has_not(world: World, registry: Registry, directory: Directory) -> None:
    registry.set_project_role(world.sibling, "bob", "viewer")
    issued = registry.issue_token("bob", "hopeful", workspace_id=world.workspace, project_id=world.project, now=EARLIER)
    caller = directory.authenticate(issued.text, NOW)

    with pytest.raises(NotFound):
        directory.authorize(caller, Action.READ_METRICS, world.project, None, None, NOW)
