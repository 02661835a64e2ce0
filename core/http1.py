"""One kept-alive HTTP/1.1 connection to a store, and the answer that is arriving on it. Parsed by httptools.

Why not a general client: measured, one costs four times the processor time of this for a small read, more than all the
rest of the front-door. What is left out is what a store never needs: redirects, cookies, proxies, decompression.

A mixed-up answer would show one tenant another's data, so a connection is trusted with little: it carries one exchange
at a time, each read by a parser of its own; whatever arrives unasked, malformed or in surplus ends it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, cast

import httptools

if TYPE_CHECKING:
    from collections.abc import Callable

# Past this much unread body the store is made to wait; below the second it may go on.
_HIGH_BYTES: Final = 256 * 1024
_LOW_BYTES: Final = 64 * 1024
_MOST_HEADER_BYTES: Final = 64 * 1024
_FIRST_FINAL_STATUS: Final = 200


class BrokenConnectionError(ConnectionError):
    """The connection ended, or something else than one well-formed answer came over it."""


class Answer:
    """A response whose head has arrived: `status`, `headers` by lower-case name, and the body as it comes.

    Every answer must be released.
    """

    __slots__ = ("_arrived", "_connection", "_error", "_pieces", "_unread", "complete", "headers", "status")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pieces: deque[bytes] = deque()
        self._unread = 0
        self._arrived: asyncio.Future[None] | None = None
        self._error: BrokenConnectionError | None = None
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.complete = False

    @property
    def length(self) -> int | None:
        """The announced length of the body; `None` when it comes in chunks."""
        text = self.headers.get(b"content-length")
        return int(text) if text is not None and text.isdigit() else None

    @property
    def ended(self) -> bool:
        """Whether the whole body has been read."""
        return self.complete and not self._pieces

    async def read(self) -> bytes:
        """What has arrived of the body since the last call, at least one byte of it; empty at its end.

        Raises:
            BrokenConnectionError: the body will never be whole.
        """
        while not self._pieces:
            if self._error is not None:
                raise self._error
            if self.complete:
                return b""
            self._arrived = self._connection.loop.create_future()
            await self._arrived
        piece = self._pieces.popleft() if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._unread = 0
        self._connection.resume()
        return piece

    def release(self) -> None:
        """Give the connection back for another exchange, if this one went to its end; otherwise end it."""
        self._connection.release(self)

    def feed(self, piece: bytes) -> bool:
        """Take a piece of the body; whether there is more unread than should be."""
        self._pieces.append(piece)
        self._unread += len(piece)
        self._wake()
        return self._unread > _HIGH_BYTES

    def finish(self) -> None:
        """The body is whole."""
        self.complete = True
        self._wake()

    def fail(self, error: BrokenConnectionError) -> None:
        """The body will never be whole."""
        self._error = error
        self._wake()

    def _wake(self) -> None:
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)


class Connection(asyncio.Protocol):
    """A connection that is idle, or carries one exchange.

    `idle` is called with it when it may be used again, `lost` once when it has ended.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, idle: Callable[[Connection], None], lost: Callable[[Connection], None]
    ) -> None:
        self.loop = loop
        self.idle_since = 0.0
        self._idle = idle
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._answer: Answer | None = None
        self._head: asyncio.Future[Answer] | None = None
        self._header_bytes = 0
        self._paused = False
        self._keep_alive = False

    @property
    def usable(self) -> bool:
        """Whether an exchange may begin on it."""
        return self._transport is not None and not self._transport.is_closing() and self._answer is None

    async def ask(self, request: bytes) -> Answer:
        """Send a whole request and wait for the head of its answer.

        Raises:
            BrokenConnectionError: no answer came.
        """
        if self._transport is None or not self.usable:
            raise BrokenConnectionError("the connection is not usable")
        # A parser of its own for each exchange: nothing of the last one can reach into this one.
        self._parser = httptools.HttpResponseParser(self)
        self._answer = Answer(self)
        self._head = self.loop.create_future()
        self._header_bytes = 0
        self._keep_alive = False
        self._transport.write(request)
        try:
            return await self._head
        except asyncio.CancelledError:
            self.abort()
            raise

    def release(self, answer: Answer) -> None:
        """Called by an answer that is done with."""
        if answer is not self._answer:
            return
        keep = answer.complete and self._keep_alive
        self._answer = self._parser = self._head = None
        if keep and self.usable:
            self.resume()
            self._idle(self)
        else:
            self.abort()

    def resume(self) -> None:
        """The unread body has been taken."""
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    def abort(self) -> None:
        """End the connection now."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop with what has arrived."""
        if self._parser is None:
            self.abort()  # nobody asked
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as failure:
            self._break(f"no HTTP answer: {type(failure).__name__}")

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop when the connection has ended."""
        self._break("closed" if exc is None else type(exc).__name__)
        self._lost(self)

    def on_message_begin(self) -> None:
        """Called by the parser: a second answer to one request is refused."""
        if self._answer is not None and self._answer.complete:
            raise BrokenConnectionError("a second answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser: a store sends few headers, and small ones."""
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > _MOST_HEADER_BYTES:
            raise BrokenConnectionError("too many headers")
        if self._answer is not None:
            self._answer.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """Called by the parser: the answer can be handed out."""
        if self._answer is None or self._parser is None or self._head is None:
            return
        self._answer.status = self._parser.get_status_code()
        if self._answer.status < _FIRST_FINAL_STATUS:
            raise BrokenConnectionError("an interim answer")
        if not self._head.done():
            self._head.set_result(self._answer)

    def on_body(self, body: bytes) -> None:
        """Called by the parser: the store is made to wait for a body that is not being read."""
        if self._answer is not None and self._answer.feed(body) and self._transport is not None and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """Called by the parser: the answer is whole."""
        if self._answer is not None and self._parser is not None:
            self._keep_alive = self._parser.should_keep_alive()
            self._answer.finish()

    def _break(self, why: str) -> None:
        error = BrokenConnectionError(why)
        if self._head is not None and not self._head.done():
            self._head.set_exception(error)
        elif self._answer is not None and not self._answer.complete:
            self._answer.fail(error)
        self._keep_alive = False
        self.abort()
