"""ClickHouse's HTTP interface as an ASGI application over one engine."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from compose.clickhouse import statement
from compose.clickhouse.engine import Engine, Order, Tally
from compose.clickhouse.failure import SAME_QUERY_ID, SYNTAX_ERROR, ClickHouseFailure
from compose.clickhouse.question import Question
from compose.clickhouse.reading import Reading
from compose.clickhouse.reply import Reply
from compose.clickhouse.statement import Purpose

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from compose.clickhouse.account import Account, Accounts
    from compose.clickhouse.statement import Statement

# Statements that run at a time, most of them waiting for their clients; the others wait for their turn.
_STATEMENTS: Final = 64
_HEAD: Final = 1 << 20
_LARGEST_TEXT: Final = 16 << 20


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
            reply = Reply(self._engine, question, order, query_id, send)
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
        """Nothing is run before all of the data is there, so that a body that breaks off leaves nothing behind."""
        loop = asyncio.get_running_loop()
        with tempfile.TemporaryFile(buffering=_HEAD) as held:
            async for piece in data:
                await loop.run_in_executor(self._pool, held.write, piece)
            held.flush()
            return await loop.run_in_executor(self._pool, self._engine.insert, order, held.fileno())

    async def _read(self, question: Question, order: Order, reply: Reply) -> None:
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
