"""A read that the store refuses for its memory is told with what to narrow, and the region is served on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import pytest
from yarl import URL

from tests.query.logs.recorder import StoreRecorder
from tests.query.logs.serving import log_door
from tests.query.logs.tailing import QUICK, tailing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from aiohttp import web

    from tests.compose.clickhouse.serving import Server
    from tests.query.logs.reference import Sample
    from tests.query.logs.serving import LogDoor
    from tests.query.platform import Tokens

_LITTLE: Final = "&max_memory_usage=100000&max_untracked_memory=1"


class _Lean(StoreRecorder):
    """In front of a store whose statements have next to no memory, while it `is_lean`."""

    is_lean = False

    async def _forward(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.is_lean:
            request = request.clone(rel_url=URL(request.raw_path + _LITTLE, encoded=True))
        return await super()._forward(request)


@pytest.fixture(scope="module")
def lean(log_server: Server) -> Iterator[_Lean]:
    parts = urlsplit(log_server.reader_url)
    with _Lean(f"http://{parts.hostname}:{parts.port}") as recorder:
        yield recorder


@pytest.fixture(scope="module")
def door(
    tmp_path_factory: pytest.TempPathFactory,
    lean: _Lean,
    log_server: Server,
    ours: list[Sample],
    control: tuple[str, Tokens],
) -> Iterator[LogDoor]:
    assert ours
    parts = urlsplit(log_server.reader_url)
    url = f"http://{parts.username}:{parts.password}@127.0.0.1:{urlsplit(lean.url).port}"
    logs = QUICK | {"probe_seconds": 3600.0}
    with log_door(tmp_path_factory.mktemp("lean-door"), {"near": url}, control=control, logs=logs) as running:
        yield running


@pytest.fixture
def reader(door: LogDoor, lean: _Lean) -> Iterator[httpx.Client]:
    with door.client() as client:
        lean.is_lean = True
        yield client
        lean.is_lean = False


@pytest.mark.parametrize("page", ["logs", "logs/histogram?q=a", "logs/export?format=ndjson", "logs/export?format=csv"])
def test_a_page_says_that_it_needs_too_much_memory(
    reader: httpx.Client, lean: _Lean, ours: list[Sample], page: str
) -> None:
    start = min(one.timestamp for one in ours)
    target = f"{page}{'&' if '?' in page else '?'}start={start}"
    refused = reader.get(target)
    lean.is_lean = False
    served = reader.get(target)

    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"] == "too_much_read"
    assert "memory" in refused.json()["detail"]
    assert "narrow" in refused.json()["detail"]
    assert served.status_code == 200


def test_a_tail_is_told_to_reconnect_and_goes_on(reader: httpx.Client, lean: _Lean) -> None:
    with tailing(reader) as stream:
        opened, told = stream
    lean.is_lean = False
    last, deadline = told, time.monotonic() + 60
    # Who comes back at once may be told what others were told a moment ago.
    while "comment" not in last and time.monotonic() < deadline:
        with tailing(reader, last=told["id"]) as stream:
            again, last = next(stream), next(stream)

    assert [opened["event"], told["event"], told["data"]] == ["open", "reconnect", {"reason": "too_much_read"}]
    assert (again["event"], last.get("comment")) == ("open", "heartbeat")
