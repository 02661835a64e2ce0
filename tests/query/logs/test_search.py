"""Pages of records: what is in them, in which order, and that cursors neither repeat nor hide one."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from query.logs import moment as moments
from query.logs.grammar import parse
from tests.query import platform
from tests.query.logs import samples
from tests.query.logs.reference import Sample, matches
from tests.query.logs.samples import SECOND

if TYPE_CHECKING:
    import httpx
    from clickhouse_connect.driver.client import Client

    from tests.query.logs.serving import LogDoor


def key(one: Sample) -> tuple[int, int]:
    return one.timestamp, one.id


def keys(page: dict[str, Any]) -> list[tuple[int, int]]:
    return [(moments.nanoseconds("timestamp", one["timestamp"]), int(one["id"], 16)) for one in page["records"]]


def pages(client: httpx.Client, arguments: dict[str, Any], *, cursor: str = "next_cursor") -> list[dict[str, Any]]:
    """All pages from the first on."""
    found = [client.get("logs", params=arguments).raise_for_status().json()]
    while found[-1][cursor] is not None:
        found.append(client.get("logs", params=arguments | {"cursor": found[-1][cursor]}).raise_for_status().json())
    return found


@pytest.fixture
def span(moment: int) -> dict[str, int]:
    return {"start": moment - 60 * SECOND, "end": moment}


def test_a_record_has_every_field_of_the_contract(logs: httpx.Client, ours: list[Sample], span: dict[str, int]) -> None:
    page = logs.get("logs", params=span | {"limit": 1}).json()
    newest = max(ours, key=key)
    (record,) = page["records"]

    assert {"records", "next_cursor", "previous_cursor", "warnings"} == set(page)
    assert {
        "timestamp": moments.written(newest.timestamp),
        "id": f"{newest.id:016x}",
        "project_id": newest.project_id,
        "environment": newest.environment,
        "service_id": newest.service_id,
        "source": newest.source,
        "pod": newest.pod,
        "container": newest.container,
        "trace_id": None if newest.trace_id == "0" * 32 else newest.trace_id,
        "body": newest.body,
        "attributes": newest.attributes,
    } == {name: value for name, value in record.items() if name != "severity"}
    assert record["severity"] in {"unspecified", "trace", "debug", "info", "warn", "error", "fatal"}


@pytest.mark.parametrize("direction", ["backward", "forward"])
@pytest.mark.parametrize("limit", [7, 400, 1000])
def test_pages_together_are_everything_once_and_in_order(
    logs: httpx.Client, ours: list[Sample], span: dict[str, int], direction: str, limit: int
) -> None:
    found = pages(logs, span | {"direction": direction, "limit": limit})

    expected = sorted((key(one) for one in ours), reverse=direction == "backward")
    assert expected == [one for page in found for one in keys(page)]


def test_a_page_is_found_again_on_the_way_back(logs: httpx.Client, span: dict[str, int]) -> None:
    found = pages(logs, span | {"limit": 30})
    back = [found[-1]]
    while back[-1]["previous_cursor"] is not None:
        answer = logs.get("logs", params=span | {"limit": 30, "cursor": back[-1]["previous_cursor"]})
        back.append(answer.raise_for_status().json())

    assert found[0]["previous_cursor"] is None
    assert [keys(page) for page in found] == [keys(page) for page in reversed(back)]


def test_what_is_inserted_meanwhile_neither_repeats_nor_hides_a_record(
    logs: httpx.Client, log_writer: Client, moment: int
) -> None:
    begin = moment - 7200 * SECOND
    first = samples.random_samples(platform.PROJECT_A, (platform.SERVICE_A1,), 60, end=begin, seed=1)
    samples.insert(log_writer, first)
    arguments: dict[str, Any] = {"start": begin - 60 * SECOND, "end": begin, "limit": 9}
    page = logs.get("logs", params=arguments).json()
    seen = keys(page)
    seed = 2
    while page["next_cursor"] is not None:
        late = samples.random_samples(platform.PROJECT_A, (platform.SERVICE_A1,), 5, end=begin, seed=seed)
        samples.insert(log_writer, late)
        seed += 1
        page = logs.get("logs", params=arguments | {"cursor": page["next_cursor"]}).json()
        seen += keys(page)

    assert len(seen) == len(set(seen))
    assert {key(one) for one in first} <= set(seen)
    assert seen == sorted(seen, reverse=True)


def test_a_record_that_is_stored_twice_is_one_record(logs: httpx.Client, log_writer: Client, moment: int) -> None:
    begin = moment - 9000 * SECOND
    twice = samples.random_samples(platform.PROJECT_A, (platform.SERVICE_A1,), 8, end=begin, seed=77)
    samples.insert(log_writer, twice)
    samples.insert(log_writer, twice)
    found = pages(logs, {"start": begin - 60 * SECOND, "end": begin, "limit": 3})

    assert sorted(map(key, twice), reverse=True) == [one for page in found for one in keys(page)]


@pytest.mark.parametrize("text", ["timeout", '"10.0"', "@level:>=error -foo", "@status:>500 OR @pod:web-1"])
def test_a_filter_narrows_a_page(logs: httpx.Client, ours: list[Sample], span: dict[str, int], text: str) -> None:
    page = logs.get("logs", params=span | {"q": text, "limit": 1000}).json()

    assert sorted((key(one) for one in ours if matches(one, parse(text))), reverse=True) == keys(page)


def test_a_path_and_a_token_narrow_a_page(door_of_logs: LogDoor, ours: list[Sample], span: dict[str, int]) -> None:
    arguments = span | {"limit": 1000}
    with door_of_logs.client(door_of_logs.tokens.production) as narrowed:
        by_token = narrowed.get("logs", params=arguments).json()
    with door_of_logs.client() as whole:
        base = f"/v1/projects/{platform.PROJECT_A}/environments/pr-7"
        by_path = whole.get(f"{door_of_logs.url}{base}/logs", params=arguments).json()
        by_service = whole.get(f"{door_of_logs.url}{base}/services/{platform.SERVICE_A1}/logs", params=arguments).json()

    def expected(environment: str, services: set[str]) -> list[tuple[int, int]]:
        inside = [one for one in ours if one.environment == environment and one.service_id in services]
        return sorted(map(key, inside), reverse=True)

    both = {platform.SERVICE_A1, platform.SERVICE_A2}
    assert expected("production", both) == keys(by_token)
    assert expected("pr-7", both) == keys(by_path)
    assert expected("pr-7", {platform.SERVICE_A1}) == keys(by_service)


def test_invalid_utf_8_is_shown_with_replacement_characters(
    logs: httpx.Client, log_writer: Client, moment: int
) -> None:
    begin = moment - 11_000 * SECOND
    (one,) = samples.random_samples(platform.PROJECT_A, (platform.SERVICE_A1,), 1, end=begin, seed=5)
    broken = replace(one, body="a\udcffb", attributes={"k\udcfe": "\udcfd"})
    columns = samples.row(broken, encode=True)
    log_writer.insert("starmeter.logs", [columns], column_names=samples.COLUMNS)
    (record,) = logs.get("logs", params={"start": begin - 60 * SECOND, "end": begin}).json()["records"]

    assert record["body"] == "a\ufffdb"
    assert record["attributes"] == {"k\ufffd": "\ufffd"}


@pytest.mark.parametrize(
    ("arguments", "status", "named"),
    [
        pytest.param("q=a&q=b", 400, "q", id="given twice"),
        pytest.param("limit=1&limit=1", 400, "limit", id="given twice with the same value"),
        pytest.param("query=a", 400, "query", id="unknown"),
        pytest.param("project_id=x", 400, "project_id", id="a tenant's name"),
        pytest.param("SQL_project=x", 400, "SQL_project", id="a setting"),
        pytest.param("param_project=x", 400, "param_project", id="a parameter of the store"),
        pytest.param("limit=0", 400, "limit", id="nothing"),
        pytest.param("limit=1_0", 400, "limit", id="a number of another language"),
        pytest.param("limit=1001", 400, "limit", id="too many"),
        pytest.param("start=yesterday", 400, "start", id="no time"),
        pytest.param("start=2026-02-30T00:00:00Z", 400, "start", id="no date"),
        pytest.param("end=99999999999999999999", 400, "end", id="far future"),
        pytest.param("start=2&end=1", 400, "start", id="backwards"),
        pytest.param("start=0&end=1764000000", 422, "start", id="a huge range"),
        pytest.param("direction=up", 400, "direction", id="direction"),
        pytest.param("cursor=abc", 400, "cursor", id="cursor"),
        pytest.param("q=%00", 400, "q", id="NUL"),
        pytest.param("q=%ff", 400, "UTF-8", id="no UTF-8"),
        pytest.param("q=%22a", 400, "position 0", id="filter"),
        pytest.param("q=%2F(abc%2F", 400, "q", id="a pattern that the store refuses"),
    ],
)
def test_a_wrong_argument_is_named(logs: httpx.Client, arguments: str, status: int, named: str) -> None:
    answer = logs.get(f"logs?{arguments}")

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert named in answer.json()["detail"]


def test_a_filters_problem_has_its_position_and_a_hint(logs: httpx.Client) -> None:
    body = logs.get("logs", params={"q": 'a (b "c'}).json()

    assert (body["code"], body["position"]) == ("bad_filter", 5)
    assert body["hint"]


def test_a_cursor_is_of_one_scope_filter_range_and_direction(door_of_logs: LogDoor, span: dict[str, int]) -> None:
    arguments: dict[str, Any] = span | {"limit": 5, "q": "-zzz"}
    with door_of_logs.client() as client:
        cursor = client.get("logs", params=arguments).json()["next_cursor"]
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        forged = [
            base64.urlsafe_b64encode(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]).rstrip(b"=").decode()
            for place in range(len(raw))
        ]
        honest = [
            client.get("logs", params=arguments | {"cursor": cursor}),
            client.get("logs", params={"q": "-zzz", "cursor": cursor}),
        ]
        wrong = [
            *(client.get("logs", params=arguments | {"cursor": one}) for one in forged),
            client.get("logs", params=arguments | {"cursor": cursor + "A"}),
            client.get("logs", params=arguments | {"cursor": cursor, "q": ""}),
            client.get("logs", params=arguments | {"cursor": cursor, "end": span["end"] + 1}),
            client.get("logs", params=arguments | {"cursor": cursor, "direction": "forward"}),
            client.get(
                f"{door_of_logs.url}/v1/projects/{platform.PROJECT_A}/environments/production/logs",
                params=arguments | {"cursor": cursor},
            ),
        ]
    with door_of_logs.client(door_of_logs.tokens.rival, platform.PROJECT_B) as rival:
        wrong.append(rival.get("logs", params=arguments | {"cursor": cursor}))
    with door_of_logs.client(door_of_logs.tokens.pair) as narrower:
        wrong.append(narrower.get("logs", params=arguments | {"cursor": cursor}))

    assert [answer.status_code for answer in honest] == [200, 200]
    assert {answer.status_code for answer in wrong} == {400}
