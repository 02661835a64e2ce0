"""One request and its one answer: headers read once, the answer begun once, counted and never passed off as whole."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping, Sequence

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

CLIENT_GONE: Final = 499

# `gzip`, unless it is given the weight 0.
_GZIP: Final = re.compile(
    rb"(?:^|,)\s*gzip\s*(?:;\s*q\s*=\s*(?:1(?:\.0{0,3})?|0\.0{0,2}[1-9][0-9]*)\s*)?(?:,|$)", re.IGNORECASE
)

_COMMON_HEADERS: Final = (
    (b"cache-control", b"private, no-store"),
    (b"vary", b"authorization, accept-encoding"),
    (b"x-content-type-options", b"nosniff"),
)


class Exchange:
    """An HTTP exchange over ASGI. `status` is 0 until the answer begins; `sent` counts body bytes."""

    __slots__ = ("_send", "credentials", "headers", "method", "query_string", "receive", "sent", "started", "status")

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

    def header(self, name: bytes) -> bytes:
        """A header's value; empty when it is absent."""
        return self.headers.get(name, b"")

    @property
    def accepts_gzip(self) -> bool:
        """Whether the client takes a gzip answer."""
        accepted = self.headers.get(b"accept-encoding")
        return accepted is not None and _GZIP.search(accepted) is not None

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
