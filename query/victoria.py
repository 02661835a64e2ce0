"""The tenant-bound reader of a metrics store: the only holder of the raw client.

Enforcement is `extra_label`, which VictoriaMetrics ANDs with everything and which nothing can widen; sets of
environments or services go beside it as one `extra_filters[]`. The URL is ours alone, the body is what the tenant
may choose: nothing named by a client is ever in the URL.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from core.victoria import Answer, StoreClient
from query.verification import verify

if TYPE_CHECKING:
    from core.region import Region
    from core.scope import Grant


def connect(region: Region, *, connect_seconds: float) -> StoreClient:
    """Open the raw client of one region, to be passed to readers and closed by the owner of the process."""
    return StoreClient(
        f"region {region.name}", region.metrics_url, token=region.metrics_token, connect_seconds=connect_seconds
    )


class TenantReader:
    """Reads one region's metrics store as one grant: no method takes a tenant, none can leave it out."""

    __slots__ = ("_enforced", "_grant", "_store")

    def __init__(self, store: StoreClient, grant: Grant) -> None:
        self._store = store
        self._grant = grant
        self._enforced = enforcement(grant)

    async def post(self, path: str, body: bytes, *, gzip: bool = False) -> Answer:
        """Send one read; the caller releases the answer.

        Raises:
            IsolationError: the request would not carry exactly the grant.
            Unavailable: the store does not answer.
        """
        target = f"{path}?{self._enforced}"
        verify(self._grant, target, body)
        return await self._store.post(target, body, gzip=gzip)


@lru_cache(maxsize=8192)
def enforcement(grant: Grant) -> str:
    """The URL query that confines a read to `grant`."""
    labels = [f"project_id={grant.project_id}"]
    sets: list[str] = []
    for label, allowed in (("environment", grant.environments), ("service_id", grant.services)):
        if allowed is None:
            continue
        if len(allowed) == 1:
            labels.append(f"{label}={next(iter(allowed))}")
        else:
            sets.append(f"{label}=~{_quoted('|'.join(re.escape(value) for value in sorted(allowed)))}")
    text = "&".join(f"extra_label={label}" for label in labels)
    if sets:
        text += "&extra_filters[]=" + quote("{" + ",".join(sets) + "}", safe="")
    return text


def _quoted(text: str) -> str:
    """A MetricsQL string literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
