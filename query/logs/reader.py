"""The tenant-bound reader of a log store: whatever it sends carries its grant, whatever it returns is of its grant."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from contextlib import contextmanager
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from core.errors import Unavailable
from query.logs.arguments import OverLimitError
from query.logs.statement import TOO_LARGE, Statement
from query.logs.table import ids_of
from query.logs.verification import assert_rows, verify
from query.verification import IsolationError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Iterator, Mapping

    from core.scope import Grant
    from query.logs.condition import Condition, Value
    from query.logs.settings import LogLimits
    from query.logs.store import LogStore

Row = Sequence[Any]

# Statements whose rows have the environment and the service behind the project.
_OF_RECORDS: Final = frozenset({"backward", "forward", "tail", "tail_shared", "hit"})

# The client library reads some ten batches ahead: with these, two dozen megabytes of usual records.
_BLOCK_ROWS: Final = 4_096
# How the store writes an export: JSON within lines, and columns that need not be unpacked here, which costs both sides
# more than what they would save on the way.
_WRITTEN: Final = {"output_format_json_escape_forward_slashes": 0, "output_format_arrow_compression_method": "none"}

# The store's code for a statement that it cannot read: ours are well-formed, so it is longer than it reads.
_UNREADABLE: Final = 62

_log = logging.getLogger("query.logs.reader")


class LogReader:
    """Reads one grant's records from its region's store.

    Every call raises `Unavailable` when the store is not ready or does not answer, `TooMuchRead` and `TookTooLong` when
    it runs into a limit, and `IsolationError` when a statement or a row is outside the grant.
    """

    def __init__(self, store: LogStore, grant: Grant, limits: LogLimits) -> None:
        self._store = store
        self._grant = grant
        self._limits = limits
        self.rows_read = 0

    @property
    def density(self) -> float | None:
        """How many records a nanosecond of the project's time holds; `None` while that is not known."""
        return self._store.density.of(self._grant.project_id)

    def note_density(self, length: int, records: int) -> None:
        """Remember that so many nanoseconds hold so many records."""
        self._store.density.note(self._grant.project_id, length, records)

    def note_rows(self, length: int, rows: int) -> None:
        """Remember that so many rows had to be read for so many nanoseconds."""
        self._store.density.note_read(self._grant.project_id, length, rows)

    async def rows(
        self,
        name: str,
        conditions: Iterable[Condition],
        *,
        either: Sequence[Condition] = (),
        is_narrowed: bool = True,
        **parameters: Value,
    ) -> Sequence[Row]:
        """The rows of `sql/logs/read/<name>.sql` within the grant and the conditions; `either` as in `Statement.of`."""
        statement = Statement.of(name, self._grant, conditions, either=either, is_narrowed=is_narrowed, **parameters)
        settings = self._settings(self._limits.seconds) | {
            "max_rows_to_read": self._limits.rows_to_read,
            "max_bytes_to_read": self._limits.bytes_to_read,
            "max_result_bytes": self._limits.answer_bytes,
        }
        self._verify(statement, settings)
        client = self._store.client
        try:
            with self._measured(), self._store.translated():
                answer = await client.query(statement.text, parameters=dict(statement.parameters), settings=settings)
        except Unavailable:
            self._store.suspect()
            raise
        self.rows_read += int(answer.summary.get("read_rows", 0))
        rows: Sequence[Row] = answer.result_rows
        self._assert(rows, tenant=name in _OF_RECORDS)
        return rows

    async def batches(
        self, name: str, conditions: Iterable[Condition], **parameters: Value
    ) -> AsyncGenerator[pa.RecordBatch, None]:
        """The same as a stream of Arrow batches, for statements that begin with the columns of `sql/logs/place.sql`.

        Nothing but one batch is held; the store waits while none is taken.
        """
        statement = Statement.of(name, self._grant, conditions, either=(), is_narrowed=True, **parameters)
        settings = self._settings(self._limits.export_seconds) | _WRITTEN | {"max_block_size": _BLOCK_ROWS}
        self._verify(statement, settings)
        client = self._store.client
        with self._measured(), self._store.translated(), self._uncut():
            stream = await client.query_arrow_stream(
                statement.text, parameters=dict(statement.parameters), settings=settings, use_strings=True
            )
            async with stream as batches:
                async for batch in batches:
                    self._assert_batch(batch)
                    yield batch

    @contextmanager
    def _measured(self) -> Iterator[None]:
        """A statement that the store refuses for its size, which is its caller's fault and not the region's."""
        try:
            yield
        except Unavailable as failure:
            if getattr(failure.__cause__, "code", None) == _UNREADABLE:
                raise OverLimitError(TOO_LARGE) from failure
            raise

    @contextmanager
    def _uncut(self) -> Iterator[None]:
        """A connection that breaks in the middle of an answer, which the library tells in its transport's own words."""
        try:
            yield
        except aiohttp.ClientError as failure:
            self._store.suspect()
            raise Unavailable(f"{self._store.name} broke off its answer") from failure

    def _settings(self, seconds: int) -> dict[str, Any]:
        project = self._grant.project_id
        return {"SQL_project": project, "quota_key": project, "max_execution_time": seconds}

    def _verify(self, statement: Statement, settings: Mapping[str, object]) -> None:
        try:
            verify(self._grant, statement.text, statement.parameters, settings)
        except IsolationError as failure:
            _log.critical("a log read without its scope was refused", extra={"reason": failure.message})
            raise

    def _assert_batch(self, batch: pa.RecordBatch) -> None:
        grant = self._grant
        held = (
            ("project_id", {grant.project_id}, _as_id),
            ("environment", grant.environments, pa.scalar),
            ("service_id", grant.services, _as_id),
        )
        if all(allowed is None or _is_one(batch[name], allowed, as_stored) for name, allowed, as_stored in held):
            return
        # Distinct ones are few, however many rows there are; each is looked at for itself.
        projects, services = (
            [uuid.UUID(bytes=one) for one in pc.unique(ids_of(batch[name])).to_pylist()]
            for name in ("project_id", "service_id")
        )
        environments = pc.unique(batch["environment"]).to_pylist()
        self._assert(list(product(projects, environments, services)), tenant=True)

    def _assert(self, rows: Sequence[Row], *, tenant: bool) -> None:
        try:
            assert_rows(self._grant, rows, tenant=tenant)
        except IsolationError as failure:
            self._store.doubt(failure.message)
            _log.critical("a log store broke isolation", extra={"reason": failure.message})
            raise


def _as_id(text: str) -> pa.Scalar:
    return pa.scalar(uuid.UUID(text).bytes, pa.binary(16))


def _is_one(column: pa.Array, allowed: Collection[str], as_stored: Callable[[str], pa.Scalar]) -> bool:
    """Whether a column has one value in every row, and that is the only one allowed."""
    if len(allowed) != 1:
        return False
    (value,) = allowed
    return bool(pc.equal(ids_of(column), as_stored(value)).true_count == len(column))
