"""The migrations build exactly the tables that the code describes, wholly or not at all, and travel in the wheel."""

from __future__ import annotations

import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from billing import schema as _billing_tables  # noqa: F401 - adds its tables to the metadata
from core import control
from core.control import Migration, reading, writing
from core.errors import ConfigurationError, Unavailable
from core.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

ROOT = Path(__file__).resolve().parents[2]
_REVISIONS = ["0001", "0002", "0003", "0004"]


@pytest.fixture
def empty(empty_url: str) -> Iterator[Engine]:
    engine = control.connect(empty_url)
    yield engine
    engine.dispose()


def test_an_empty_store_lacks_every_migration_and_a_migrated_one_none(empty: Engine) -> None:
    before = control.pending(empty)
    applied = control.upgrade(empty)

    assert [step.revision for step in before] == [step.revision for step in applied] == _REVISIONS
    assert before[0] == Migration(
        "0001", "Workspaces, projects, environments, services; members and their roles; API tokens; clusters."
    )
    assert control.pending(empty) == control.upgrade(empty) == []


def test_migrations_and_metadata_agree(empty: Engine) -> None:
    control.upgrade(empty)

    with reading(empty) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_difference_between_migrations_and_metadata_would_be_seen(empty: Engine) -> None:
    control.upgrade(empty)
    with writing(empty) as connection:
        connection.execute(text("DROP INDEX uq_project_workspaces_open"))
        connection.execute(text("ALTER TABLE clusters DROP COLUMN revoked_at"))

    with reading(empty) as connection:
        difference = compare_metadata(MigrationContext.configure(connection), metadata)
    assert sorted(entry[0] for entry in difference) == ["add_column", "add_index"]


def test_migrations_and_metadata_agree_in_what_alembic_does_not_compare(
    empty_url: str, tmp_path: Path, new_database: Callable[[], str]
) -> None:
    """Checks, and what a foreign key defers: the same whether the migrations or the metadata created the tables."""
    other = new_database() if empty_url.startswith("postgresql") else f"sqlite:///{tmp_path}/other.db"
    migrated, created = control.connect(empty_url), control.connect(other)
    control.upgrade(migrated)
    with writing(created) as connection:
        metadata.create_all(connection)

    expected, found = _constraints(created), _constraints(migrated)
    migrated.dispose()
    created.dispose()

    assert expected == found
    assert sum(len(checks) for checks, _ in expected.values()) == 21


def _constraints(engine: Engine) -> dict[str, tuple[Any, Any]]:
    with reading(engine) as connection:
        inspector = inspect(connection)
        return {
            table: (
                sorted((check["name"], check["sqltext"]) for check in inspector.get_check_constraints(table)),
                sorted(
                    (key["constrained_columns"], key["referred_table"], sorted(key.get("options", {}).items()))
                    for key in inspector.get_foreign_keys(table)
                ),
            )
            for table in metadata.tables
        }


def test_a_migration_that_fails_half_way_leaves_nothing(empty: Engine) -> None:
    with writing(empty) as connection:
        connection.execute(text("CREATE TABLE clusters (name integer)"))

    with pytest.raises(Unavailable):
        control.upgrade(empty)
    with reading(empty) as connection:
        assert inspect(connection).get_table_names() == ["clusters"]


def test_several_processes_may_migrate_at_once_and_one_does(empty: Engine) -> None:
    start, results = threading.Barrier(3, timeout=30), list[int]()

    def migrate() -> None:
        start.wait()
        results.append(len(control.upgrade(empty)))

    threads = [threading.Thread(target=migrate) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == [0, 0, len(_REVISIONS)]


def test_a_store_that_is_not_migrated_is_refused(empty: Engine) -> None:
    pending = len(_REVISIONS)
    with pytest.raises(
        Unavailable, match=rf"^control_store: {pending} migration\(s\) are pending; .*`starmeter migrate`"
    ):
        control.require_current(empty)

    control.upgrade(empty)
    control.require_current(empty)


@pytest.mark.parametrize("call", [control.pending, control.upgrade, control.require_current])
def test_a_store_of_a_newer_release_is_refused(call: Callable[[Engine], object], empty: Engine) -> None:
    control.upgrade(empty)
    with writing(empty) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(ConfigurationError, match=r"^control_store: it was migrated by a newer release"):
        call(empty)


def test_migrations_can_be_taken_back_and_run_again(empty: Engine) -> None:
    control.upgrade(empty)
    with writing(empty) as connection:
        config = Config()
        config.set_main_option("script_location", "sql:control")
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    with reading(empty) as connection:
        left = inspect(connection).get_table_names()

    assert left == ["alembic_version"]
    assert [step.revision for step in control.upgrade(empty)] == _REVISIONS


def test_the_wheel_carries_the_migrations(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import sql.control\n"
        "from core import control\n"
        "print(control.__file__, sql.control.__file__, sep='\\n')\n"
        "engine = control.connect(sys.argv[2])\n"
        "print(len(control.upgrade(engine)))\n"
    )
    arguments = [str(tmp_path / "site"), f"sqlite:///{tmp_path}/control.db"]
    told = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )

    assert told.stdout.splitlines() == [
        str(tmp_path / "site" / "core" / "control.py"),
        str(tmp_path / "site" / "sql" / "control" / "__init__.py"),
        str(len(_REVISIONS)),
    ]
