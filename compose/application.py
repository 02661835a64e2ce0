"""The application behind every demonstration route: answers as the service that the request's host names."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from typing import TYPE_CHECKING, Final

from aiohttp import web

from compose.demo import deployments

if TYPE_CHECKING:
    from compose.behaviour import Behaviour

_BODY: Final = b"The quick brown fox jumps over the lazy dog. " * 8_000
_BEHAVIOURS: Final = {one.domain: one.service.behaviour for one in deployments()}


def application(behaviours: dict[str, Behaviour], drawn: random.Random) -> web.Application:
    """A web application that behaves by host name; a host nobody knows gets 404 at once."""

    async def answer(request: web.Request) -> web.Response:
        behaviour = behaviours.get(request.host)
        if behaviour is None:
            return web.Response(status=404)
        await request.read()
        reply = behaviour.answer(drawn, time.time())
        await asyncio.sleep(reply.delay)
        return web.Response(status=reply.status, body=_BODY[: reply.size])

    async def health(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    app = web.Application(client_max_size=1 << 20)
    app.router.add_get("/health", health)
    app.router.add_route("*", "/{path:.*}", answer)
    return app


if __name__ == "__main__":
    web.run_app(
        application(_BEHAVIOURS, random.Random()),  # noqa: S311 - variety, not secrecy
        host="127.0.0.1",
        port=int(sys.argv[1]),
        access_log=None,
        print=None,
    )
