"""A region as the front-door serves it: its store, its alerts, and whether it has proved that it isolates tenants."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from core.errors import Unavailable
from query.victoria import TenantReader, connect

if TYPE_CHECKING:
    from core.region import Region
    from core.scope import Grant
    from query.instruments import Instruments

_log = logging.getLogger("query.region")

NOT_YET_PROVED = "its isolation has not been proved yet"


class ServedRegion:
    """One region. Not ready until a canary has passed; `doubt` takes it out of service until the next one passes."""

    def __init__(self, region: Region, instruments: Instruments, *, connect_seconds: float) -> None:
        self.name = region.name
        self._gauge = instruments.region_ready.labels(region.name)
        self.reason: str | None = NOT_YET_PROVED
        self._store = connect(region, connect_seconds=connect_seconds)

    @property
    def ready(self) -> bool:
        """Whether reads are served."""
        return self.reason is None

    def reader(self, grant: Grant) -> TenantReader:
        """A reader for one grant.

        Raises:
            Unavailable: the region is not ready.
        """
        self.require_ready()
        return TenantReader(self._store, grant)

    def require_ready(self) -> None:
        """Refuse to serve anything of a region that has not proved its isolation.

        Raises:
            Unavailable: the region is not ready.
        """
        if self.reason is not None:
            raise Unavailable(f"region {self.name} is not available; retry later")

    def unproved_reader(self, grant: Grant) -> TenantReader:
        """A reader for the canary itself, which has to read before the region is ready."""
        return TenantReader(self._store, grant)

    def doubt(self, reason: str) -> None:
        """Take the region out of service; only a passed canary brings it back."""
        if self.reason != reason:
            _log.error("region is not served", extra={"region": self.name, "reason": reason})
        self.reason = reason
        self._gauge.set(0)

    def trust(self) -> None:
        """A canary has passed."""
        if self.reason is not None:
            _log.info("region passed its isolation canary", extra={"region": self.name})
        self.reason = None
        self._gauge.set(1)

    async def close(self) -> None:
        """Close the connections to the store."""
        await self._store.close()
