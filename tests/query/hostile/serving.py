"""An HTTP server of the tests' own on a free loopback port, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

_SECONDS = 10


@contextmanager
def serving(
    handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], close: Callable[[], Awaitable[None]]
) -> Iterator[str]:
    """Serve every request with `handler`, and `close` in the same loop at the end; yields the URL."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(_start(handler), loop).result(_SECONDS)
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        asyncio.run_coroutine_threadsafe(_stop(runner, close), loop).result(_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_SECONDS)
        loop.close()


async def _start(handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> web.ServerRunner:
    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner


async def _stop(runner: web.ServerRunner, close: Callable[[], Awaitable[None]]) -> None:
    await runner.cleanup()
    await close()
