"""A region as the front-door serves it: its store, its alerts, and whether it has proved that it isolates tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import Unavailable
from query.victoria import TenantReader, connect

if TYPE_CHECKING:
    from core.region import Region
    from core.scope import Grant

NOT_YET_PROVED = "its isolation has not been proved yet"


class ServedRegion:
    """One region. Not ready until a canary has passed; `doubt` takes it out of service until the next one passes."""

    def __init__(self, region: Region, *, connect_seconds: float) -> None:
        self.name = region.name
        self.alerts_url = region.alerts_url
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
        if self.reason is not None:
            raise Unavailable(f"region {self.name} is not available; retry later")
        return TenantReader(self._store, grant)

    def unproved_reader(self, grant: Grant) -> TenantReader:
        """A reader for the canary itself, which has to read before the region is ready."""
        return TenantReader(self._store, grant)

    def doubt(self, reason: str) -> None:
        """Take the region out of service; only a passed canary brings it back."""
        self.reason = reason

    def trust(self) -> None:
        """A canary has passed."""
        self.reason = None

    async def close(self) -> None:
        """Close the connections to the store."""
        await self._store.close()
