"""A real ledger store, and evidence put into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from billing.ledger.store import Ledger
from core import migration
from core.clickhouse import Endpoint
from sql.topology import Topology
from tests.billing.ledger.deposit import Deposit
from tests.compose.clickhouse.serving import running

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def ledger_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a store with the ledger's schema, with the writer's credential."""
    with running(tmp_path_factory.mktemp("ledger"), migrated=False) as server:
        migration.upgrade(Endpoint.of("the ledger", server.writer_url), migration.LEDGER, Topology.SINGLE)
        yield server.writer_url


@pytest.fixture(scope="session")
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """The ledger in it."""
    opened = Ledger(Endpoint.of("the ledger", ledger_url))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def deposit(ledger_url: str) -> Iterator[Deposit]:
    """Where tests put evidence."""
    opened = Deposit(ledger_url)
    yield opened
    opened.close()
