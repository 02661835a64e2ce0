"""Exports: whole, in every format the same records, safe in a spreadsheet, resumable, and never whole when cut."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import signal
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import httpx
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from query.logs import moment as moments
from query.logs.grammar import parse
from tests.compose.clickhouse.serving import running
from tests.query import platform
from tests.query.logs import samples
from tests.query.logs.reference import Sample, matches
from tests.query.logs.samples import SECOND
from tests.query.logs.serving import log_door

if TYPE_CHECKING:
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

    from tests.query.platform import Tokens


Rows = list[dict[str, Any]]

_MANY: Final = 250_000
# Texts that no format compresses.
_NOISE: Final = """
INSERT INTO starmeter.logs (project_id, environment, service_id, retention_days, timestamp, id, source, severity, body)
SELECT {project:UUID}, 'e', {service:UUID}, 30, fromUnixTimestamp64Nano({start:Int64} + toInt64(number)), number + 1,
    'app', 9, randomPrintableASCII(400)
FROM numbers({amount:UInt64})
"""


def ndjson(content: bytes) -> tuple[Rows, dict[str, Any]]:
    *lines, last = [json.loads(line) for line in content.splitlines()]
    return lines, last["manifest"]


def comma_separated(content: bytes) -> tuple[Rows, dict[str, Any]]:
    head, *lines = csv.reader(io.StringIO(content.decode(), newline=""))
    mark, manifest = lines.pop()
    assert mark == "#manifest"
    rows: Rows = [dict(zip(head, line, strict=True)) for line in lines]
    for row in rows:
        row["attributes"] = json.loads(row["attributes"].removeprefix("'"))
        row["trace_id"] = row["trace_id"] or None
        row["body"] = row["body"].removeprefix("'")
    return rows, json.loads(manifest)


def table(read: pa.Table) -> Rows:
    rows: Rows = read.set_column(0, "timestamp", read["timestamp"].cast(pa.int64())).to_pylist()
    for row in rows:
        row["timestamp"] = moments.written(row["timestamp"])
        row["attributes"] = dict(row["attributes"])
    return rows


def arrow(content: bytes) -> tuple[Rows, dict[str, Any]]:
    with pa.ipc.open_stream(content) as reader:
        pieces = list(reader.iter_batches_with_custom_metadata())
        last = pieces[-1].custom_metadata["manifest"]
        return table(pa.Table.from_batches([piece.batch for piece in pieces])), json.loads(last)


def parquet(content: bytes) -> tuple[Rows, dict[str, Any]]:
    file = pq.ParquetFile(io.BytesIO(content))
    return table(file.read()), json.loads(file.metadata.metadata[b"manifest"])


READERS = {"ndjson": ndjson, "csv": comma_separated, "parquet": parquet, "arrow": arrow}


@pytest.fixture
def span(moment: int) -> dict[str, Any]:
    return {"start": moment - 60 * SECOND, "end": moment}


def expected(ours: list[Sample], query: str) -> dict[str, dict[str, Any]]:
    return {
        f"{one.id:016x}": {
            "timestamp": moments.written(one.timestamp),
            "project_id": one.project_id,
            "environment": one.environment,
            "service_id": one.service_id,
            "source": one.source,
            "pod": one.pod,
            "container": one.container,
            "trace_id": None if one.trace_id == "0" * 32 else one.trace_id,
            "attributes": one.attributes,
        }
        for one in ours
        if matches(one, parse(query))
    }


@pytest.mark.parametrize("format_", READERS)
@pytest.mark.parametrize("query", ["", "@level:error", "nothing-has-this"])
def test_an_export_is_every_record_once(
    logs: httpx.Client, ours: list[Sample], span: dict[str, Any], format_: str, query: str
) -> None:
    answer = logs.get("logs/export", params=span | {"format": format_, "q": query}).raise_for_status()
    rows, manifest = READERS[format_](answer.content)
    found = {row["id"]: {name: row[name] for name in row if name not in {"id", "severity", "body"}} for row in rows}

    assert expected(ours, query) == found
    assert passes_as_whole(format_, answer.content)
    assert manifest == {
        "complete": True,
        "records": len(rows),
        "start": moments.written(span["start"]),
        "end": moments.written(span["end"]),
        "next_cursor": None,
    }
    if format_ != "csv":  # whose guard is seen below
        bodies = {f"{one.id:016x}": one.body for one in ours}
        assert {row["id"]: row["body"] for row in rows} == {key: bodies[key] for key in found}


@pytest.mark.parametrize("format_", READERS)
def test_an_export_goes_on_where_it_was_cut(
    logs: httpx.Client, ours: list[Sample], span: dict[str, Any], format_: str
) -> None:
    arguments = span | {"format": format_, "limit": 150}
    seen: Rows = []
    cursor: str | None = None
    rounds = 0
    while rounds == 0 or cursor is not None:
        more = {} if cursor is None else {"cursor": cursor}
        answer = logs.get("logs/export", params=arguments | more).raise_for_status()
        rows, manifest = READERS[format_](answer.content)
        seen += rows
        cursor = manifest["next_cursor"]
        assert manifest["complete"] is (cursor is None)
        rounds += 1

    assert rounds == 3
    assert sorted(f"{one.id:016x}" for one in ours) == sorted(row["id"] for row in seen)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        (" =1", "' =1"),
        ("\t=1", "'\t=1"),
        ("\tx", "'\tx"),
        ("a=1", "a=1"),
        ('"=1"', '"=1"'),
        ("a\r\nb", "a\r\nb"),
    ],
)
def test_a_cell_is_no_formula(logs: httpx.Client, log_writer: Client, moment: int, body: str, shown: str) -> None:
    at = moment - (20_000 + hash(body) % 1_000_000) * SECOND
    one = Sample(platform.PROJECT_A, "production", platform.SERVICE_A1, at, 1, body=body, pod=body)
    samples.insert(log_writer, [one])
    answer = logs.get("logs/export", params={"format": "csv", "start": at, "end": at + 1})
    head, row, _ = csv.reader(io.StringIO(answer.text, newline=""))

    found = dict(zip(head, row, strict=True))
    assert (shown, shown) == (found["body"], found["pod"])


def test_the_format_follows_accept(logs: httpx.Client, span: dict[str, Any]) -> None:
    answer = logs.get("logs/export", params=span, headers={"Accept": "text/html, text/csv;q=0.9"})

    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].startswith('attachment; filename="logs-')


@pytest.mark.parametrize("arguments", ["format=xls", "limit=0", "cursor=x", "step=1", "format=csv&format=csv"])
def test_a_wrong_argument_is_refused_before_anything_is_sent(logs: httpx.Client, arguments: str) -> None:
    answer = logs.get(f"logs/export?{arguments}")

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_cursor_of_a_page_does_not_continue_an_export(logs: httpx.Client, span: dict[str, Any]) -> None:
    page = logs.get("logs", params=span | {"limit": 1}).json()
    export = logs.get("logs/export", params=span | {"limit": 1})
    of_export = ndjson(export.content)[1]["next_cursor"]

    assert logs.get("logs/export", params=span | {"cursor": page["next_cursor"]}).status_code == 400
    assert logs.get("logs", params=span | {"cursor": of_export}).status_code == 400
    assert "'" not in export.headers["content-disposition"]


@pytest.mark.timeout(300)
def test_an_export_that_is_cut_cannot_pass_as_whole(tmp_path: Path, control: tuple[str, Tokens], moment: int) -> None:
    received: dict[tuple[str, int], list[bytes]] = defaultdict(list)
    with running(tmp_path / "store") as server:
        client = server.writer()
        # Far more than all buffers on the way hold, some ten batches of them the client library's: what is sent cannot
        # be all, however late the store is killed.
        values = {"project": platform.PROJECT_A, "service": platform.SERVICE_A1, "start": moment - _MANY}
        client.command(_NOISE, parameters=values | {"amount": _MANY})
        client.close()
        with (
            log_door(tmp_path / "door", {"near": server.reader_url}, control=control) as door,
            door.client() as reader,
            contextlib.ExitStack() as streams,
        ):
            # As many as a project may have at once, so that they would wait for each other if they could.
            answers = {
                (name, number): streams.enter_context(reader.stream("GET", "logs/export", params={"format": name}))
                for name in READERS
                for number in range(2)
            }
            pieces = {name: answer.iter_raw(1024) for name, answer in answers.items()}
            for name, some in pieces.items():
                received[name].append(next(some))
            assert {answer.status_code for answer in answers.values()} == {200}
            os.kill(server.pid, signal.SIGKILL)
            for name, some in pieces.items():
                with pytest.raises(httpx.RemoteProtocolError):
                    received[name].extend(some)
            later = reader.get("logs")

    assert later.status_code == 503
    # Nor does what came look whole to who has kept it.
    assert [name for (name, _), some in received.items() if passes_as_whole(name, b"".join(some))] == []
    assert len(received) == 2 * len(READERS)


def passes_as_whole(name: str, content: bytes) -> bool:
    """Whether a file reads to its end, and says there that it is all."""
    assert content
    try:
        _, manifest = READERS[name](content)
    except (ValueError, OSError, AssertionError, KeyError, IndexError, TypeError):
        return False
    return bool(manifest["complete"])
