"""The raw VictoriaMetrics client of one region.

Dangerous: it reads whatever it is told to, so only the tenant-bound reader may import it (held by an import contract).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aiohttp
from yarl import URL

from core.errors import Unavailable

if TYPE_CHECKING:
    from core.region import Region

_FORM: Final = "application/x-www-form-urlencoded"


class VictoriaStore:
    """Pooled keep-alive connections to one region's store; every call is a POST of a form.

    Answers are never decompressed here, redirects never followed, cookies never kept, proxies never used.
    """

    def __init__(self, region: Region, *, connect_seconds: float) -> None:
        self._region = region
        self._base = region.metrics_url
        # Bounded by the per-tenant limiter before it; a second bound here would let tenants block each other.
        self._connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=45)
        # Headers of a session are prepared once, headers of a request each time.
        self._plain = self._session("identity", connect_seconds)
        self._gzip = self._session("gzip", connect_seconds)

    def _session(self, encoding: str, connect_seconds: float) -> aiohttp.ClientSession:
        headers = {"Content-Type": _FORM, "Accept-Encoding": encoding}
        if self._region.metrics_token is not None:
            headers["Authorization"] = f"Bearer {self._region.metrics_token.get_secret_value()}"
        return aiohttp.ClientSession(
            headers=headers,
            auto_decompress=False,
            connector=self._connector,
            connector_owner=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept"),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_seconds),
        )

    async def post(self, target: str, body: bytes, *, gzip: bool = False) -> aiohttp.ClientResponse:
        """Send `body` to `target` (path and query, already encoded); the caller releases or closes the answer.

        Reads are idempotent, so one that met a kept-alive connection which the store had closed is sent once more.

        Raises:
            Unavailable: the store cannot be connected to or closes the connection before it answers.
        """
        url = URL(self._base + target, encoded=True)
        session = self._gzip if gzip else self._plain
        try:
            try:
                return await session.post(url, data=body, allow_redirects=False)
            except (aiohttp.ServerDisconnectedError, ConnectionResetError):
                return await session.post(url, data=body, allow_redirects=False)
        except (aiohttp.ClientError, OSError, TimeoutError) as failure:
            raise Unavailable(f"region {self._region.name}: the metrics store does not answer") from failure

    async def close(self) -> None:
        """Close all connections."""
        await self._plain.close()
        await self._gzip.close()
        await self._connector.close()
