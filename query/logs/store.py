"""A region's log store as the front-door serves it: connected, proved to hold readers to one tenant, watched."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core import isolation
from core.errors import StarmeterError, Unavailable
from query.logs.window import Density

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractContextManager

    from clickhouse_connect.driver.asyncclient import AsyncClient

_RETRY_SECONDS: Final = 1.0
_PROOF_SECONDS: Final = 20.0

_log = logging.getLogger("query.logs.store")


@dataclass(frozen=True, slots=True)
class Source:
    """How a region's raw client is had: made where the process is put together, used by tenant-bound readers alone.

    `connect` opens a client as the store's locked reader; inside `translated()`, the library's errors become ours.
    """

    region: str
    connect: Callable[[], Awaitable[AsyncClient]]
    translated: Callable[[], AbstractContextManager[None]]


class LogStore:
    """One region's store. Not ready until the probe has passed; a failed one takes it out of service."""

    def __init__(self, source: Source, *, probe_seconds: float) -> None:
        self.region = source.region
        self.name = f"region {source.region}: the log store"
        self.translated = source.translated
        self.density = Density()
        self.reason: str | None = "its isolation has not been proved yet"
        self._connect = source.connect
        self._probe_seconds = probe_seconds
        self._client: AsyncClient | None = None
        self._doubted = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether reads are served."""
        return self.reason is None

    @property
    def client(self) -> AsyncClient:
        """The client to read with.

        Raises:
            Unavailable: the store is not ready; names the region.
        """
        if self._client is None or self.reason is not None:
            raise Unavailable(f"logs of region {self.region} cannot be read now; retry later")
        return self._client

    @property
    def is_suspected(self) -> bool:
        """Whether the probe is to run soon."""
        return self._doubted.is_set()

    def doubt(self, reason: str) -> None:
        """Take the store out of service; only a passed probe brings it back."""
        self.reason = reason
        self._doubted.set()

    def suspect(self) -> None:
        """Run the probe soon: a read failed. One that was only too heavy must not end the others' reads."""
        self._doubted.set()

    async def watch(self) -> None:
        """Prove it for ever: every `probe_seconds` while it passes, every second while it does not."""
        while True:
            await self.check()
            self._doubted.clear()
            seconds = self._probe_seconds if self.ready else _RETRY_SECONDS
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._doubted.wait(), seconds)
                await asyncio.sleep(_RETRY_SECONDS)

    async def check(self) -> None:
        """Run the probe once, and put the store into or out of service accordingly."""
        try:
            async with asyncio.timeout(_PROOF_SECONDS):
                if self._client is None:
                    self._client = await self._connect()
                await isolation.prove(self._client, self.name)
        except (StarmeterError, TimeoutError) as failure:
            reason = failure.message if isinstance(failure, StarmeterError) else f"{self.name} does not answer"
            if self.reason != reason:
                _log.error("logs of a region are not served", extra={"region": self.region, "reason": reason})
            self.reason = reason
        else:
            if self.reason is not None:
                _log.info("a log store passed its isolation probe", extra={"region": self.region})
            self.reason = None

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()
