"""One request and its one answer: headers read once, the answer begun once, counted and never passed off as whole."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping, Sequence

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

# Starting a task for every read would cost more than most reads; only one that takes longer is watched.
_WATCH_AFTER_SECONDS: Final = 0.05
CLIENT_GONE: Final = 499

_COMMON_HEADERS: Final = (
    (b"cache-control", b"private, no-store"),
    (b"vary", b"authorization, accept-encoding"),
    (b"x-content-type-options", b"nosniff"),
)


class Exchange:
    """An HTTP exchange over ASGI. `status` is 0 until the answer begins; `sent` counts body bytes."""

    __slots__ = ("_gone", "_send", "_task", "_timer", "_watch", "credentials", "headers", "method", "query_string",
                 "receive", "sent", "started", "status")  # fmt: skip

    def __init__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        self.started = time.perf_counter()
        self.method: str = scope["method"]
        self.query_string: bytes = scope["query_string"]
        self.receive = receive
        self.headers: dict[bytes, bytes] = {}
        self.credentials: list[bytes] = []
        for name, value in scope["headers"]:
            if name == b"authorization":
                self.credentials.append(value)
            else:
                self.headers[name] = value
        self.status = 0
        self.sent = 0
        self._send = send
        self._gone = False
        self._task: asyncio.Task[Any] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._watch: asyncio.Task[None] | None = None

    def header(self, name: bytes) -> bytes:
        """A header's value; empty when it is absent."""
        return self.headers.get(name, b"")

    @property
    def accepts_gzip(self) -> bool:
        """Whether the client takes a gzip answer."""
        return b"gzip" in self.header(b"accept-encoding")

    async def respond(
        self, status: int, body: bytes, content_type: bytes, headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        """Send a whole answer of our own."""
        await self.begin(status, content_type, len(body), headers)
        await self.send(body, more=False)

    async def begin(
        self, status: int, content_type: bytes, length: int | None, headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        """Send the head of an answer; without a `length` it is chunked, so that a cut one cannot pass as whole."""
        self.status = status
        head = [(b"content-type", content_type), *_COMMON_HEADERS, *headers]
        if length is not None:
            head.append((b"content-length", b"%d" % length))
        await self._send({"type": "http.response.start", "status": status, "headers": head})

    async def send(self, body: bytes, *, more: bool) -> None:
        """Send a piece of the body; waits while the client does not take it."""
        self.sent += len(body)
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    @property
    def begun(self) -> bool:
        """Whether the head was sent."""
        return self.status != 0

    def watch(self) -> None:
        """From now on, cancel the current task when the client goes away. The request's body must have been read."""
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(_WATCH_AFTER_SECONDS, self._start_watching)

    def unwatch(self) -> None:
        """Stop watching."""
        if self._timer is not None:
            self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()

    def client_is_gone(self) -> bool:
        """Whether a cancellation came from here; the task is then no longer cancelled."""
        if self._gone and self._task is not None:
            self._task.uncancel()
            self.status = CLIENT_GONE
        return self._gone

    def _start_watching(self) -> None:
        self._watch = asyncio.create_task(self._await_disconnect())

    async def _await_disconnect(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
        if self._task is not None and not self._task.done():
            self._gone = True
            self._task.cancel()
