"""A real ledger for a test module; its rows and publications are the module's own."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from billing.ledger.store import Ledger
from core import migration
from core.clickhouse import Endpoint
from sql.topology import Topology
from tests.compose.clickhouse.serving import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def running_ledger(folder: Path) -> Iterator[tuple[Ledger, str]]:
    """A ledger with its schema, and its URL with the writer's credential."""
    with running(folder, migrated=False) as server:
        endpoint = Endpoint.of("the ledger", server.writer_url)
        migration.upgrade(endpoint, migration.LEDGER, Topology.SINGLE)
        ledger = Ledger(endpoint)
        try:
            yield ledger, server.writer_url
        finally:
            ledger.close()
