"""A ledger's store for tests: a real one, migrated, and what is found in it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from core import migration
from core.clickhouse import Endpoint
from sql.topology import Topology
from tests.compose.clickhouse.serving import Server, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

TABLES = (
    *("pod_observations", "pod_registrations", "pod_documents", "heartbeats", "nodes"),
    *("refused_evidence", "build_events"),
)


class Ledger:
    """The store's URL with the writer's credential, and its rows."""

    def __init__(self, server: Server) -> None:
        self.url = server.writer_url
        self._client: Client = server.writer()

    def rows(self, columns: str, table: str) -> list[tuple[Any, ...]]:
        """These columns of a table's rows, sorted by them; duplicates included."""
        query = f"SELECT {columns} FROM billing.{table} ORDER BY ALL"  # noqa: S608 - texts of tests
        return [tuple(row) for row in self._client.query(query).result_rows]

    def clear(self) -> None:
        """Empty all evidence; with a table's parts, the tokens of its inserts are forgotten."""
        for table in TABLES:
            self._client.command(f"TRUNCATE TABLE billing.{table}")

    def close(self) -> None:
        """Drop the connection."""
        self._client.close()


@contextmanager
def ledger(folder: Path) -> Iterator[Ledger]:
    """A store of its own with its data in `folder`."""
    with running(folder, migrated=False) as server:
        migration.upgrade(Endpoint.of("ledger", server.writer_url), migration.LEDGER, Topology.SINGLE)
        opened = Ledger(server)
        yield opened
        opened.close()
