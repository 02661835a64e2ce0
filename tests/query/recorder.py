"""A recorder in front of a store: forwards every request unchanged and keeps what it saw on the wire."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import aiohttp
from aiohttp import web
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Interpose = Callable[["Recorded", web.BaseRequest], Awaitable[web.StreamResponse | None]]


@dataclass(frozen=True, slots=True)
class Recorded:
    """One upstream request as it arrived: method, undecoded target, body."""

    method: str
    target: str
    body: bytes


class Recorder:
    """An HTTP server on a free loopback port, in a thread of its own; a context manager.

    `interpose` may answer a request in the store's place, or return `None` to let it through; it is cancelled when the
    connection that asked is closed.
    """

    def __init__(self, store_url: str, interpose: Interpose | None = None) -> None:
        self._store_url = store_url
        self._interpose = interpose
        self.requests: list[Recorded] = []
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _start(self) -> None:
        self._session = aiohttp.ClientSession(auto_decompress=False)
        self._runner = web.AppRunner(_raw_application(self._forward), handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"

    async def _stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _forward(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        recorded = Recorded(request.method, request.raw_path, body)
        self.requests.append(recorded)
        if self._interpose is not None and (answer := await self._interpose(recorded, request)) is not None:
            return answer
        if self._session is None:
            raise RuntimeError("not started")
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        url = URL(self._store_url + request.raw_path, encoded=True)
        async with self._session.request(request.method, url, data=body, headers=headers) as stored:
            text = await stored.read()
            kept = {
                name: stored.headers[name] for name in ("Content-Type", "Content-Encoding") if name in stored.headers
            }
            return web.Response(status=stored.status, body=text, headers=kept)


def _raw_application(handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> web.Application:
    application = web.Application(client_max_size=64 * 1024 * 1024)
    application.router.add_route("*", "/{path:.*}", handler)
    return application
