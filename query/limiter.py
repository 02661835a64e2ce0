"""How many reads one tenant runs at once: a few run, a few wait a moment, the rest are told to come back."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from core.errors import TooBusy

if TYPE_CHECKING:
    from query.settings import Limits


class _Tenant:
    __slots__ = ("running", "waiting")

    def __init__(self) -> None:
        self.running = 0
        self.waiting: deque[asyncio.Future[None]] | None = None  # made when somebody has to wait


class Limiter:
    """Per-project concurrency with a short first-come queue; projects never wait for each other."""

    def __init__(self) -> None:
        self._tenants: dict[str, _Tenant] = {}

    async def enter(self, project_id: str, limits: Limits) -> None:
        """Take a place, waiting for one up to `limits.queue_seconds`; every success must be followed by `leave`.

        Raises:
            TooBusy: the queue is full, or no place came free in time.
        """
        tenant = self._tenants.get(project_id)
        if tenant is None:
            tenant = self._tenants[project_id] = _Tenant()
        if tenant.running < limits.concurrency:
            tenant.running += 1
            return
        if tenant.waiting is None:
            tenant.waiting = deque()
        if len(tenant.waiting) >= limits.queue:
            raise TooBusy(
                f"{limits.concurrency} reads of this project are running and {limits.queue} wait; retry later"
            )
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        tenant.waiting.append(place)
        try:
            async with asyncio.timeout(limits.queue_seconds):
                await place
        except TimeoutError:
            if place.done() and not place.cancelled():
                return  # handed over in the very moment that the time was up
            raise TooBusy(f"no place for another read of this project within {limits.queue_seconds:g} s") from None
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.leave(project_id)
            raise
        finally:
            if place in tenant.waiting:
                tenant.waiting.remove(place)

    def leave(self, project_id: str) -> None:
        """Give the place to the longest waiting read, or free it."""
        tenant = self._tenants[project_id]
        while tenant.waiting:
            place = tenant.waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        tenant.running -= 1
        if tenant.running == 0:
            del self._tenants[project_id]
