"""The start-up probe: passes for a store that holds its readers, and for no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core import clickhouse, isolation, migration
from core.clickhouse import Endpoint
from core.errors import ServiceError, Unavailable
from sql.topology import Topology

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from tests.compose.clickhouse.serving import Server


async def _prove(url: str) -> None:
    client = await clickhouse.reader(Endpoint.of("the store", url))
    try:
        await isolation.prove(client, "the store")
    finally:
        await client.close()


async def test_a_store_that_holds_its_readers_is_served(server: Server) -> None:
    await _prove(server.reader_url)


async def test_a_reader_whom_no_policy_holds_is_not_served(server: Server) -> None:
    """The writer sees all: what a reader would see on a server without row policies."""
    with pytest.raises(Unavailable, match="row policies do not hold"):
        await _prove(server.writer_url)


async def test_a_store_without_the_schema_is_not_served(fresh: Server) -> None:
    with pytest.raises(Unavailable, match=r"^the store fails"):
        await _prove(fresh.reader_url)


async def test_a_store_without_its_canary_is_not_served(fresh: Server) -> None:
    migration.upgrade(Endpoint.of("the store", fresh.writer_url), "logs", Topology.SINGLE)
    await _prove(fresh.reader_url)
    client: Client = fresh.writer()
    client.command("TRUNCATE TABLE starmeter.logs")
    client.close()

    with pytest.raises(Unavailable, match="row policies do not hold"):
        await _prove(fresh.reader_url)


async def test_a_store_that_is_away_is_not_served() -> None:
    with pytest.raises(Unavailable, match=r"^the store does not answer$"):
        await _prove("http://reader:x@127.0.0.1:1")


@pytest.mark.parametrize(
    ("version", "is_mended"),
    [
        ("26.9.2.1", True),
        ("26.7.6.1", True),
        ("26.7.5.9", False),
        ("26.3.22.4", True),
        ("26.3.21.4", False),
        ("26.4.99.1", False),
        ("25.8.1.1", False),
        ("27.1.1.1", True),
        ("unknown", False),
    ],
)
def test_releases_with_known_ways_past_policies_are_not_served(version: str, *, is_mended: bool) -> None:
    assert isolation._is_mended(version) is is_mended  # noqa: SLF001 - a server of every release is not to be had


async def test_what_the_store_refuses_is_told_without_its_words(server: Server) -> None:
    client = await clickhouse.reader(Endpoint.of("the store", server.reader_url))
    try:
        with (
            pytest.raises(ServiceError, match=r"^the store refused a statement of ours \(code 164\)$"),
            clickhouse.translated("the store"),
        ):
            await client.command("DROP TABLE starmeter.logs")
    finally:
        await client.close()
