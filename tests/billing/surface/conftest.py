"""A real ledger with two workspaces in it, and a front-door before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from core import control
from tests.billing.surface import world as scene
from tests.billing.surface.serving import usage_door
from tests.compose.clickhouse.serving import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.billing.accounts.world import World
    from tests.billing.surface.serving import UsageDoor
    from tests.billing.surface.world import Tokens
    from tests.compose.clickhouse.serving import Server


@dataclass(frozen=True, slots=True)
class Scene:
    """A filled world, its stores, its tokens."""

    world: World
    control_store: str
    server: Server
    tokens: Tokens


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Both workspaces' usage in a real ledger; nothing is changed after that."""
    url = f"sqlite:///{tmp_path_factory.mktemp('usage-control') / 'control.db'}"
    engine = control.connect(url)
    control.upgrade(engine)
    world = scene.build(engine)
    scene.publish(world)
    tokens = scene.issue(world)
    with running(tmp_path_factory.mktemp("usage-ledger"), migrated=False) as server:
        scene.fill(world, server.writer_url)
        yield Scene(world, url, server, tokens)
    engine.dispose()


@pytest.fixture(scope="session")
def door(tmp_path_factory: pytest.TempPathFactory, stage: Scene) -> Iterator[UsageDoor]:
    """A front-door before it."""
    folder = tmp_path_factory.mktemp("usage-door")
    with usage_door(
        folder, control_store=stage.control_store, ledger_url=stage.server.reader_url, tokens=stage.tokens
    ) as running_door:
        yield running_door


@pytest.fixture
def acme(door: UsageDoor) -> Iterator[httpx.Client]:
    """A client with the token of the workspace's billing role."""
    with door.client() as session:
        yield session
