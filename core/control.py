"""The control store: how SQLite and PostgreSQL are opened, read, written and migrated alike."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from sqlalchemy import Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from core.errors import BadRequest, ConfigurationError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import URL
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

_FORMS: Final = "write it as sqlite:///path/to/file.db or postgresql://user:password@host:5432/database"
_CONNECT_SECONDS: Final = 5
# A reader gave up long before; this frees its thread, and leaves a migration room.
_STATEMENT_MILLISECONDS: Final = 30_000
_BUSY_MILLISECONDS: Final = 5_000
_IMMEDIATE: Final = "sqlite_begin_immediate"
# Any number, the same in every process: whoever migrates a PostgreSQL store holds this lock.
_MIGRATION_LOCK: Final = 7_824_611_930


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the store's schema."""

    revision: str
    summary: str


def connect(url: str) -> Engine:
    """Open the control store and prove that it answers; a SQLite file and its folder are created when missing.

    Raises:
        ConfigurationError: the URL is none, or names another database; a password in it is never repeated.
        Unavailable: the store does not answer.
    """
    parsed = _parse(url)
    try:
        engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed)
        engine.connect().close()
    except (ArgumentError, TypeError, OSError):
        raise ConfigurationError(f"control_store: {_shown(parsed)} cannot be opened; {_FORMS}") from None
    except DBAPIError as failure:
        raise Unavailable(
            f"control_store: {_shown(parsed)} does not answer; check that it runs and that the URL is right"
        ) from failure
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection to read with, on one snapshot in SQLite; nothing is committed.

    Raises:
        Unavailable: the store fails, or has not been migrated.
    """
    with _translated(engine), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction: committed at the end, rolled back on any error. SQLite's single writer waits for its turn here.

    Raises:
        BadRequest: a constraint refuses what was written.
        Unavailable: the store fails, is locked for too long, or has not been migrated.
    """
    with (
        _translated(engine),
        engine.connect().execution_options(**{_IMMEDIATE: True}) as connection,
        connection.begin(),
    ):
        yield connection


def pending(engine: Engine) -> list[Migration]:
    """The migrations that the store still lacks, in the order in which they will run.

    Raises:
        ConfigurationError: the store was migrated by a newer release.
        Unavailable: the store fails.
    """
    with reading(engine) as connection:
        return _pending(connection)


def upgrade(engine: Engine) -> list[Migration]:
    """Run the pending migrations in one transaction, alone even when several processes try; returns what was run.

    Raises:
        ConfigurationError: the store was migrated by a newer release.
        Unavailable: the store fails.
    """
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        missing = _pending(connection)
        if missing:
            command.upgrade(_alembic(connection), "head")
        return missing


def require_current(engine: Engine) -> None:
    """Refuse a store whose migrations are not all applied.

    Raises:
        ConfigurationError: the store was migrated by a newer release.
        Unavailable: migrations are pending, or the store fails.
    """
    if missing := pending(engine):
        raise Unavailable(
            f"control_store: {len(missing)} migration(s) are pending; apply them with `starmeter migrate`"
        )


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The cause would quote the text, and with it a password.
        raise ConfigurationError(f"control_store: not a database URL; {_FORMS}") from None
    match parsed.drivername:
        case "sqlite" | "sqlite+pysqlite":
            if parsed.database in {None, "", ":memory:"}:
                raise ConfigurationError(f"control_store: every thread would see its own store in memory; {_FORMS}")
            return parsed
        case "postgresql" | "postgres" | "postgresql+psycopg":
            if "@" in (parsed.host or ""):
                # An unescaped @ ends the password early, and the rest of it would be shown as the host.
                raise ConfigurationError("control_store: the password has a plain @; write it as %40")
            return parsed.set(drivername="postgresql+psycopg")
        case _:
            raise ConfigurationError(f"control_store: neither SQLite nor PostgreSQL; {_FORMS}")


def _shown(url: URL) -> str:
    """What of a URL may be printed: no user, no password, no parameter (which may hold a password, too)."""
    place = url.host or str(url.query.get("host", ""))
    port = f":{url.port}" if url.port else ""
    return f"{url.get_backend_name()}://{place}{port}/{url.database or ''}"


def _postgresql(url: URL) -> Engine:
    bounds = {
        "connect_timeout": _CONNECT_SECONDS,
        "tcp_user_timeout": _STATEMENT_MILLISECONDS,
        "options": f"-c statement_timeout={_STATEMENT_MILLISECONDS}",
    }
    return create_engine(url, pool_pre_ping=True, connect_args=bounds)


def _sqlite(url: URL) -> Engine:
    Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # Python's driver begins a transaction late, before the first change of a row, and so not for DDL: begin it here.
    # One that reads before it writes cannot wait for another writer: it must take the lock at its beginning.
    immediate = connection.get_execution_options().get(_IMMEDIATE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    try:
        yield
    except IntegrityError as failure:
        # What a caller can do wrong is refused before it is written; what is left is a race lost to another writer.
        raise BadRequest("control_store: someone else has just written the same; look at it and try again") from failure
    except (DBAPIError, NoConnectionLeft) as failure:
        raise Unavailable(
            f"control_store: {_shown(engine.url)} fails; check that it runs and that `starmeter migrate` was applied"
        ) from failure


def _alembic(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", "sql:control")
    config.attributes["connection"] = connection
    return config


def _pending(connection: Connection) -> list[Migration]:
    scripts = ScriptDirectory.from_config(_alembic(connection))
    current = MigrationContext.configure(connection).get_current_revision()
    try:
        steps = list(scripts.iterate_revisions("heads", current or "base"))
    except RevisionError as failure:
        raise ConfigurationError(
            "control_store: it was migrated by a newer release; run that release, or restore the store's backup"
        ) from failure
    return [Migration(step.revision, step.doc) for step in reversed(steps)]
