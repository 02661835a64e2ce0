"""ClickHouse's HTTP interface as an ASGI application over one engine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
import string
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from compose.clickhouse import statement
from compose.clickhouse.encoding import Encoder, encoder
from compose.clickhouse.engine import Engine, Order, Tally
from compose.clickhouse.failure import SAME_QUERY_ID, SYNTAX_ERROR, ClickHouseFailure
from compose.clickhouse.question import Question
from compose.clickhouse.reading import PIECE, Reading
from compose.clickhouse.statement import Purpose

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from compose.clickhouse.account import Account, Accounts
    from compose.clickhouse.statement import Statement

# Statements that run at a time, most of them waiting for their clients; the others wait for their turn.
_STATEMENTS: Final = 64
# What of a whole answer is held in memory before it goes to a file.
_IN_MEMORY: Final = 8 << 20
_HEAD: Final = 1 << 20
_LARGEST_TEXT: Final = 16 << 20
_READING_SECONDS: Final = 0.1
_TAG: Final = string.ascii_lowercase

_log = logging.getLogger("compose.clickhouse")


class Interface:
    """Answers requests for `/`."""

    def __init__(self, engine: Engine, accounts: Accounts) -> None:
        self._engine = engine
        self._accounts = accounts
        self._pool = ThreadPoolExecutor(_STATEMENTS, thread_name_prefix="statement")
        self._running: set[str] = set()

    def close(self) -> None:
        """Wait for the threads that still run a statement."""
        self._pool.shutdown()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            question = await Question.read(scope, receive)
            if question.is_get and not question.text:
                await PlainTextResponse("Ok.\n")(scope, receive, send)
                return
            account = self._accounts.authenticate(question.request.headers, question.values)
            await self._answer(question, account, send)
        except ClickHouseFailure as failure:
            headers = {"X-ClickHouse-Exception-Code": str(failure.code)}
            await Response(failure.body(self._engine.version), failure.status, headers, "text/plain; charset=UTF-8")(
                scope, receive, send
            )
        except ClientDisconnect:
            return

    async def _answer(self, question: Question, account: Account, send: Send) -> None:
        query_id = question.query_id
        if query_id in self._running:
            raise ClickHouseFailure.of(SAME_QUERY_ID, f"Query with id = {query_id} is already running")
        self._running.add(query_id)
        try:
            found, data = await _statement(question)
            order = Order(
                found,
                found.format or question.format,
                account.settings(question.settings),
                question.parameters,
                question.database,
                _readonly(question, account, found),
                secrets.token_hex(16),
            )
            reply = _Reply(self._engine, question, order, query_id, send)
            match found.purpose:
                case Purpose.READ:
                    await self._read(question, order, reply)
                case Purpose.INSERT:
                    await reply.whole([], await self._insert(order, data))
                case Purpose.OTHER:
                    loop = asyncio.get_running_loop()
                    answer, tally = await loop.run_in_executor(self._pool, self._engine.run, order)
                    await reply.whole([answer], tally)
        finally:
            self._running.discard(query_id)

    async def _insert(self, order: Order, data: AsyncIterator[bytes]) -> Tally:
        loop = asyncio.get_running_loop()
        with contextlib.ExitStack() as undone:
            insertion = await loop.run_in_executor(self._pool, undone.enter_context, self._engine.insertion(order))
            held = bytearray()
            async for piece in data:
                held += piece
                if len(held) >= _HEAD:
                    await loop.run_in_executor(self._pool, insertion.append, bytes(held))
                    held.clear()
            if held:
                await loop.run_in_executor(self._pool, insertion.append, bytes(held))
            return await loop.run_in_executor(self._pool, insertion.finish)

    async def _read(self, question: Question, order: Order, reply: _Reply) -> None:
        reading = Reading(self._engine, self._pool, order)
        left = asyncio.create_task(_disconnected(question.request))
        work = asyncio.create_task(reply.stream(reading))
        try:
            await asyncio.wait({left, work}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise ClientDisconnect
            await work
        finally:
            for task in (left, work):
                task.cancel()
            await asyncio.gather(left, work, return_exceptions=True)
            await reading.close()


def _readonly(question: Question, account: Account, found: Statement) -> int:
    # What a client library asks first is answered as a server answers that lets readers change settings.
    if found.is_settings_discovery or (account.readonly == 0 and question.is_get):
        return 2
    return account.readonly


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _statement(question: Question) -> tuple[Statement, AsyncIterator[bytes]]:
    """The statement of a request, and the data that follows it when it is an INSERT.

    A text in the URL is continued by the body, as a server does it.
    """
    body = question.body()
    head = bytearray(f"{question.text}\n".encode() if question.text else b"")
    if not (question.text and statement.insert_head(question.text)):
        async for piece in body:
            head += piece
            if len(head) > _LARGEST_TEXT:
                raise ClickHouseFailure.of(SYNTAX_ERROR, "Syntax error: the statement is too long")
            if len(head) >= _HEAD and statement.insert_head(head.decode(errors="replace")):
                break
    # Data need not be UTF-8; one byte is one character where only the head of an INSERT is looked at.
    text = head.decode("latin-1")
    if insert := statement.insert_head(text):
        _, begin = insert
        found, _ = statement.insert_head(bytes(head[:begin]).decode()) or insert
        return found, _chained(bytes(head[begin:]), body)
    try:
        return statement.parse(head.decode()), body
    except UnicodeDecodeError:
        raise ClickHouseFailure.of(SYNTAX_ERROR, "Syntax error: the statement is not UTF-8") from None


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first.strip():
        yield first
    async for piece in rest:
        yield piece


class _Reply:
    """The answer to one statement."""

    def __init__(self, engine: Engine, question: Question, order: Order, query_id: str, send: Send) -> None:
        self._engine = engine
        self._question = question
        self._order = order
        self._query_id = query_id
        self._send = send
        self._tag = "".join(secrets.choice(_TAG) for _ in range(16))
        self._encoder: Encoder | None = None

    async def whole(self, body: list[bytes], tally: Tally) -> None:
        """Send an answer that is complete."""
        await self._begin(tally)
        for piece in body:
            await self._put(piece)
        await self._end()

    async def stream(self, reading: Reading) -> None:
        """Send a read's rows as they come; up to the first bytes sent, a failure is an answer of its own."""
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as held:
            size = 0
            pieces = reading.pieces()
            async for piece in pieces:
                held.write(piece)
                size += len(piece)
                if size >= self._question.buffer and not self._question.waits_for_end:
                    break
            else:
                await reading.tally()
            await self._begin(await reading.progress())
            held.seek(0)
            while piece := held.read(PIECE):
                await self._put(piece)
        async for piece in pieces:
            await self._put(piece)
        try:
            await reading.tally()
        except ClickHouseFailure as failure:
            _log.warning("a statement failed after its answer had begun", extra={"code": failure.code})
            await self._put(failure.in_stream(self._engine.version, self._tag))
            if self._encoder is not None:
                await self._raw(self._encoder.finish())
            # The body stays without its end, so that no client takes it for whole: the connection is closed instead.
            # Not at once, for clients forget what they have not read yet when it breaks, and the reason with it.
            await asyncio.sleep(_READING_SECONDS)
            return
        await self._end()

    async def _begin(self, tally: Tally) -> None:
        summary = {
            "read_rows": tally.read_rows,
            "read_bytes": tally.read_bytes,
            "written_rows": tally.written_rows,
            "written_bytes": tally.written_bytes,
            "total_rows_to_read": "0",
            "result_rows": tally.result_rows,
            "result_bytes": tally.result_bytes,
            "elapsed_ns": tally.elapsed_ns,
        }
        headers = {
            "Content-Type": _CONTENT_TYPES.get(self._order.format, "application/octet-stream"),
            "X-ClickHouse-Server-Display-Name": "local",
            "X-ClickHouse-Query-Id": self._query_id,
            "X-ClickHouse-Format": self._order.format,
            "X-ClickHouse-Timezone": self._engine.timezone,
            "X-ClickHouse-Exception-Tag": self._tag,
            "X-ClickHouse-Summary": json.dumps({name: str(value) for name, value in summary.items()}),
        }
        if name := self._question.encoding:
            headers["Content-Encoding"] = name
            self._encoder = encoder(name)
        raw = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": 200, "headers": raw})

    async def _put(self, piece: bytes) -> None:
        await self._raw(piece if self._encoder is None else self._encoder.encode(piece))

    async def _raw(self, piece: bytes) -> None:
        if piece:
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def _end(self) -> None:
        rest = b"" if self._encoder is None else self._encoder.finish()
        await self._send({"type": "http.response.body", "body": rest})


_CONTENT_TYPES: Final = {
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "TabSeparatedWithNames": "text/tab-separated-values; charset=UTF-8",
    "TabSeparatedWithNamesAndTypes": "text/tab-separated-values; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "Pretty": "text/plain; charset=UTF-8",
}


def create(engine: Engine, accounts: Accounts) -> Starlette:
    """The application; the engine is closed with it."""
    interface = Interface(engine, accounts)

    async def ok(_: Request) -> PlainTextResponse:
        return PlainTextResponse("Ok.\n")

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(interface.close)
        engine.close()

    routes = [
        Route("/", interface, methods=["GET", "POST"]),
        Route("/ping", ok),
        Route("/replicas_status", ok),
    ]
    return Starlette(routes=routes, lifespan=lifespan)
