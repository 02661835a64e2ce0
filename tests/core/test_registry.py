"""Writes to the directory: what they refuse, by which field, and what they keep."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import select

from core import token
from core.control import reading
from core.errors import BadRequest
from core.schema import clusters, environments, project_members, project_workspaces, projects, services, workspaces
from tests.core.conftest import EARLIER, NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine, Row

    from core.registry import Registry
    from tests.core.conftest import World

ABSENT = "99999999-9999-4999-8999-999999999999"
NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001 - what is refused


REFUSALS: list[Any] = [
    pytest.param(lambda r, _: r.create_workspace(" "), "name: use 1 to 100", id="workspace without a name"),
    pytest.param(lambda r, _: r.create_workspace("x", workspace_id="7"), "workspace_id: not a UUID", id="id no UUID"),
    pytest.param(
        lambda r, w: r.create_workspace("x", workspace_id=w.workspace), "workspace_id: is taken", id="workspace twice"
    ),
    pytest.param(
        lambda r, _: r.create_project(ABSENT, "x", "fra1", at=NOW),
        "workspace_id: does not exist",
        id="project of no workspace",
    ),
    pytest.param(
        lambda r, w: r.create_project(w.workspace, "x", "Fra 1", at=NOW), "region: not a label", id="region no label"
    ),
    pytest.param(
        lambda r, w: r.create_project(w.workspace, "x", "fra1", at=NAIVE),
        "at: has no time zone",
        id="time without zone",
    ),
    pytest.param(
        lambda r, w: r.create_project(w.workspace, "x", "fra1", project_id=w.project, at=NOW),
        "project_id: is taken",
        id="project twice",
    ),
    pytest.param(
        lambda r, w: r.move_project(ABSENT, w.workspace, NOW), "project_id: does not exist", id="move of nothing"
    ),
    pytest.param(
        lambda r, w: r.move_project(w.project, ABSENT, NOW), "workspace_id: does not exist", id="move to nowhere"
    ),
    pytest.param(
        lambda r, w: r.move_project(w.project, w.workspace, NOW), "workspace_id: already holds", id="move to itself"
    ),
    pytest.param(
        lambda r, w: r.move_project(w.project, w.foreign_workspace, EARLIER),
        "at: must be later than 2026-01-01T00:00:00",
        id="move at the first instant",
    ),
    pytest.param(
        lambda r, w: r.move_project(w.project, w.foreign_workspace, NAIVE),
        "at: has no time zone",
        id="move without zone",
    ),
    pytest.param(
        lambda r, _: r.create_environment(ABSENT, "x"), "project_id: does not exist", id="environment of no project"
    ),
    pytest.param(
        lambda r, w: r.create_environment(w.project, "Prod"), "name: not a legal name", id="environment in capitals"
    ),
    pytest.param(
        lambda r, w: r.create_environment(w.project, "x" * 31), "name: not a legal name", id="environment too long"
    ),
    pytest.param(lambda r, w: r.create_environment(w.project, "production"), "name: is taken", id="environment twice"),
    pytest.param(
        lambda r, w: r.create_environment(w.project, "x", tier="Gold!"), "tier: not a label", id="tier no label"
    ),
    pytest.param(lambda r, _: r.create_service(ABSENT, "x"), "project_id: does not exist", id="service of no project"),
    pytest.param(lambda r, w: r.create_service(w.project, ""), "name: use 1 to 100", id="service without a name"),
    pytest.param(lambda r, w: r.create_service(w.project, "web"), "name: is taken", id="service name twice"),
    pytest.param(
        lambda r, w: r.create_service(w.sibling, "api", service_id=w.web), "service_id: is taken", id="service id twice"
    ),
    pytest.param(
        lambda r, w: r.set_workspace_role(w.workspace, "bob", "viewer"),
        "role: 'viewer' is unknown; choose one of owner, admin, billing, member",
        id="unknown role in a workspace",
    ),
    pytest.param(
        lambda r, w: r.set_project_role(w.project, "bob", "owner"),
        "role: 'owner' is unknown; choose one of admin, developer, viewer",
        id="unknown role in a project",
    ),
    pytest.param(
        lambda r, _: r.set_platform_role("bob", "root"),
        "role: 'root' is unknown; choose one of platform, finance",
        id="unknown role of the platform",
    ),
    pytest.param(
        lambda r, _: r.set_workspace_role(ABSENT, "bob", "owner"),
        "workspace_id: does not exist",
        id="role in no workspace",
    ),
    pytest.param(
        lambda r, _: r.set_project_role(ABSENT, "bob", "viewer"), "project_id: does not exist", id="role in no project"
    ),
    pytest.param(
        lambda r, w: r.set_workspace_role(w.workspace, "", "owner"), "subject: use 1 to 200", id="role of nobody"
    ),
    pytest.param(lambda r, _: r.create_cluster("A", "fra1", NOW), "name: not a label", id="cluster no label"),
    pytest.param(lambda r, _: r.create_cluster("a", "", NOW), "region: not a label", id="cluster without a region"),
    pytest.param(lambda r, _: r.create_cluster("a", "fra1", NAIVE), "now: has no time zone", id="cluster without zone"),
    pytest.param(
        lambda r, _: r.create_cluster("a", "fra1", NOW, token="secret"),
        "token: not of a token's form",
        id="cluster token",
    ),
]


@pytest.mark.parametrize(("call", "told"), REFUSALS)
def test_a_write_is_refused_by_its_field(
    call: Callable[[Registry, World], object], told: str, registry: Registry, world: World, engine: Engine
) -> None:
    before = _rows(engine)
    with pytest.raises(BadRequest) as refusal:
        call(registry, world)

    assert refusal.value.message.startswith(told)
    assert _rows(engine) == before


def _rows(engine: Engine) -> dict[str, list[Row[Any]]]:
    tables = (workspaces, projects, project_workspaces, environments, services, project_members, clusters)
    with reading(engine) as connection:
        return {table.name: sorted(connection.execute(select(table)), key=str) for table in tables}


def test_ids_are_made_canonical_or_generated(registry: Registry, engine: Engine) -> None:
    given_id = registry.create_workspace("x", workspace_id="ABCDEF00-1111-4111-8111-111111111111")
    made = registry.create_workspace("y")
    registry.create_project(given_id.replace("-", "").upper(), "z", "fra1", at=NOW)

    assert given_id == "abcdef00-1111-4111-8111-111111111111"
    assert str(UUID(made)) == made
    with reading(engine) as connection:
        assert connection.execute(select(project_workspaces.c.workspace_id)).scalar_one() == given_id


def test_an_environment_keeps_its_flags_and_its_name_says_nothing(
    world: World, registry: Registry, engine: Engine
) -> None:
    registry.create_environment(world.project, "pr-123")
    registry.create_environment(world.project, "live", is_ephemeral=True, is_protected=True, tier="gold")
    flags = select(environments.c.name, environments.c.is_ephemeral, environments.c.is_protected, environments.c.tier)
    with reading(engine) as connection:
        found = connection.execute(flags.where(environments.c.name.in_(["pr-123", "live"]))).all()

    assert sorted(map(tuple, found)) == [("live", True, True, "gold"), ("pr-123", False, False, "standard")]


def test_a_role_replaces_the_one_before_it(world: World, registry: Registry, engine: Engine) -> None:
    for role in ("viewer", "admin", "admin"):
        registry.set_project_role(world.project, "bob", role)
    with reading(engine) as connection:
        assert connection.execute(select(project_members.c.role)).scalars().all() == ["admin"]

    registry.set_project_role(world.project, "bob", None)
    registry.set_project_role(world.project, "bob", None)
    with reading(engine) as connection:
        assert connection.execute(select(project_members.c.role)).scalars().all() == []


def test_a_cluster_gets_a_token_of_which_only_the_hash_stays(registry: Registry, engine: Engine) -> None:
    chosen = token.issue()
    made = registry.create_cluster("one", "fra1", NOW)
    assert registry.create_cluster("two", "fra1", NOW, token=chosen) == chosen
    for name, text, told in (("one", None, "name: is taken"), ("three", chosen, "token: is taken")):
        with pytest.raises(BadRequest, match=f"^{told}"):
            registry.create_cluster(name, "fra1", NOW, token=text)

    with reading(engine) as connection:
        found = connection.execute(select(clusters.c.name, clusters.c.token_hash, clusters.c.created_at)).all()
    assert sorted(map(tuple, found)) == [("one", token.digest(made), NOW), ("two", token.digest(chosen), NOW)]
