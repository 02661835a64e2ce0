"""A recorder in front of a ClickHouse: also hands on the headers that the store's clients live by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp import web
from yarl import URL

from tests.query.recorder import Recorded, Recorder

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOP: Final = frozenset({"host", "connection", "transfer-encoding", "content-length", "keep-alive", "date", "server"})


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _HOP}


class StoreRecorder(Recorder):
    """The same recorder for another store."""

    async def _forward(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        self.requests.append(Recorded(request.method, request.raw_path, body))
        url = URL(self._store_url + request.raw_path, encoded=True)
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.request(request.method, url, data=body, headers=_kept(request.headers)) as stored,
        ):
            return web.Response(status=stored.status, body=await stored.read(), headers=_kept(stored.headers))
