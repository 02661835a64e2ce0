"""Data in: every way and encoding that a client has, exactly once."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
import zstandard
from clickhouse_connect.driver.exceptions import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client

    from tests.compose.clickhouse.serving import Server


@pytest.fixture
def table(writer: Client) -> Iterator[str]:
    """An empty table of a number and a text that forgets no batch."""
    name = f"starmeter.wire_{uuid4().hex}"
    writer.command(
        f"CREATE TABLE {name} (n UInt64, s String) ENGINE = MergeTree ORDER BY n "
        "SETTINGS non_replicated_deduplication_window = 100"
    )
    yield name
    writer.command(f"DROP TABLE {name} SYNC")


def _rows(writer: Client, table: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in writer.query(f"SELECT n, s FROM {table} ORDER BY n").result_rows]  # noqa: S608


@pytest.mark.parametrize("encoding", ["lz4", "zstd", "gzip", None])
def test_the_library_inserts_rows(server: Server, writer: Client, table: str, encoding: str | None) -> None:
    client = server.writer(compress=encoding or False)
    rows = [(number, f"it's\x00 {number} \\ 💥") for number in range(3000)]
    try:
        summary = client.insert(table, rows, column_names=["n", "s"])
    finally:
        client.close()

    assert summary.written_rows == 3000
    assert _rows(writer, table) == rows


def test_the_library_inserts_arrow(writer: Client, table: str) -> None:
    writer.insert_arrow(table, pa.table({"n": list(range(100_000)), "s": ["x"] * 100_000}))

    assert writer.query(f"SELECT count(), sum(n) FROM {table}").result_rows == [(100_000, 4_999_950_000)]  # noqa: S608


@pytest.mark.parametrize(
    ("parameters", "headers", "body"),
    [
        pytest.param(
            "INSERT INTO {} FORMAT JSONEachRow", {}, b'{"n":1,"s":"a"}\n{"n":2,"s":"b"}', id="query in the URL"
        ),
        pytest.param(
            "", {}, b'INSERT INTO {} FORMAT JSONEachRow\n{"n":1,"s":"a"}\n{"n":2,"s":"b"}', id="all in the body"
        ),
        pytest.param("INSERT INTO {} (n, s) VALUES", {}, b"(1,'a'),(2,'b')", id="values"),
        pytest.param("", {}, b"INSERT INTO {} VALUES (1,'a'),(2,'b')", id="values in the body"),
        pytest.param(
            "INSERT INTO {} FORMAT CSV", {"Content-Encoding": "gzip"}, gzip.compress(b"1,a\n2,b\n"), id="gzip"
        ),
        pytest.param(
            "INSERT INTO {} FORMAT CSV",
            {"Content-Encoding": "zstd"},
            zstandard.compress(b"1,a\n") + zstandard.compress(b"2,b\n"),
            id="zstd in two frames",
        ),
        pytest.param(
            "", {}, b"INSERT INTO {} (n, s) SETTINGS max_insert_threads = 1 FORMAT CSV\n1,a\n2,b\n", id="settings"
        ),
        pytest.param("INSERT INTO {} SELECT number + 1, char(97 + number) FROM numbers(2)", {}, b"", id="select"),
    ],
)
def test_a_statement_and_its_data_may_come_in_any_place(
    *, server: Server, writer: Client, table: str, parameters: str, headers: dict[str, str], body: bytes
) -> None:
    query = {"query": parameters.format(table)} if parameters else {}
    with server.http() as client:
        answer = client.post("/", params=query, headers=headers, content=body.replace(b"{}", table.encode(), 1))

    assert answer.status_code == 200, answer.text
    assert json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == "2"
    assert _rows(writer, table) == [(1, "a"), (2, "b")]


def test_a_batch_with_the_same_token_counts_once(writer: Client, table: str) -> None:
    for token, number in (("one", 1), ("one", 1), ("two", 1)):
        writer.insert(
            table, [(number, "x")], ["n", "s"], settings={"insert_deduplication_token": token, "async_insert": 0}
        )

    assert _rows(writer, table) == [(1, "x"), (1, "x")]


def test_a_batch_with_one_bad_row_leaves_none(server: Server, writer: Client, table: str) -> None:
    with server.http() as client:
        answer = client.post(
            "/", params={"query": f"INSERT INTO {table} FORMAT JSONEachRow"}, content=b'{"n":1}\n{"n":"x"}\n'
        )

    assert answer.status_code == 400
    assert _rows(writer, table) == []


def test_a_body_that_is_cut_or_of_another_encoding_leaves_none(server: Server, writer: Client, table: str) -> None:
    whole = gzip.compress(b"1,a\n" * 50_000)
    with server.http() as client:
        for encoding, body in (("gzip", whole[:-20]), ("gzip", b"1,a\n"), ("nosuch", b"1,a\n")):
            answer = client.post(
                "/",
                params={"query": f"INSERT INTO {table} FORMAT CSV"},
                headers={"Content-Encoding": encoding},
                content=body,
            )

            assert answer.status_code >= 400
    assert _rows(writer, table) == []


def test_an_insert_of_a_table_that_is_not_there_tells_so(writer: Client) -> None:
    with pytest.raises(DatabaseError) as raised:
        writer.raw_insert("starmeter.nosuch", insert_block=b"1,a\n", fmt="CSV")

    assert raised.value.code == 60


@pytest.mark.parametrize(
    ("settings", "code"), [({}, 469), ({"max_partitions_per_insert_block": "2"}, 252)], ids=["constraint", "partitions"]
)
def test_what_the_table_refuses_is_told_and_nothing_of_it_is_there(
    writer: Client, settings: dict[str, str], code: int
) -> None:
    name = f"starmeter.wire_{uuid4().hex}"
    writer.command(
        f"CREATE TABLE {name} (n UInt64, s String, CONSTRAINT small CHECK n < 100 OR s != 'x') "
        "ENGINE = MergeTree ORDER BY n PARTITION BY n % 10"
    )
    rows = pa.table({"n": list(range(200)), "s": ["x" if not settings else "y"] * 200})

    with pytest.raises(DatabaseError) as refused:
        writer.insert_arrow(name, rows, settings=settings)
    left = writer.query(f"SELECT count() FROM {name}").result_rows  # noqa: S608
    writer.command(f"DROP TABLE {name} SYNC")

    assert refused.value.code == code
    assert left == [(0,)]
