"""A log store of the tests' own, one a worker, with this release's schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.compose.clickhouse.serving import Server, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from clickhouse_connect.driver.client import Client


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("clickhouse")) as started:
        yield started


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Server]:
    """A store without any schema."""
    with running(tmp_path, migrated=False) as started:
        yield started


@pytest.fixture(scope="session")
def writer(server: Server) -> Iterator[Client]:
    client = server.writer()
    yield client
    client.close()
