"""A real ledger and a control store, both empty at the beginning of each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core import control
from tests.billing.accounts.conftest import new_database, postgresql, postgresql_store, sqlite_store, store_url
from tests.billing.ledger.conftest import deposit, ledger, ledger_url
from tests.billing.runs.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from billing.ledger.store import Ledger
    from tests.billing.ledger.deposit import Deposit

__all__ = [
    "deposit",
    "ledger",
    "ledger_url",
    "new_database",
    "postgresql",
    "postgresql_store",
    "sqlite_store",
    "store_url",
]


@pytest.fixture
def scene(store_url: str, ledger_url: str, ledger: Ledger, deposit: Deposit, tmp_path: Path) -> Iterator[Scene]:
    """A region with a cluster, its builds and two workspaces; on SQLite and on PostgreSQL."""
    yield from _scene(store_url, ledger_url, ledger, deposit, tmp_path)


@pytest.fixture
def one_scene(sqlite_store: Path, ledger_url: str, ledger: Ledger, deposit: Deposit, tmp_path: Path) -> Iterator[Scene]:
    """The same on SQLite alone."""
    path = tmp_path / "control.db"
    path.write_bytes(sqlite_store.read_bytes())
    yield from _scene(f"sqlite:///{path}", ledger_url, ledger, deposit, tmp_path)


def _scene(url: str, ledger_url: str, ledger: Ledger, deposit: Deposit, folder: Path) -> Iterator[Scene]:
    deposit.clear()
    engine = control.connect(url)
    yield Scene(url, engine, ledger_url, ledger, deposit=deposit, folder=folder).build()
    engine.dispose()
