"""The ledger as the front-door reads it: as its locked reader, which is proved to be held to one workspace."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from clickhouse_connect.driver.exceptions import DatabaseError

from core import clickhouse
from core.errors import StarmeterError, Unavailable
from sql import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.asyncclient import AsyncClient

    from billing.surface.settings import SurfaceSettings

# A reader names its workspace by it in every request; the ledger's row policies compare with it.
WORKSPACE_SETTING: Final = "SQL_workspace"
NAME: Final = "the usage ledger"

_PROOF_SECONDS: Final = 20.0
_REFUSALS: Final = frozenset({164, 497})
_UNREAD: Final = "usage cannot be read now; retry later"

_log = logging.getLogger("billing.surface.store")


class LedgerStore:
    """Not ready until the probe has passed; it is run anew before a read when the last one is `probe_seconds` old."""

    def __init__(self, settings: SurfaceSettings) -> None:
        self._endpoint = clickhouse.Endpoint(NAME, settings.ledger_url, settings.ledger_user, settings.ledger_password)
        self._answer_seconds = settings.limits.export_seconds
        self._probe_seconds = settings.probe_seconds
        self._client: AsyncClient | None = None
        self._proved_at: float | None = None
        self._proving = asyncio.Lock()
        self.reason: str | None = "its isolation has not been proved yet"

    async def client(self) -> AsyncClient:
        """A client that has been proved.

        Raises:
            Unavailable: the ledger does not answer, or does not hold a reader to its workspace.
        """
        async with self._proving:
            if self._client is None or self._proved_at is None or self._is_old(self._proved_at):
                await self._prove()
            if self._client is None or self.reason is not None:
                raise Unavailable(_UNREAD)
            return self._client

    def doubt(self, reason: str) -> None:
        """Take it out of service; only a passed probe brings it back."""
        self.reason, self._proved_at = reason, None

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn the client library's errors into ours; after one that the store is to blame for, probe it anew."""
        try:
            with clickhouse.translated(NAME):
                yield
        except Unavailable:
            self._proved_at = None
            raise

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    def _is_old(self, proved_at: float) -> bool:
        return time.monotonic() - proved_at > self._probe_seconds

    async def _prove(self) -> None:
        try:
            async with asyncio.timeout(_PROOF_SECONDS):
                if self._client is None:
                    self._client = await clickhouse.reader(self._endpoint, answer_seconds=self._answer_seconds)
                with clickhouse.translated(NAME):
                    await _holds(self._client)
        except (StarmeterError, TimeoutError) as failure:
            reason = failure.message if isinstance(failure, StarmeterError) else f"{NAME} does not answer"
            if reason != self.reason:
                _log.error("usage is not served", extra={"reason": reason})
            self.doubt(reason)
        else:
            self.reason, self._proved_at = None, time.monotonic()


async def _holds(client: AsyncClient) -> None:
    """The probe: nobody's reader sees a row of usage, and no reader sees evidence or writes.

    Raises:
        Unavailable: one of them does.
    """
    for workspace in ("", str(uuid.uuid4())):
        answer = await client.query(load("ledger/probe/usage_visible"), settings={WORKSPACE_SETTING: workspace})
        if answer.result_rows != [(0,)]:
            raise Unavailable(
                f"{NAME}: its row policies do not hold readers to one workspace; apply sql/server/ledger.sql"
            )
    for name in ("write", "evidence"):
        if not await _is_refused(client, name):
            raise Unavailable(f"{NAME}: its reader may do more than read usage ({name}); apply sql/server/ledger.sql")


async def _is_refused(client: AsyncClient, name: str) -> bool:
    """Whether the server refuses the statement, or shows nothing by it."""
    settings = {WORKSPACE_SETTING: str(uuid.uuid4())}
    try:
        answer = await client.command(load(f"ledger/probe/{name}_refused"), settings=settings)
    except DatabaseError as failure:
        if failure.code in _REFUSALS:
            return True
        raise
    return answer == 0 and name == "evidence"
