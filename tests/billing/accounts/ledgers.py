"""A real ledger for a test module, emptied for each test."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from billing.ledger.store import Ledger
from core import migration
from core.clickhouse import Endpoint
from sql.topology import Topology
from tests.compose.clickhouse.serving import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.compose.clickhouse.serving import Server


@dataclass(frozen=True, slots=True)
class RealLedger:
    """A running ledger; `url` has the writer's credential."""

    ledger: Ledger
    server: Server

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.server.writer_url

    def clear(self) -> None:
        """Take all rows and publications away."""
        client = self.server.writer()
        for table in ("usage", "publications"):
            client.command(f"TRUNCATE TABLE billing.{table}")
        client.close()


@contextmanager
def running_ledger(folder: Path) -> Iterator[RealLedger]:
    """A ledger with its schema."""
    with running(folder, migrated=False) as server:
        endpoint = Endpoint.of("the ledger", server.writer_url)
        migration.upgrade(endpoint, migration.LEDGER, Topology.SINGLE)
        ledger = Ledger.at(server.writer_url)
        try:
            yield RealLedger(ledger, server)
        finally:
            ledger.close()
