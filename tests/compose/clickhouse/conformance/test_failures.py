"""How failures are told: before an answer has begun, and after."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import httpx
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError

if TYPE_CHECKING:
    from clickhouse_connect.driver.asyncclient import AsyncClient
    from clickhouse_connect.driver.client import Client

    from tests.compose.clickhouse.serving import Server

# Fails after more was put out than any server holds back.
LATE: Final = "SELECT number, throwIf(number = 9000000) FROM numbers(10000000)"
EARLY: Final = "SELECT number, throwIf(number = 10) FROM numbers(1000)"

REFUSED: Final = [
    pytest.param("SELEC 1", 62, id="no SQL"),
    pytest.param("", 62, id="nothing"),
    pytest.param("SELECT 1; SELECT 2", 62, id="two statements"),
    pytest.param("SELECT ';'; DROP TABLE starmeter.logs", 62, id="two statements, one in quotes"),
    pytest.param("SELECT nosuch", 47, id="unknown column"),
    pytest.param("SELECT * FROM starmeter.nosuch", 60, id="unknown table"),
    pytest.param("SELECT * FROM nosuch.table", 81, id="unknown database"),
    pytest.param("SELECT nosuch(1)", 46, id="unknown function"),
    pytest.param("SELECT 1 FORMAT NoSuch", 73, id="unknown format"),
    pytest.param(EARLY, 395, id="fails while it runs"),
]


@pytest.mark.parametrize(("statement", "code"), REFUSED)
def test_a_statement_that_fails_at_once_has_its_code_and_no_row(server: Server, statement: str, code: int) -> None:
    with server.http() as client:
        answer = client.post("/", params={"query": statement} if not statement else {}, content=statement)

    assert answer.status_code >= 400
    assert answer.headers["X-ClickHouse-Exception-Code"] == str(code)
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")
    assert "OUTFILE" not in answer.text


def _receive(answer: httpx.Response, received: bytearray) -> None:
    for piece in answer.iter_raw():
        received += piece


def _read_rows(client: Client, statement: str) -> None:
    with client.query_row_block_stream(statement) as blocks:
        for _ in blocks:
            pass


async def _read_rows_async(client: AsyncClient, statement: str) -> None:
    async with await client.query_row_block_stream(statement) as blocks:
        async for _ in blocks:
            pass


@pytest.mark.parametrize("form", ["TSV", "JSONEachRow", "CSV"])
def test_a_failure_after_a_200_is_told_in_the_body_and_the_body_has_no_end(server: Server, form: str) -> None:
    received = bytearray()
    with server.http() as client, client.stream("POST", "/", content=f"{LATE} FORMAT {form}") as answer:
        tag = answer.headers["X-ClickHouse-Exception-Tag"]
        with pytest.raises(httpx.RemoteProtocolError):
            _receive(answer, received)

    assert answer.status_code == 200
    head, _, block = bytes(received[-4000:]).partition(f"__exception__\r\n{tag}\r\n".encode())
    assert head
    assert block.startswith(b"Code: 395. DB::Exception: ")
    assert block.endswith(f" {tag}\r\n__exception__\r\n".encode())


def test_the_library_raises_the_code_of_a_failed_stream(writer: Client) -> None:
    with pytest.raises(ClickHouseError) as raised:
        _read_rows(writer, LATE)

    assert getattr(raised.value, "code", None) == 395


async def test_the_async_library_raises_for_a_failed_stream(server: Server) -> None:
    client = await server.async_reader()
    try:
        with pytest.raises(ClickHouseError) as raised:
            await _read_rows_async(client, LATE)
    finally:
        await client.close()

    # It loses the reason when it reads more slowly than it is sent: the connection breaks over what it has not read.
    assert getattr(raised.value, "code", None) in {395, None}


def test_who_waits_for_the_end_gets_a_failure_instead_of_a_part(server: Server) -> None:
    with server.http() as client:
        answer = client.post("/", params={"wait_end_of_query": "1"}, content=LATE)

    assert answer.status_code >= 400
    assert answer.text.startswith("Code: 395.")


def test_a_failed_answer_leaves_nothing_for_the_next(server: Server) -> None:
    with server.http() as client:
        for statement in (EARLY, LATE.replace("9000000", "900000"), EARLY):
            client.post("/", params={"wait_end_of_query": "1"}, content=statement)
            assert client.post("/", content="SELECT 'mine'").content == b"mine\n"


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"max_execution_time": "1"}, 159),
        ({"max_rows_to_read": "1000"}, 158),
        ({"max_bytes_to_read": "1000"}, 307),
        ({"max_result_rows": "10"}, 396),
        ({"max_memory_usage": "1000000"}, 241),
        ({"nosuch": "1"}, 115),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else str(value),
)
def test_settings_of_the_url_hold_for_the_statement(server: Server, settings: dict[str, str], code: int) -> None:
    statement = "SELECT count() FROM (SELECT number, sum(number) FROM numbers(10000000000) GROUP BY number)"
    statement = "SELECT number FROM numbers(1000000)" if "max_result_rows" in settings else statement
    with server.http() as client:
        answer = client.post("/", params=settings, content=statement)

    assert answer.headers["X-ClickHouse-Exception-Code"] == str(code)


def test_who_is_not_known_is_told_nothing_else(server: Server) -> None:
    with server.http() as client:
        for user in ("reader", "writer", "nosuch"):
            answer = client.post("/", content="SELECT 1", auth=(user, "wrong"))

            assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "516")
            assert "SELECT" not in answer.text
    with pytest.raises(DatabaseError) as raised:
        type(server)(server.writer_url.replace("//writer:", "//writer:x"), server.reader_url).writer()

    assert raised.value.code == 516


def test_the_summary_counts_what_was_read_and_answered(server: Server) -> None:
    statement = "SELECT count() FROM numbers(1000000) WHERE number % 7 = 0"
    with server.http() as client:
        answer = client.post("/", params={"query_id": "one-of-ours", "wait_end_of_query": "1"}, content=statement)
    summary = json.loads(answer.headers["X-ClickHouse-Summary"])

    assert (summary["read_rows"], summary["read_bytes"], summary["result_rows"]) == ("1000000", "8000000", "1")
    assert answer.headers["X-ClickHouse-Query-Id"] == "one-of-ours"
    assert answer.headers["X-ClickHouse-Timezone"]


def test_the_summary_of_a_stream_counts_what_was_read_when_it_began(server: Server) -> None:
    with server.http() as client, client.stream("POST", "/", content="SELECT number FROM numbers(5000000)") as answer:
        summary = json.loads(answer.headers["X-ClickHouse-Summary"])

    assert 0 < int(summary["read_rows"]) <= 5_000_000
    assert int(summary["read_bytes"]) == 8 * int(summary["read_rows"])
