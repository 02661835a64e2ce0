"""What a store can do to the front-door, and what the front-door then does to its client."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

import httpx
import pytest
from aiohttp import web

from tests.query.conftest import Door, front_door
from tests.query.platform import PROJECT_A, PROJECT_B
from tests.query.recorder import Recorded, Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.query.platform import Tokens

_LIMITS = """
[limits]
concurrency = 2
queue = 1
queue_seconds = 0.3
timeout_seconds = 1.0
response_bytes = 1048576
stream_seconds = 5.0
"""
_INSIDES = 'remoteAddr: "10.0.0.7:1"; requestURI: /api/v1/query?extra_label=project_id=x'
_ERRORS = {
    "fails": (500, f'{{"status":"error","errorType":"500","error":"panic {_INSIDES}"}}'),
    "text": (400, _INSIDES),
    "overloaded": (503, '{"status":"error","error":"cannot handle more than 4 concurrent search requests"}'),
    "slowly_refused": (422, '{"status":"error","error":"timeout exceeded during the query"}'),
    "too_large": (
        422,
        '{"status":"error","error":"error when executing query=\\"x\\" for (time=1, step=1): cannot exceed 5"}',
    ),
    "moved": (302, ""),
}


class Faults:
    """Answers in a store's place, by what is asked; `cancelled` is set when the asker goes away from a slow answer."""

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self.started = threading.Event()

    async def __call__(self, recorded: Recorded, request: web.BaseRequest) -> web.StreamResponse | None:
        query = parse_qs(recorded.body.decode()).get("query", [""])[0]
        if query in _ERRORS:
            status, text = _ERRORS[query]
            return web.Response(status=status, text=text, headers={"Location": "http://127.0.0.1:1/"})
        match query:
            case "slow":
                self.started.set()
                try:
                    await asyncio.sleep(30)
                except asyncio.CancelledError:
                    self.cancelled.set()
                    raise
            case "garbage":
                return web.Response(text=f"<html>{_INSIDES}</html>", content_type="application/json")
            case "large":
                return web.Response(
                    body=b'{"status":"success"' + b" " * 2_000_000 + b"}", content_type="application/json"
                )
            case "cut" | "endless":
                return await self._stream(request, 3 if query == "cut" else 100)
        return None

    @staticmethod
    async def _stream(request: web.BaseRequest, pieces: int) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        answer.enable_chunked_encoding()
        await answer.prepare(request)
        await answer.write(b'{"status":"success","data":[')
        for _ in range(pieces):
            await answer.write(b"1," * 30_000)
        if request.transport is not None:
            request.transport.abort()
        return answer


@pytest.fixture(scope="module")
def faults() -> Faults:
    return Faults()


@pytest.fixture(scope="module")
def faulty(
    tmp_path_factory: pytest.TempPathFactory, store: str, control: tuple[str, Tokens], faults: Faults
) -> Iterator[Door]:
    """A door with tight limits over a store that can be told to misbehave."""
    folder = tmp_path_factory.mktemp("faulty")
    control_store, tokens = control
    with (
        Recorder(store, faults) as recorder,
        front_door(folder, {"near": recorder.url}, control_store=control_store, more=_LIMITS) as url,
    ):
        yield Door(url, tokens, recorder, store, folder)


@pytest.mark.parametrize(
    ("query", "status", "kind"),
    [
        pytest.param("fails", 502, "unavailable", id="server error"),
        pytest.param("text", 422, "execution", id="plain text with the store's insides"),
        pytest.param("overloaded", 503, "unavailable", id="overloaded"),
        pytest.param("slowly_refused", 504, "timeout", id="the store's own timeout"),
        pytest.param("too_large", 422, "execution", id="the store's own limit"),
        pytest.param("moved", 502, "unavailable", id="a redirect is not followed"),
        pytest.param("garbage", 502, "unavailable", id="200 with something else"),
        pytest.param("large", 422, "execution", id="announced as larger than the cap"),
        pytest.param("slow", 504, "timeout", id="no answer before the deadline"),
    ],
)
def test_a_stores_fault_is_said_in_our_words(faulty: Door, query: str, status: int, kind: str) -> None:
    answer = faulty.ask(query)

    assert (answer.status_code, answer.json()["errorType"]) == (status, kind)
    assert answer.json()["status"] == "error"
    for inside in ("remoteAddr", "requestURI", "extra_label", "10.0.0.7", "panic", "html", "127.0.0.1"):
        assert inside not in answer.text
    assert ("retry-after" in answer.headers) == (status in {502, 503})


@pytest.mark.parametrize("query", ["cut", "endless"])
def test_an_answer_that_ends_early_cannot_pass_as_whole(faulty: Door, query: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        faulty.ask(query)
    if query == "endless":
        line = next(line for line in reversed(faulty.audit_lines()) if line.get("query") == "endless")
        assert line["reason"] == "execution"
        assert 1_048_576 <= line["bytes"] < 2_000_000  # type: ignore[operator]  # a number


def test_the_upstream_read_ends_when_the_client_goes_away(faulty: Door, faults: Faults) -> None:
    faults.cancelled.clear()
    faults.started.clear()
    host, port = faulty.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        request = f"GET /v1/projects/{PROJECT_A}/prometheus/api/v1/query?query=slow HTTP/1.1\r\nHost: x\r\n"
        connection.sendall(f"{request}Authorization: Bearer {faulty.tokens.viewer}\r\n\r\n".encode())
        assert faults.started.wait(5)
        assert not faults.cancelled.is_set()

    assert faults.cancelled.wait(0.8)  # before the deadline of 1 s would have done it
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        lines = [line for line in faulty.audit_lines() if line.get("query") == "slow" and line["status"] == 499]
        if lines:
            break
    assert lines[0]["reason"] == "client_gone"


def test_one_tenants_flood_is_turned_away_and_does_not_reach_another(faulty: Door) -> None:
    with ThreadPoolExecutor(8) as pool:
        flood = [pool.submit(faulty.ask, "slow") for _ in range(6)]
        time.sleep(0.1)
        rival = faulty.ask("count(up)", PROJECT_B, "rival")
        answers = [one.result() for one in flood]

    assert rival.status_code == 200
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [429, 429, 429, 429, 504, 504]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["errorType"] == "too_many_requests"
    assert faulty.ask("count(up)").status_code == 200  # every place was given back


def test_a_large_answer_streams_in_bounded_memory(
    tmp_path_factory: pytest.TempPathFactory, store: str, control: tuple[str, Tokens]
) -> None:
    async def large(recorded: Recorded, request: web.BaseRequest) -> web.StreamResponse | None:
        if b"query=large" not in recorded.body:
            return None
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        answer.enable_chunked_encoding()
        await answer.prepare(request)
        await answer.write(b'{"status":"success","data":"')
        for _ in range(800):
            await answer.write(b"x" * 65_536)
        await answer.write(b'"}')
        await answer.write_eof()
        return answer

    control_store, tokens = control
    folder = tmp_path_factory.mktemp("large")
    with (
        Recorder(store, large) as recorder,
        front_door(folder, {"near": recorder.url}, control_store=control_store) as url,
    ):
        door = Door(url, tokens, recorder, store, folder)
        pid = door_pid(folder)
        door.ask("up")
        before = peak_memory(pid)
        headers = {"Authorization": f"Bearer {tokens.viewer}"}
        query = f"{door.base()}/api/v1/query?query={quote('large')}"
        received = 0
        with httpx.stream("GET", query, headers=headers, timeout=60) as answer:
            for piece in answer.iter_raw():
                received += len(piece)
                if received < 3_000_000:
                    time.sleep(0.01)  # slower than the store: what is not taken must not pile up

        assert received == 800 * 65_536 + 30
        assert peak_memory(pid) - before < 64 * 1024 * 1024


def door_pid(folder: Path) -> int:
    """The id of the front-door process that was configured in `folder`."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if str(folder).encode() in (command := entry.read_bytes()) and b"serve" in command:
                return int(entry.parent.name)
    raise AssertionError("no such front-door")


def peak_memory(pid: int) -> int:
    """Bytes of resident memory at the highest so far."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024
