"""Each test has an empty control store: a copy of a migrated SQLite file, or the session's PostgreSQL database."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from billing import schema as _billing_tables  # noqa: F401 - adds its tables to the metadata
from billing.accounts.budgets import Budgets
from core import control
from core.control import writing
from core.schema import metadata
from tests.billing.accounts.spending import BOOK, SETTINGS
from tests.billing.accounts.world import World, day
from tests.core.conftest import new_database, postgresql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Engine

__all__ = ["new_database", "postgresql"]


def _migrate(url: str) -> None:
    engine = control.connect(url)
    control.upgrade(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def sqlite_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file without a row."""
    path = tmp_path_factory.mktemp("accounts") / "control.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_store(new_database: Callable[[], str]) -> str:
    """The URL of a migrated PostgreSQL database without a row."""
    url = new_database()
    _migrate(url)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a store with tables and no rows; on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        path = tmp_path / "control.db"
        shutil.copyfile(request.getfixturevalue("sqlite_store"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgresql_store")
    opened = control.connect(url)
    # Emptied so, no trigger is asked, which would not let the rows go; a database for each test costs a second.
    tables = ", ".join(table.name for table in metadata.sorted_tables)
    with writing(opened) as connection:
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    opened.dispose()
    return url


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    """The store, opened."""
    opened = control.connect(store_url)
    yield opened
    opened.dispose()


@pytest.fixture
def world(engine: Engine) -> World:
    """A workspace and its neighbour in the store."""
    return World(engine).build()


@pytest.fixture
def budgets(world: World) -> Budgets:
    """No budget yet; builds have a price, and it is the third of March."""
    world.activate(BOOK)
    world.at = day(3).start
    return Budgets(world.engine, SETTINGS, clock=world.clock)
