"""What a metrics store may answer to an export: whole series, or a failure that names the region."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from billing.evidence.export import Export
from billing.evidence.series import Series
from core.errors import Unavailable
from core.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE = (
    b'{"metric":{"__name__":"up","cluster":"c"},"values":[1,null,"Infinity",0.5],"timestamps":[1000,2000,3000,4000]}\n'
)


@contextmanager
def _store(status: int, body: bytes, *, told: int | None = None, asked: list[bytes] | None = None) -> Iterator[Region]:
    """A store that answers so; `told` is the length that it announces."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"]))
            if asked is not None:
                asked.append(form)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body) if told is None else told))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing to say."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield Region(name="fra1", metrics_url=f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()


def _read(region: Region) -> list[Series]:
    async def read() -> list[Series]:
        export = Export(region, seconds=20)
        try:
            return [one async for one in export.series(['up{cluster="c"}'], 0, 3_600)]
        finally:
            await export.close()

    return asyncio.run(read())


def test_series_come_without_what_is_no_number() -> None:
    asked: list[bytes] = []
    with _store(200, _LINE * 2, asked=asked) as region:
        found = _read(region)

    assert found == [Series({"__name__": "up", "cluster": "c"}, [1_000, 4_000], [1, 0.5])] * 2
    assert asked == [b"match%5B%5D=up%7Bcluster%3D%22c%22%7D&start=0&end=3599.999"]


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        pytest.param(422, b"too many series", None, id="it refuses"),
        pytest.param(200, _LINE + _LINE[:40], None, id="the last line is cut"),
        pytest.param(200, _LINE, len(_LINE) + 10, id="the body is cut"),
        pytest.param(200, b"<html>\n", None, id="something else answers"),
        pytest.param(200, b"[1]\n", None, id="no series"),
        pytest.param(200, b'{"metric":{}}\n', None, id="no samples"),
    ],
)
def test_anything_else_than_whole_series_is_a_failure_that_names_the_region(
    status: int, body: bytes, told: int | None
) -> None:
    with _store(status, body, told=told) as region, pytest.raises(Unavailable, match=r"^region fra1: "):
        _read(region)
