"""Values through the wire and back, as typed parameters and as rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pyarrow.ipc  # type: ignore[import-untyped]
import pyarrow.parquet  # type: ignore[import-untyped]
import pytest

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from tests.compose.clickhouse.serving import Server

NASTY: Final = [
    pytest.param("", id="empty"),
    pytest.param("it's", id="quote"),
    pytest.param("'; DROP TABLE starmeter.logs; --", id="injection"),
    pytest.param("a\x00b", id="NUL"),
    pytest.param("\\", id="backslash"),
    pytest.param("\\N", id="null in TSV"),
    pytest.param("a\tb\r\nc", id="tab and line end"),
    pytest.param("{x:String} %(x)s $1 ?", id="placeholders"),
    pytest.param("%_[]*", id="patterns"),
    pytest.param("💥 \u202e \u2028 ﬀ", id="Unicode"),
    pytest.param("x" * 70_000, id="longer than a URL"),
]


@pytest.mark.parametrize("text", NASTY)
def test_a_text_parameter_is_a_value_whatever_it_holds(writer: Client, text: str) -> None:
    answer = writer.query("SELECT {x:String} AS x, [{x:String}] AS list", parameters={"x": text})

    assert answer.result_rows == [(text, [text])]


def test_typed_parameters_refuse_values_of_another_type(server: Server) -> None:
    with server.http() as client:
        answer = client.post("/", params={"param_n": "1 OR 1"}, content="SELECT {n:UInt8}")

    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (400, "457")


def test_a_parameter_that_is_missing_is_named(server: Server) -> None:
    with server.http() as client:
        answer = client.post("/", content="SELECT {n:UInt8}")

    assert answer.headers["X-ClickHouse-Exception-Code"] == "456"
    assert "`n`" in answer.text


def test_numbers_keep_every_digit(writer: Client) -> None:
    highest = 2**64 - 1
    answer = writer.query("SELECT {n:UInt64}, {m:Int64}", parameters={"n": highest, "m": -(2**63)})

    assert answer.result_rows == [(highest, -(2**63))]


def test_times_keep_every_nanosecond(writer: Client) -> None:
    instant = 1_764_000_000_123_456_789
    answer = writer.query(
        "SELECT toUnixTimestamp64Nano(fromUnixTimestamp64Nano({t:Int64}, 'UTC'))", parameters={"t": instant}
    )

    assert answer.result_rows == [(instant,)]


def test_an_empty_answer_is_empty_in_every_format(server: Server) -> None:
    statement = "SELECT number AS n FROM numbers(0)"
    with server.http() as client:
        texts = {form: client.post("/", content=f"{statement} FORMAT {form}") for form in ("JSON", "CSVWithNames")}
        arrow = client.post("/", content=f"{statement} FORMAT ArrowStream")

    assert texts["JSON"].json()["data"] == []
    assert texts["CSVWithNames"].text == '"n"\n'
    with pyarrow.ipc.open_stream(arrow.content) as stream:
        assert stream.read_all().schema.names == ["n"]


def test_columns_are_known_without_rows(writer: Client) -> None:
    assert writer.query("SELECT 1 AS a, 'x' AS b LIMIT 0").column_names == ("a", "b")


def test_bytes_that_are_no_text_pass_through_and_can_be_mended(server: Server) -> None:
    with server.http() as client:
        raw = client.post("/", content="SELECT unhex('61FF62') FORMAT RawBLOB").content
        mended = client.post(
            "/",
            params={"output_format_json_validate_utf8": "1"},
            content="SELECT unhex('61FF62') AS x FORMAT JSONEachRow",
        )

    assert raw == b"a\xffb"
    assert json.loads(mended.content) == {"x": "a\ufffdb"}


@pytest.mark.parametrize("form", ["Parquet", "ArrowStream"])
def test_a_columnar_answer_of_many_blocks_is_one_file(server: Server, form: str) -> None:
    statement = f"SELECT number AS n, toString(number) AS s FROM numbers(200000) FORMAT {form}"  # noqa: S608 - a fixed text
    with server.http() as client:
        content = client.post("/", content=statement).content
    table = (
        pyarrow.parquet.read_table(pyarrow.BufferReader(content))
        if form == "Parquet"
        else pyarrow.ipc.open_stream(content).read_all()
    )

    assert table.num_rows == 200_000
    assert table.column("n").to_pylist()[-1] == 199_999


@pytest.mark.parametrize("form", ["JSON", "JSONCompact", "CSVWithNames", "TabSeparatedWithNamesAndTypes"])
def test_a_text_answer_of_many_blocks_has_one_head(server: Server, form: str) -> None:
    with server.http() as client:
        statement = f"SELECT number AS n FROM numbers(150000) FORMAT {form}"  # noqa: S608 - a fixed text
        answer = client.post("/", content=statement)

    assert answer.headers["X-ClickHouse-Format"] == form
    if form.startswith("JSON"):
        assert len(answer.json()["data"]) == 150_000
    else:
        heads = 2 if form.endswith("Types") else 1
        assert len(answer.text.splitlines()) == 150_000 + heads


def test_the_format_can_be_named_beside_the_statement(server: Server) -> None:
    with server.http() as client:
        by_parameter = client.get("/", params={"query": "SELECT 1 AS a", "default_format": "JSONEachRow"})
        by_header = client.post("/", content="SELECT 1 AS a", headers={"X-ClickHouse-Format": "JSONEachRow"})
        by_nobody = client.post("/", content="SELECT 1 AS a")

    assert (by_parameter.text, by_header.text, by_nobody.text) == ('{"a":1}\n', '{"a":1}\n', "1\n")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_an_answer_is_compressed_when_asked(server: Server, encoding: str) -> None:
    with server.http() as client:
        answer = client.post(
            "/",
            params={"enable_http_compression": "1"},
            content="SELECT number FROM numbers(100000)",
            headers={"Accept-Encoding": encoding},
        )
        plain = client.post("/", content="SELECT 1", headers={"Accept-Encoding": encoding})

    assert answer.headers["Content-Encoding"] == encoding
    assert answer.text.endswith("\n99999\n")
    assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize("encoding", ["lz4", "zstd", "gzip"])
def test_the_library_reads_and_writes_every_encoding_it_knows(server: Server, encoding: str) -> None:
    client = server.writer(compress=encoding)
    try:
        assert client.query("SELECT sum(number), count() FROM numbers(1000)").result_rows == [(499_500, 1000)]
        assert client.query_arrow("SELECT number FROM numbers(300000)").num_rows == 300_000
    finally:
        client.close()
