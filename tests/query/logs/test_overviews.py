"""Histogram, fields and context against what the records themselves say."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from query.logs import level
from query.logs import moment as moments
from query.logs.grammar import parse
from tests.query import platform
from tests.query.logs.reference import matches
from tests.query.logs.samples import SECOND

if TYPE_CHECKING:
    import httpx

    from tests.query.logs.reference import Sample
    from tests.query.logs.serving import LogDoor


def counted(ours: list[Sample], query: str, start: int, end: int, step: int) -> dict[int, Counter[str]]:
    """Records by the beginning of their bucket and by level, of the buckets that the range touches."""
    width = step * SECOND
    first, last = start // width, -(-end // width)
    found: dict[int, Counter[str]] = {bucket * width: Counter() for bucket in range(first, last)}
    for one in ours:
        bucket = one.timestamp // width * width
        if bucket in found and matches(one, parse(query)):
            found[bucket][level.name_of(one.severity)] += 1
    return found


@pytest.mark.parametrize("query", ["", "@level:>=warn", "-@source:build @environment:production", "timeout", "@n:*"])
@pytest.mark.parametrize("step", [7, 60, 120])
def test_a_histogram_counts_the_records_of_its_buckets(
    logs: httpx.Client, ours: list[Sample], moment: int, query: str, step: int
) -> None:
    start, end = moment - 55 * SECOND, moment - 1 * SECOND
    arguments: dict[str, Any] = {"start": start, "end": end, "step": f"{step}s", "q": query}
    answer = logs.get("logs/histogram", params=arguments).raise_for_status().json()
    found = {moments.nanoseconds("start", one["start"]): Counter(one["levels"]) for one in answer["buckets"]}

    assert counted(ours, query, start, end, step) == found
    assert [one["records"] for one in answer["buckets"]] == [counts.total() for counts in found.values()]
    assert answer["step"] == step


def test_a_histogram_chooses_a_step_that_people_can_read(logs: httpx.Client, moment: int) -> None:
    answer = logs.get("logs/histogram", params={"start": moment - 3600 * SECOND, "end": moment}).json()

    assert answer["step"] == 60
    assert len(answer["buckets"]) in {60, 61}


def test_a_histogram_of_too_many_buckets_says_what_to_change(logs: httpx.Client) -> None:
    answer = logs.get("logs/histogram", params={"step": "1s"})

    assert answer.status_code == 422
    assert "step" in answer.json()["detail"]


def test_fields_are_listed_with_how_many_records_have_them(logs: httpx.Client, ours: list[Sample], moment: int) -> None:
    arguments: dict[str, Any] = {"start": moment - 60 * SECOND, "end": moment, "q": "@level:error"}
    answer = logs.get("logs/fields", params=arguments).raise_for_status().json()
    expected = Counter(name for one in ours if 17 <= one.severity <= 20 for name in one.attributes)

    assert expected == {one["name"]: one["records"] for one in answer["fields"] if one["kind"] == "attribute"}
    assert answer["truncated"] is False


@pytest.mark.parametrize(
    "field", ["level", "service", "environment", "source", "pod", "container", "status", "user id"]
)
def test_values_of_a_field_are_counted(logs: httpx.Client, ours: list[Sample], moment: int, field: str) -> None:
    arguments: dict[str, Any] = {"start": moment - 60 * SECOND, "end": moment, "field": field, "q": "-timeout"}
    answer = logs.get("logs/fields", params=arguments).raise_for_status().json()

    def value(one: Sample) -> str | None:
        fields = {"level": level.name_of(one.severity), "service": one.service_id, "environment": one.environment}
        fields |= {"source": one.source, "pod": one.pod, "container": one.container}
        return fields.get(field, one.attributes.get(field))

    expected = Counter(value(one) for one in ours if matches(one, parse("-timeout")) and value(one) is not None)
    assert expected == {one["value"]: one["records"] for one in answer["values"]}
    assert list(answer["values"]) == sorted(answer["values"], key=lambda one: -one["records"])


def test_a_list_of_values_that_is_cut_says_so(logs: httpx.Client, moment: int) -> None:
    arguments: dict[str, Any] = {"start": moment - 60 * SECOND, "end": moment, "field": "pod", "limit": 1}
    answer = logs.get("logs/fields", params=arguments).json()

    assert (len(answer["values"]), answer["truncated"]) == (1, True)


def test_context_is_the_neighbours_in_the_same_containers_stream(
    logs: httpx.Client, ours: list[Sample], moment: int
) -> None:
    def stream(one: Sample) -> tuple[str, ...]:
        return one.environment, one.service_id, one.pod, one.container

    def place(one: Sample) -> tuple[int, int]:
        return one.timestamp, one.id

    ordered = sorted(ours, key=place)
    hit = ordered[len(ordered) // 2]
    same = [one for one in ordered if stream(one) == stream(hit)]
    at = same.index(hit)
    arguments: dict[str, Any] = {"timestamp": hit.timestamp, "id": f"{hit.id:016x}", "before": 3, "after": 5}
    answer = logs.get("logs/context", params=arguments).raise_for_status().json()

    assert [f"{one.id:016x}" for one in same[at - 3 : at]] == [one["id"] for one in answer["before"]]
    assert [f"{one.id:016x}" for one in same[at + 1 : at + 6]] == [one["id"] for one in answer["after"]]
    assert answer["record"]["id"] == f"{hit.id:016x}"
    assert moment > hit.timestamp


def test_context_of_a_rivals_record_is_not_there(door_of_logs: LogDoor, moment: int) -> None:
    arguments: dict[str, Any] = {"start": moment - 60 * SECOND, "end": moment, "limit": 1}
    with door_of_logs.client(door_of_logs.tokens.rival, platform.PROJECT_B) as rival:
        (theirs,) = rival.get("logs", params=arguments).json()["records"]
    with door_of_logs.client() as client:
        place = {"timestamp": theirs["timestamp"], "id": theirs["id"]}
        answer = client.get("logs/context", params=place)
        absent = client.get("logs/context", params=place | {"id": "0" * 16})

    assert answer.status_code == 404
    assert answer.text == absent.text


@pytest.mark.parametrize(
    "arguments", ["id=0000000000000001", "timestamp=1", "timestamp=1&id=xyz", "timestamp=1&id=1&before=101"]
)
def test_a_context_without_a_place_is_refused(logs: httpx.Client, arguments: str) -> None:
    assert logs.get(f"logs/context?{arguments}").status_code == 400
