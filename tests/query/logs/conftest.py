"""A real store with two rivals' records, and readers bound to one of them."""

from __future__ import annotations

import functools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from compose.process import free_port
from core import clickhouse
from query.logs.settings import LogLimits
from query.logs.store import LogStore, Source
from tests.compose.clickhouse.serving import named_or_running
from tests.query.logs import samples
from tests.query.logs.serving import log_door

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import httpx
    from clickhouse_connect.driver.client import Client

    from tests.compose.clickhouse.serving import Server
    from tests.query.logs.reference import Sample
    from tests.query.logs.serving import LogDoor
    from tests.query.platform import Tokens


@pytest.fixture(scope="session")
def moment() -> int:
    """The end of the samples' range, in nanoseconds: an hour ago, apart from what tests insert as of now."""
    return samples.now() - 3600 * samples.SECOND


@pytest.fixture(scope="session")
def log_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real ClickHouse with the schema."""
    with named_or_running(tmp_path_factory.mktemp("log-store")) as server:
        yield server


@pytest.fixture(scope="session")
def log_writer(log_server: Server) -> Iterator[Client]:
    """Its raw writer."""
    client = log_server.writer()
    yield client
    client.close()


@pytest.fixture(scope="session")
def ours(log_writer: Client, moment: int) -> list[Sample]:
    """A's records; the rival's are in the same store."""
    mine, _ = samples.insert_for(log_writer, count=400, end=moment, seed=20260131)
    return mine


def source(url: str, region: str = "near") -> Source:
    """How a region's reader is had, by a URL with its credential."""
    parts = urlsplit(url)
    name = f"region {region}: the log store"
    endpoint = clickhouse.Endpoint.of(name, parts.geturl())
    return Source(
        region,
        functools.partial(clickhouse.reader, endpoint),
        functools.partial(clickhouse.translated, name),
    )


@asynccontextmanager
async def proved(url: str) -> AsyncIterator[LogStore]:
    """A store that has passed its probe."""
    store = LogStore(source(url), probe_seconds=3600)
    await store.check()
    assert store.reason is None
    try:
        yield store
    finally:
        await store.close()


LIMITS = LogLimits()


@pytest.fixture(scope="session")
def door_of_logs(
    tmp_path_factory: pytest.TempPathFactory, log_server: Server, ours: list[Sample], control: tuple[str, Tokens]
) -> Iterator[LogDoor]:
    """A front-door over the store with everybody's records; the log store of region `far` is down."""
    assert ours
    urls = {"near": log_server.reader_url, "far": f"http://reader:x@127.0.0.1:{free_port()}"}
    with log_door(tmp_path_factory.mktemp("log-door"), urls, control=control) as door:
        yield door


@pytest.fixture
def logs(door_of_logs: LogDoor) -> Iterator[httpx.Client]:
    """A client with A's viewer token, based on A's logs."""
    with door_of_logs.client() as session:
        yield session
