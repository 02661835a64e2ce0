"""The raw client of one region's metrics store, and of the vmalert beside it.

Dangerous: it reads whatever it is told to, so only the tenant-bound readers may import it (held by an import contract).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from core.errors import Unavailable
from core.http1 import Answer, BrokenConnectionError, Connection

if TYPE_CHECKING:
    from pydantic import SecretStr

__all__ = ["Answer", "BrokenConnectionError", "StoreClient"]

# VictoriaMetrics closes a connection that was idle for a minute.
_IDLE_SECONDS: Final = 45.0
_MOST_CONNECTIONS: Final = 1_000
_TARGET: Final = re.compile(r"/[!-~]*", re.ASCII)


class StoreClient:
    """Pooled connections to one base URL."""

    def __init__(self, name: str, url: str, *, token: SecretStr | None = None, connect_seconds: float) -> None:
        parts = urlsplit(url)
        self._name = name
        self._host = parts.hostname or ""
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        self._prefix = parts.path
        self._connect_seconds = connect_seconds
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        authorization = f"Authorization: Bearer {token.get_secret_value()}\r\n" if token is not None else ""
        self._head = f" HTTP/1.1\r\nHost: {parts.netloc}\r\n{authorization}"

    async def post(self, target: str, body: bytes, *, gzip: bool = False) -> Answer:
        """Post a form to `target` (path and query, already encoded); the caller releases the answer.

        Raises:
            Unavailable: the store cannot be connected to, or closes the connection before it answers.
        """
        encoding = "gzip" if gzip else "identity"
        head = (
            f"POST {self._prefix}{target}{self._head}Accept-Encoding: {encoding}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return await self._ask(target, head.encode("ascii") + body)

    async def get(self, target: str) -> Answer:
        """Get `target`; the caller releases the answer.

        Raises:
            Unavailable: as for `post`.
        """
        return await self._ask(
            target, f"GET {self._prefix}{target}{self._head}Accept-Encoding: identity\r\n\r\n".encode()
        )

    async def close(self) -> None:
        """End all connections."""
        for connection in tuple(self._open):
            connection.abort()
        self._open.clear()
        self._idle.clear()

    async def _ask(self, target: str, request: bytes) -> Answer:
        if _TARGET.fullmatch(target) is None:
            raise ValueError("a target is printable ASCII without spaces")
        # Reads are idempotent: one that met a kept-alive connection which the store had just closed is sent once more.
        if (connection := self._reusable()) is not None:
            with contextlib.suppress(BrokenConnectionError):
                return await connection.ask(request)
        try:
            connection = await self._connect()
            return await connection.ask(request)
        except (BrokenConnectionError, OSError, TimeoutError) as failure:
            raise Unavailable(f"{self._name}: the store does not answer") from failure

    def _reusable(self) -> Connection | None:
        """The connection that was used last, if it is still good."""
        while self._idle:
            connection = self._idle.pop()
            if connection.usable and connection.loop.time() - connection.idle_since < _IDLE_SECONDS:
                return connection
            connection.abort()
        return None

    async def _connect(self) -> Connection:
        if len(self._open) >= _MOST_CONNECTIONS:
            raise Unavailable(f"{self._name}: as many reads as it may are running; retry later")
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._connect_seconds):
            _, connection = await loop.create_connection(
                lambda: Connection(loop, self._keep, self._lost), self._host, self._port, ssl=self._tls
            )
        self._open.add(connection)
        return connection

    def _keep(self, connection: Connection) -> None:
        connection.idle_since = connection.loop.time()
        self._idle.append(connection)

    def _lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
