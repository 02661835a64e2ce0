"""The connections to a store: whatever a store sends, no byte of one answer may ever be part of another."""

from __future__ import annotations

import asyncio
import contextlib
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Unavailable
from core.http1 import BrokenConnectionError
from core.victoria import StoreClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Script = Callable[[int, bytes, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Store:
    """A scripted server: the script is called with the number of the request, its text, and where to answer."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.requests: list[bytes] = []
        self.connections = 0
        self.url = ""
        self._serving: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[StoreClient]:
        """Serve on a free port; yields a client of it."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/prefix"
        client = StoreClient("store", self.url, connect_seconds=1)
        try:
            yield client
        finally:
            await client.close()
            server.close()
            for writer in self._serving.values():
                writer.transport.abort()
            await asyncio.wait_for(asyncio.gather(*self._serving, return_exceptions=True), 5)
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._serving[task] = writer
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
                self.requests.append(head + await reader.readexactly(length))
                await self._script(len(self.requests), self.requests[-1], writer)
                await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def always(*pieces: bytes) -> Script:
    """Answer every request with these pieces, each in a packet of its own."""

    async def script(_: int, __: bytes, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    return script


async def whole(client: StoreClient, body: bytes = b"query=up") -> tuple[int, bytes]:
    """One exchange from request to release."""
    answer = await client.post("/api?x=1", body)
    try:
        text = b""
        while piece := await answer.read():
            text += piece
        return answer.status, text
    finally:
        answer.release()


async def test_a_request_is_written_as_a_store_expects_it() -> None:
    store = Store(always(OK))
    async with store.running() as client:
        assert await whole(client) == (200, b"hello")
        answer = await client.get("/rules")
        answer.release()

    host = store.url.removeprefix("http://").removesuffix("/prefix").encode()
    assert store.requests[0] == (
        b"POST /prefix/api?x=1 HTTP/1.1\r\nHost: " + host + b"\r\nAccept-Encoding: identity\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\nquery=up"
    )
    assert store.requests[1].startswith(b"GET /prefix/rules HTTP/1.1\r\n")


@pytest.mark.parametrize("target", ["/a b", "/a\r\nX: y", "a", "", "/ä"])
async def test_a_target_that_would_change_the_request_is_refused(target: str) -> None:
    async with Store(always(OK)).running() as client:
        with pytest.raises((ValueError, UnicodeEncodeError)):
            await client.post(target, b"")


async def test_connections_are_reused_one_exchange_after_another() -> None:
    store = Store(always(OK))
    async with store.running() as client:
        for _ in range(5):
            await whole(client)
        assert store.connections == 1
        await asyncio.gather(*(whole(client) for _ in range(4)))
        assert store.connections <= 4


@pytest.mark.property
@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.booleans(), st.data())
async def test_however_the_bytes_arrive_each_answer_is_its_own(
    bodies: list[bytes], chunked: bool, data: st.DataObject
) -> None:
    async def script(number: int, _: bytes, writer: asyncio.StreamWriter) -> None:
        body = bodies[number - 1]
        if chunked:
            framed = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
            text = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + framed
        else:
            text = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        cuts = sorted({0, len(text), *data.draw(st.lists(st.integers(0, len(text)), max_size=6))})
        for begin, end in pairwise(cuts):
            writer.write(text[begin:end])
            await writer.drain()
            await asyncio.sleep(0)

    async with Store(script).running() as client:
        assert [(await whole(client))[1] for _ in bodies] == bodies


@pytest.mark.parametrize(
    "surplus",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret", id="a second answer"),
        pytest.param(b"secret", id="more body than announced"),
        pytest.param(b"\r\n\r\nsecret", id="empty lines and then something"),
    ],
)
@pytest.mark.parametrize("later", [False, True])
async def test_what_comes_after_an_answer_never_reaches_the_next_one(surplus: bytes, later: bool) -> None:
    async def script(number: int, _: bytes, writer: asyncio.StreamWriter) -> None:
        if number > 1:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother")
            return
        if not later:
            writer.write(OK + surplus)
            return
        writer.write(OK)
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(surplus)

    store = Store(script)
    async with store.running() as client:
        assert await whole(client) == (200, b"hello")
        if later:
            await asyncio.sleep(0.1)
        assert await whole(client) == (200, b"other")
        assert store.connections == 2


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", id="less than announced"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", id="no last chunk"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="no chunk size"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nhello", id="neither length nor chunks"),
    ],
)
async def test_an_answer_that_is_not_whole_is_an_error(text: bytes) -> None:
    async def script(_: int, __: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        await writer.drain()
        writer.close()

    async with Store(script).running() as client:
        with pytest.raises((BrokenConnectionError, Unavailable)):
            await whole(client)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"nonsense\r\n\r\n", id="no HTTP"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + OK, id="an interim answer"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70_000 + b"\r\n\r\n", id="endless headers"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello", id="both framings"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", id="two lengths"),
        pytest.param(b"", id="nothing"),
    ],
)
async def test_what_is_no_plain_answer_is_no_answer(text: bytes) -> None:
    async def script(_: int, __: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        await writer.drain()
        writer.close()

    async with Store(script).running() as client:
        with pytest.raises((Unavailable, BrokenConnectionError)):
            await whole(client)


async def test_a_connection_closed_while_idle_is_noticed_and_replaced() -> None:
    async def script(number: int, _: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        if number == 1:
            await writer.drain()
            writer.close()

    store = Store(script)
    async with store.running() as client:
        await whole(client)
        await asyncio.sleep(0.05)
        assert await whole(client) == (200, b"hello")
    assert store.connections == 2


async def test_a_read_that_meets_a_closing_connection_is_sent_once_more() -> None:
    async def script(number: int, _: bytes, writer: asyncio.StreamWriter) -> None:
        if number == 2:
            writer.transport.abort()  # closed in the moment that the second request arrives
        else:
            writer.write(OK)

    store = Store(script)
    async with store.running() as client:
        await whole(client)
        assert await whole(client) == (200, b"hello")
    assert len(store.requests) == 3


async def test_a_store_that_always_closes_is_asked_at_most_twice() -> None:
    async def script(number: int, _: bytes, writer: asyncio.StreamWriter) -> None:
        if number == 1:
            writer.write(OK)
        else:
            writer.transport.abort()

    store = Store(script)
    async with store.running() as client:
        await whole(client)
        with pytest.raises(Unavailable, match="store: the store does not answer"):
            await whole(client)
    assert len(store.requests) == 3


async def test_connection_close_is_honoured() -> None:
    store = Store(always(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"))
    async with store.running() as client:
        await whole(client)
        await whole(client)
    assert store.connections == 2


async def test_an_answer_released_early_ends_its_connection() -> None:
    ended = asyncio.Event()

    async def script(number: int, _: bytes, writer: asyncio.StreamWriter) -> None:
        if number > 1:
            writer.write(OK)
            return
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await writer.drain()
        await writer.wait_closed()
        ended.set()

    store = Store(script)
    async with store.running() as client:
        answer = await client.post("/", b"")
        assert await answer.read() == b"hello"
        assert not answer.ended
        answer.release()
        answer.release()  # twice does no harm
        assert await whole(client) == (200, b"hello")
    assert store.connections == 2


async def test_a_cancelled_read_ends_its_connection() -> None:
    async def script(number: int, _: bytes, writer: asyncio.StreamWriter) -> None:
        if number > 1:
            writer.write(OK)

    store = Store(script)
    async with store.running() as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await whole(client)
        assert await whole(client) == (200, b"hello")
    assert store.connections == 2


async def test_a_body_that_is_not_read_makes_the_store_wait() -> None:
    written = 0

    async def script(_: int, __: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")
        for _piece in range(500):
            writer.write(b"x" * 100_000)
            await writer.drain()
            written += 100_000

    async with Store(script).running() as client:
        answer = await client.post("/", b"")
        await asyncio.sleep(0.3)
        assert written < 20_000_000  # what the sockets' own buffers take
        size = 0
        while piece := await answer.read():
            size += len(piece)
        answer.release()
    assert size == 50_000_000


async def test_a_store_that_is_not_there_is_unavailable() -> None:
    client = StoreClient("region x", "http://127.0.0.1:1", connect_seconds=0.5)
    with pytest.raises(Unavailable, match="region x: the store does not answer"):
        await client.post("/", b"")
