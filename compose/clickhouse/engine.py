"""The chDB engine, used so that nothing of one request is left for the next.

Two habits of chDB 4.4.0 shape it. What a failed query had already put out stays with its handle and is prepended to
that handle's next answer: so every request has a handle of its own, closed whatever happens, and a read's rows go
through a pipe instead of the handle. And a text of several statements is run whole: `statement` lets one through.
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import chdb

from compose.clickhouse.failure import ClickHouseFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from compose.clickhouse.statement import Statement

_NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_FILE: Final = re.compile(
    r"\s*(?:INTO OUTFILE '/proc/self/fd/\d+' TRUNCATE|FROM INFILE '/proc/self/fd/\d+' COMPRESSION 'none')"
)


@dataclass(frozen=True, slots=True)
class Order:
    """What to run: the settings and `readonly` are fixed on the handle before it, parameters are bound by the engine.

    `mark` ends the statement as a comment, by which it is found when it must be killed.
    """

    statement: Statement
    format: str
    settings: Mapping[str, str]
    parameters: Mapping[str, str]
    database: str | None
    readonly: int
    mark: str


@dataclass(frozen=True, slots=True)
class Tally:
    """What a statement has read from tables, written and answered (rows, bytes), and how long it took (nanoseconds)."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    result_bytes: int = 0
    elapsed_ns: int = 0

    @classmethod
    def of(cls, result: Any) -> Self:  # noqa: ANN401 - chDB's results have no type of their own
        """The engine's account of a result."""
        return cls(
            read_rows=result.storage_rows_read(),
            read_bytes=result.storage_bytes_read(),
            written_rows=result.rows_written(),
            written_bytes=result.bytes_written(),
            result_rows=result.rows_read(),
            result_bytes=result.bytes_read(),
            elapsed_ns=int(result.elapsed() * 1e9),
        )


def _connect(address: str) -> chdb.state.sqlitelike.Connection:
    connect: Callable[[str], chdb.state.sqlitelike.Connection] = chdb.connect
    return connect(address)


class Engine:
    """The one engine of this process, on the data in `path`; all methods block and may be called from any thread.

    Raises:
        ClickHouseFailure: another process has the data open, or the configuration is wrong.
    """

    def __init__(self, path: Path, config: Path) -> None:
        self._address = f"{path}?config-file={config}"
        try:
            # The engine lives as long as one handle is open.
            self._keeper = _connect(self._address)
        except RuntimeError as failure:
            raise ClickHouseFailure.told_by(failure) from failure
        self.version = str(self._text("SELECT version()"))
        self.timezone = str(self._text("SELECT timezone()"))

    def _text(self, query: str) -> str:
        with self._handle({}, None, 1) as handle:
            text: str = handle.query(query, "TSVRaw", params={}).bytes().decode().strip()
            return text

    def close(self) -> None:
        """End the engine, once every request is over."""
        self._keeper.close()

    @contextlib.contextmanager
    def _handle(self, settings: Mapping[str, str], database: str | None, readonly: int) -> Iterator[Any]:
        with contextlib.closing(_connect(self._address)) as connection:
            # The wrapper is held while its inner handle is used: collecting it would close that one under our feet.
            handle = connection._conn  # noqa: SLF001 - the wrapper has no way to results' statistics or raw bytes
            try:
                if database:
                    handle.query(f"USE `{_escaped(database, '`')}`", "Null", params={})
                assignments = [f"{_checked(name)} = '{_escaped(value)}'" for name, value in settings.items()]
                if readonly:
                    assignments.append(f"readonly = {readonly}")
                if assignments:
                    handle.query(f"SET {', '.join(assignments)}", "Null", params={})
                yield handle
            except RuntimeError as failure:
                told = ClickHouseFailure.told_by(failure)
                raise ClickHouseFailure(told.code, _FILE.sub("", told.text)) from failure

    def read(self, order: Order, descriptor: int) -> Tally:
        """Run a READ; its answer goes to the writing end of a pipe, `descriptor`, which is closed at the end."""
        try:
            text, tail = order.statement.text, order.statement.tail
            clause = text[tail:] if order.statement.format else f"FORMAT {_checked(order.format)}"
            query = f"{text[:tail]}\nINTO OUTFILE '/proc/self/fd/{descriptor}' TRUNCATE {clause}\n/*{order.mark}*/"
            with self._handle(order.settings, order.database, order.readonly) as handle:
                return Tally.of(handle.query(query, "Null", params=dict(order.parameters)))
        finally:
            os.close(descriptor)

    def run(self, order: Order) -> tuple[bytes, Tally]:
        """Run a statement to its end; returns its answer, which is small."""
        query = f"{order.statement.text}\n/*{order.mark}*/"
        with self._handle(order.settings, order.database, order.readonly) as handle:
            result = handle.query(query, order.format, params=dict(order.parameters))
            return result.bytes(), Tally.of(result)

    def insert(self, order: Order, descriptor: int) -> Tally:
        """Run an INSERT of the data in the file that `descriptor` has open.

        As a statement, for chDB's streaming inserts say that all was written when the table has refused it: a violated
        constraint or a part too many are known to nobody, and the rows are gone.
        """
        text, tail = order.statement.text, order.statement.tail
        source = f"FROM INFILE '/proc/self/fd/{descriptor}' COMPRESSION 'none'"
        query = f"{text[:tail]}\n{source}\n{text[tail:]} FORMAT {_checked(order.format)}"
        with self._handle(order.settings, order.database, order.readonly) as handle:
            result = handle.query(query, "Null", params=dict(order.parameters))
            return Tally(
                written_rows=result.rows_written(),
                written_bytes=result.bytes_written(),
                elapsed_ns=int(result.elapsed() * 1e9),
            )

    def progress(self, mark: str) -> Tally:
        """What the statement with this mark has read so far; nothing when it does not run."""
        query = f"SELECT sum(read_rows), sum(read_bytes) FROM system.processes WHERE endsWith(query, '/*{mark}*/')"  # noqa: S608 - hexadecimal digits
        with self._handle({}, None, 1) as handle:
            rows, size = handle.query(query, "TSV", params={}).bytes().split()
            return Tally(read_rows=int(rows), read_bytes=int(size))

    def kill(self, mark: str) -> None:
        """Ask the statement with this mark to stop, if it runs."""
        with self._handle({}, None, 0) as handle:
            handle.query(f"KILL QUERY WHERE endsWith(query, '/*{mark}*/') ASYNC", "Null", params={})


def _escaped(text: str, quote: str = "'") -> str:
    return text.replace("\\", "\\\\").replace(quote, f"\\{quote}")


def _checked(name: str) -> str:
    """A name of a setting or a format that can stand in a statement."""
    if _NAME.fullmatch(name) is None:
        raise ClickHouseFailure.of((115, "UNKNOWN_SETTING"), f"Unknown setting '{name}'")
    return name
