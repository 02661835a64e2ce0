"""Opening the control store: which URLs it takes, what it never prints, and how its transactions behave."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import StatementError

from core import control
from core.control import reading, writing
from core.errors import BadRequest, ConfigurationError, StarmeterError, Unavailable
from core.schema import clusters, environments, projects, workspace_members, workspaces
from tests.core.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

    from tests.core.conftest import World

ID = "11111111-1111-4111-8111-111111111111"


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="empty"),
        pytest.param("control.db", id="a path alone"),
        pytest.param("mysql://u:hunter2@h/d", id="another database"),
        pytest.param("postgresql+asyncpg://u:hunter2@h/d", id="another driver"),
        pytest.param("sqlite+aiosqlite:///x.db", id="another SQLite driver"),
        pytest.param("sqlite://", id="memory, unnamed"),
        pytest.param("sqlite:///:memory:", id="memory"),
        pytest.param("sqlite://host/x.db", id="a SQLite host"),
        pytest.param("postgresql://u:hunter2@h:port/d", id="a port that is no number"),
        pytest.param("postgresql://u:pass@hunter2@h/d", id="a plain @ in the password"),
    ],
)
def test_a_url_is_refused_by_its_key_and_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^control_store: ") as refusal:
        control.connect(url)

    told: BaseException | None = refusal.value
    while told is not None:
        assert "hunter2" not in str(told)
        told = told.__cause__


def test_an_unreachable_store_is_named_without_user_and_password() -> None:
    with pytest.raises(Unavailable) as refusal:
        control.connect("postgresql://ada:hunter2@127.0.0.1:1/star?password=hunter3&sslpassword=hunter4")

    assert refusal.value.message == (
        "control_store: postgresql://127.0.0.1:1/star does not answer; check that it runs and that the URL is right"
    )
    assert "hunter" not in str(refusal.value.__cause__)


def test_a_sqlite_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(ConfigurationError, match=r"^control_store: sqlite:///"):
        control.connect(f"sqlite:///{tmp_path}/file/control.db")


def test_a_file_that_is_no_sqlite_store_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "control.db").write_bytes(b"something else entirely" * 100)

    with pytest.raises(Unavailable, match=r"^control_store: sqlite:///"):
        control.connect(f"sqlite:///{tmp_path}/control.db")


def test_sqlite_runs_with_foreign_keys_a_write_ahead_log_and_patience(tmp_path: Path) -> None:
    engine = control.connect(f"sqlite:///{tmp_path}/new/folder/control.db")
    with reading(engine) as connection:
        settings = [
            connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("foreign_keys", "journal_mode", "busy_timeout")
        ]
    engine.dispose()

    assert settings == [1, "wal", 5000]


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_spelling_of_a_postgresql_url_works(scheme: str, new_database: Callable[[], str]) -> None:
    engine = control.connect(new_database().replace("postgresql", scheme, 1))
    with reading(engine) as connection:
        answer: str = connection.execute(text("SELECT version()")).scalar_one()
    engine.dispose()

    assert answer.startswith("PostgreSQL ")


def test_a_store_that_goes_away_is_unavailable_and_not_a_crash(
    new_database: Callable[[], str], postgresql: str
) -> None:
    url = new_database()
    engine = control.connect(url)
    name = engine.url.database
    administrator = control.connect(postgresql).execution_options(isolation_level="AUTOCOMMIT")
    with administrator.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    administrator.dispose()

    with (
        pytest.raises(Unavailable, match=r"^control_store: postgresql://.* fails; check"),
        reading(engine) as connection,
    ):
        connection.execute(select(1))
    engine.dispose()


def test_a_store_without_tables_says_how_to_get_them(empty_url: str) -> None:
    engine = control.connect(empty_url)
    with pytest.raises(Unavailable, match="`starmeter migrate`"), reading(engine) as connection:
        connection.execute(select(workspaces))
    engine.dispose()


def test_a_failed_transaction_leaves_nothing(engine: Engine) -> None:
    def fail() -> None:
        with writing(engine) as connection:
            connection.execute(insert(workspaces).values(id=ID, name="Acme"))
            raise BadRequest("name: changed our mind")

    with pytest.raises(BadRequest, match="changed our mind"):
        fail()

    with reading(engine) as connection:
        assert connection.execute(select(workspaces)).all() == []


def test_a_reader_commits_nothing(engine: Engine) -> None:
    with reading(engine) as connection:
        connection.execute(insert(workspaces).values(id=ID, name="Acme"))

    with reading(engine) as connection:
        assert connection.execute(select(workspaces)).all() == []


def test_two_writers_take_turns_and_neither_loses_its_write(engine: Engine) -> None:
    """Both read before they write: in SQLite this fails at once unless the lock is taken at the beginning."""
    inside, failures = threading.Barrier(2, timeout=30), list[StarmeterError]()
    with writing(engine) as connection:
        connection.execute(insert(workspaces).values(id=ID, name=""))

    def write(letter: str) -> None:
        inside.wait()
        try:
            for _ in range(20):
                with writing(engine) as connection:
                    name = connection.execute(select(workspaces.c.name).with_for_update()).scalar_one()
                    connection.execute(update(workspaces).values(name=name + letter))
        except StarmeterError as failure:
            failures.append(failure)

    writers = [threading.Thread(target=write, args=(letter,)) for letter in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    with reading(engine) as connection:
        name = connection.execute(select(workspaces.c.name)).scalar_one()
    assert not failures
    assert (name.count("a"), name.count("b")) == (20, 20)


def test_a_lost_race_is_told_as_one(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(insert(workspaces).values(id=ID, name="Acme"))

    with pytest.raises(BadRequest, match="someone else"), writing(engine) as connection:
        connection.execute(insert(workspaces).values(id=ID, name="Acme"))


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(
            lambda _: insert(workspaces).values(id=ID.upper().replace("1", "A"), name="x"), id="id in capitals"
        ),
        pytest.param(lambda _: insert(workspaces).values(id="1" * 32, name="x"), id="id without hyphens"),
        pytest.param(
            lambda world: insert(environments).values(
                project_id=world.project, name="Prod", is_ephemeral=False, is_protected=False, tier="x"
            ),
            id="environment in capitals",
        ),
        pytest.param(
            lambda world: insert(environments).values(
                project_id=world.project, name="", is_ephemeral=False, is_protected=False, tier="x"
            ),
            id="environment without a name",
        ),
        pytest.param(
            lambda world: insert(workspace_members).values(workspace_id=world.workspace, subject="x", role="viewer"),
            id="a project's role in a workspace",
        ),
        pytest.param(
            lambda _: insert(workspace_members).values(workspace_id=ID, subject="x", role="owner"),
            id="a workspace that does not exist",
        ),
        pytest.param(
            lambda _: insert(clusters).values(name="c", region="r", token_hash="sm_plain", created_at=NOW),
            id="a token instead of its hash",
        ),
    ],
)
def test_the_database_itself_refuses(row: Callable[[World], object], engine: Engine, world: World) -> None:
    with pytest.raises(BadRequest), writing(engine) as connection:
        connection.execute(row(world))  # type: ignore[call-overload]


def test_times_come_back_aware_in_utc_to_the_microsecond(engine: Engine) -> None:
    elsewhere = datetime(2026, 3, 29, 3, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    with writing(engine) as connection:
        connection.execute(insert(projects).values(id=ID, name="x", region="r", created_at=elsewhere))
    with reading(engine) as connection:
        stored = connection.execute(select(projects.c.created_at)).scalar_one()
        found = connection.execute(select(projects.c.id).where(projects.c.created_at == elsewhere)).scalar()

    assert (stored, stored.tzinfo, found) == (elsewhere, UTC, ID)


def test_a_time_without_a_zone_is_never_stored(engine: Engine) -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - what is refused
    with pytest.raises(StatementError, match="without a zone"), writing(engine) as connection:
        connection.execute(insert(projects).values(id=ID, name="x", region="r", created_at=naive))
