"""A record that was stored more than once is one record: it takes no other's place, and nothing cut passes as whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.query import platform
from tests.query.logs import samples
from tests.query.logs.reference import Sample
from tests.query.logs.samples import SECOND
from tests.query.logs.test_export import READERS
from tests.query.logs.test_search import keys, pages

if TYPE_CHECKING:
    import httpx
    from clickhouse_connect.driver.client import Client

COUNT = 60
# Stored as often as this, its copies alone fill a page of ten.
TIMES = 30
_NUMBERED = """
INSERT INTO starmeter.logs (project_id, environment, service_id, retention_days, timestamp, id, source, severity, pod)
SELECT {project:UUID}, 'many', {service:UUID}, 30, fromUnixTimestamp64Nano({start:Int64} + toInt64(number)), number + 1,
    'app', 9, 'many'
FROM numbers({amount:UInt64})
"""


@pytest.fixture(scope="module")
def repeated(log_writer: Client, moment: int) -> list[Sample]:
    """Records of a stream of their own, some of them stored again and again."""
    start = moment - 20 * 86_400 * SECOND
    place = (platform.PROJECT_A, "twice", platform.SERVICE_A1)
    some = [Sample(*place, start + n, n + 1, pod="twice", body=f"number {n}") for n in range(COUNT)]
    samples.insert(log_writer, [*some, some[0], *some[20:25], *[some[40]] * (TIMES - 1)])
    return some


@pytest.fixture
def span(repeated: list[Sample]) -> dict[str, Any]:
    return {"start": repeated[0].timestamp, "end": repeated[-1].timestamp + 1}


@pytest.mark.parametrize("format_", READERS)
@pytest.mark.parametrize("limit", [1, 10, COUNT - 1, COUNT])
def test_an_export_that_its_limit_cut_says_so_and_goes_on(
    logs: httpx.Client, repeated: list[Sample], span: dict[str, Any], format_: str, limit: int
) -> None:
    found: list[str] = []
    cursor: str | None = None
    is_whole = False
    while not is_whole:
        more = {} if cursor is None else {"cursor": cursor}
        answer = logs.get("logs/export", params=span | {"format": format_, "limit": limit} | more).raise_for_status()
        rows, manifest = READERS[format_](answer.content)
        found += [row["id"] for row in rows]
        cursor, is_whole = manifest["next_cursor"], manifest["complete"]
        assert is_whole is (cursor is None)
        assert manifest["records"] == len(rows) <= limit

    assert [f"{one.id:016x}" for one in repeated] == found


def test_a_copy_in_one_block_does_not_hide_that_another_was_cut(
    logs: httpx.Client, log_writer: Client, moment: int
) -> None:
    """A store answers in blocks: more records than one holds, and the first of them twice."""
    count, limit = 60_000, 50_000
    start = moment - 21 * 86_400 * SECOND
    values = {"project": platform.PROJECT_A, "service": platform.SERVICE_A1, "start": start}
    for amount in (count, 1):
        log_writer.command(_NUMBERED, parameters=values | {"amount": amount})
    arguments: dict[str, Any] = {"start": start, "end": start + count, "limit": limit}
    found: list[str] = []
    for is_last in (False, True):
        rows, manifest = READERS["ndjson"](logs.get("logs/export", params=arguments).raise_for_status().content)
        found += [row["id"] for row in rows]
        arguments["cursor"] = manifest["next_cursor"]
        assert manifest["complete"] is is_last

    assert found == [f"{number + 1:016x}" for number in range(count)]


@pytest.mark.parametrize("direction", ["backward", "forward"])
def test_every_page_but_the_last_is_full(
    logs: httpx.Client, repeated: list[Sample], span: dict[str, Any], direction: str
) -> None:
    found = pages(logs, span | {"limit": 10, "direction": direction})

    assert [len(page["records"]) for page in found] == [10] * (COUNT // 10)
    expected = sorted(((one.timestamp, one.id) for one in repeated), reverse=direction == "backward")
    assert expected == [one for page in found for one in keys(page)]


def test_streams_of_a_limit_hold_as_many_records(
    logs: httpx.Client, repeated: list[Sample], span: dict[str, Any]
) -> None:
    arguments = span | {"query": '{environment="twice"}', "limit": 30}
    (stream,) = logs.get("loki/api/v1/query_range", params=arguments).raise_for_status().json()["data"]["result"]

    assert [one.body for one in reversed(repeated)][:30] == [body for _, body in stream["values"]]


def test_copies_take_no_neighbours_place(logs: httpx.Client, repeated: list[Sample]) -> None:
    hit = repeated[38]
    place: dict[str, Any] = {"timestamp": hit.timestamp, "id": f"{hit.id:016x}", "before": "20", "after": "10"}
    answer = logs.get("logs/context", params=place).raise_for_status().json()

    assert [one.body for one in repeated[18:38]] == [one["body"] for one in answer["before"]]
    assert [one.body for one in repeated[39:49]] == [one["body"] for one in answer["after"]]
