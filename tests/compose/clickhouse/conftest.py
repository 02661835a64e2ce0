"""The stores that these tests share: one a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.compose.clickhouse.serving import Server, named_or_running, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that conforms: a local store, unless the environment names another."""
    with named_or_running(tmp_path_factory.mktemp("clickhouse")) as started:
        yield started


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[Server]:
    """A local store, for what only that one does."""
    if server.pid:
        yield server
        return
    with running(tmp_path_factory.mktemp("local")) as started:
        yield started


@pytest.fixture(scope="session")
def writer(server: Server) -> Iterator[Client]:
    client = server.writer()
    yield client
    client.close()
