"""A recorder that also keeps the headers of what it saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.query.recorder import Recorder

if TYPE_CHECKING:
    from aiohttp import web

Headers = tuple[tuple[str, str], ...]


class HeaderRecorder(Recorder):
    """`headers` runs parallel to `requests`, as long as requests come one after the other."""

    def __init__(self, store_url: str) -> None:
        super().__init__(store_url)
        self.headers: list[Headers] = []

    async def _forward(self, request: web.BaseRequest) -> web.StreamResponse:
        self.headers.append(tuple((name.lower(), value) for name, value in request.headers.items()))
        return await super()._forward(request)
