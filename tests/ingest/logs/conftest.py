"""The store, the platform and the ingest process that a module's tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.compose.clickhouse.serving import Server, running
from tests.ingest.logs.serving import Running, Store, ingest
from tests.ingest.logs.world import Platform

if TYPE_CHECKING:
    from collections.abc import Iterator

# How long an example takes depends on what else the machine does, and proves nothing.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A store of this worker's own: tests empty it."""
    with running(tmp_path_factory.mktemp("clickhouse")) as started:
        yield started


@pytest.fixture(scope="session")
def _store(server: Server) -> Iterator[Store]:
    found = Store(server)
    yield found
    found.close()


@pytest.fixture
def store(_store: Store) -> Store:
    """The store, empty."""
    _store.clear()
    return _store


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """The control store with two regions' projects and clusters."""
    return Platform.create(tmp_path_factory.mktemp("control"))


@pytest.fixture(scope="module")
def running_ingest(tmp_path_factory: pytest.TempPathFactory, platform: Platform, server: Server) -> Iterator[Running]:
    """An ingest process that the module's tests share: they tell their records apart by their times and bodies."""
    with ingest(tmp_path_factory.mktemp("ingest"), platform, server.writer_url) as started:
        yield started
