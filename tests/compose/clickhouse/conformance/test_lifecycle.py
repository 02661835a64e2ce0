"""Requests that begin, run beside each other, are given up, and end."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import httpx
import pytest

if TYPE_CHECKING:
    from tests.compose.clickhouse.serving import Server

_PATIENCE: Final = 20.0


def _runs(server: Server, word: str) -> bool:
    statement = "SELECT count() FROM system.processes WHERE query LIKE {word:String} AND query NOT LIKE '%processes%'"
    with server.http() as client:
        answer = client.post("/", params={"param_word": f"%{word}%"}, content=statement)
    return int(answer.text) > 0


def _until(server: Server, word: str, *, runs: bool) -> None:
    deadline = time.monotonic() + _PATIENCE
    while _runs(server, word) is not runs:
        assert time.monotonic() < deadline, f"the statement {'does not run' if runs else 'still runs'}"
        time.sleep(0.05)


@pytest.mark.parametrize("path", ["/", "/ping", "/replicas_status"])
def test_who_asks_whether_it_lives_needs_no_account(server: Server, path: str) -> None:
    with server.http() as client:
        answer = client.get(path, auth=("", ""))

    assert (answer.status_code, answer.text) == (200, "Ok.\n")


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("SELECT '{word}', sum(sipHash64(number)) FROM numbers(1000000000000)", id="before its first row"),
        pytest.param("SELECT '{word}', number FROM numbers(1000000000000)", id="while its rows stream"),
    ],
)
def test_a_read_whose_client_goes_away_is_stopped(server: Server, statement: str) -> None:
    word = uuid4().hex
    parameters = {"max_execution_time": "60", "cancel_http_readonly_queries_on_client_close": "1"}

    async def give_up() -> None:
        async with httpx.AsyncClient(base_url=str(_base(server)), auth=_auth(server)) as client:
            read = asyncio.create_task(_first_bytes(client, statement.format(word=word), parameters))
            await asyncio.to_thread(_until, server, word, runs=True)
            read.cancel()
            await asyncio.gather(read, return_exceptions=True)

    asyncio.run(give_up())
    _until(server, word, runs=False)


async def _first_bytes(client: httpx.AsyncClient, statement: str, parameters: dict[str, str]) -> None:
    async with client.stream("POST", "/", params=parameters, content=statement, timeout=60) as answer:
        async for _ in answer.aiter_raw():
            await asyncio.sleep(60)


def _base(server: Server) -> httpx.URL:
    return httpx.URL(server.writer_url).copy_with(username=None, password=None)


def _auth(server: Server) -> tuple[str, str]:
    url = httpx.URL(server.writer_url)
    return url.username, url.password


async def test_many_reads_at_a_time_get_their_own_answers(server: Server) -> None:
    client = await server.async_reader()

    async def one(number: int) -> list[int]:
        answer = await client.query("SELECT number + {n:UInt32} FROM numbers(3)", parameters={"n": number})
        return [row[0] for row in answer.result_rows]

    try:
        answers = await asyncio.gather(*(one(number * 10) for number in range(200)))
    finally:
        await client.close()

    assert answers == [[number * 10, number * 10 + 1, number * 10 + 2] for number in range(200)]


async def test_a_query_id_is_not_used_twice_at_a_time(server: Server) -> None:
    same = uuid4().hex
    slow = f"SELECT '{same}', sum(sipHash64(number)) FROM numbers(1000000000000)"  # noqa: S608 - a fixed text
    async with httpx.AsyncClient(base_url=str(_base(server)), auth=_auth(server), timeout=60) as client:
        first = asyncio.create_task(
            client.post("/", params={"query_id": same, "max_execution_time": "60"}, content=slow)
        )
        await asyncio.to_thread(_until, server, same, runs=True)
        second = await client.post("/", params={"query_id": same}, content="SELECT 1")
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)

    assert second.headers["X-ClickHouse-Exception-Code"] == "216"
