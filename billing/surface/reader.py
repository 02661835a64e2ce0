"""The workspace-bound reader of the ledger: what it sends carries its workspace, what it returns is of it."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import pyarrow.compute as pc  # type: ignore[import-untyped]

from billing.surface.statement import Statement
from billing.surface.store import NAME, WORKSPACE_SETTING
from billing.surface.verification import assert_rows, verify
from billing.usage import in_order
from core.errors import Unavailable
from query.verification import IsolationError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping

    import pyarrow as pa

    from billing.hour import Period
    from billing.surface.scope import WorkspaceScope
    from billing.surface.settings import UsageLimits
    from billing.surface.statement import Value
    from billing.surface.store import LedgerStore
    from billing.usage import UsageRow

# The client library reads some ten batches ahead: with these, a few megabytes.
_BLOCK_ROWS: Final = 4_096

_log = logging.getLogger("billing.surface.reader")


class LedgerReader:
    """Reads one workspace's usage.

    Every call raises `Unavailable` when the ledger is not ready or does not answer, `TooMuchRead` and `TookTooLong`
    when it runs into a limit, and `IsolationError` when a statement or a row is outside the workspace.
    """

    def __init__(self, store: LedgerStore, scope: WorkspaceScope, limits: UsageLimits) -> None:
        self._store = store
        self._scope = scope
        self._limits = limits

    @property
    def workspace_id(self) -> str:
        """Whose usage it reads."""
        return self._scope.workspace_id

    async def latest(self) -> int:
        """The last publication that the ledger has a copy of; it has all before it, too."""
        statement = Statement.of("latest", self._scope, {})
        settings = self._settings(self._limits.seconds)
        self._verify(statement, settings)
        client = await self._store.client()
        with self._store.translated():
            answer = await client.query(statement.text, parameters=dict(statement.parameters), settings=settings)
        return int(answer.result_rows[0][0])

    def usage(self, parameters: Mapping[str, Value]) -> AsyncGenerator[pa.RecordBatch, None]:
        """The batches of `sql/ledger/tenant/usage.sql`; the ledger waits while none is taken."""
        return self._batches("usage", parameters)

    async def rows(self, period: Period, until: int) -> list[UsageRow]:
        """The very rows of the ledger as of a publication, pod by pod, as `in_order` sorts them."""
        import polars as pl  # noqa: PLC0415 - thirty megabytes, which only bundles need

        from billing.ledger import row_table  # noqa: PLC0415 - the same

        asked: dict[str, Value] = {"start": period.start, "end": period.end, "until": until}
        found: list[UsageRow] = []
        async for batch in self._batches("rows", asked | {"utc": "UTC", "published": "published"}):
            frame = pl.from_arrow(batch)
            assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table becomes a frame
            found += row_table.rows(frame.rename({"workspace_text": "workspace_id"}).cast(row_table.SCHEMA))
        return in_order(found)

    async def _batches(self, name: str, parameters: Mapping[str, Value]) -> AsyncGenerator[pa.RecordBatch, None]:
        statement = Statement.of(name, self._scope, parameters)
        settings = self._settings(self._limits.export_seconds) | {"max_block_size": _BLOCK_ROWS}
        self._verify(statement, settings)
        client = await self._store.client()
        with self._store.translated(), self._uncut():
            stream = await client.query_arrow_stream(
                statement.text, parameters=dict(statement.parameters), settings=settings, use_strings=True
            )
            async with stream as batches:
                async for batch in batches:
                    self._assert(pc.unique(batch["workspace_text"]).to_pylist())
                    yield batch

    @contextmanager
    def _uncut(self) -> Iterator[None]:
        """A connection that breaks in the middle of an answer, which the library tells in its transport's own words."""
        try:
            yield
        except aiohttp.ClientError as failure:
            raise Unavailable(f"{NAME} broke off its answer") from failure

    def _settings(self, seconds: int) -> dict[str, Any]:
        workspace = self._scope.workspace_id
        return {WORKSPACE_SETTING: workspace, "quota_key": workspace, "max_execution_time": seconds}

    def _verify(self, statement: Statement, settings: Mapping[str, object]) -> None:
        try:
            verify(self._scope.workspace_id, statement.text, statement.parameters, settings)
        except IsolationError as failure:
            _log.critical("a read of the ledger without its workspace was refused", extra={"reason": failure.message})
            raise

    def _assert(self, workspaces: list[object]) -> None:
        try:
            assert_rows(self._scope.workspace_id, workspaces)
        except IsolationError as failure:
            self._store.doubt(failure.message)
            _log.critical("the ledger broke isolation", extra={"reason": failure.message})
            raise
