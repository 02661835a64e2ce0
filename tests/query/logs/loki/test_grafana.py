"""Everything that Grafana's Loki data source asks: what it needs is there, and is what the log pages say."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from query.logs import level
from query.logs.loki.label import named
from tests.query import platform
from tests.query.grafana import ShownError
from tests.query.logs.loki.grafana import DataSource
from tests.query.logs.samples import SECOND

if TYPE_CHECKING:
    import httpx

    from tests.query.logs.reference import Sample
    from tests.query.logs.serving import LogDoor


@pytest.fixture
def source(logs: httpx.Client) -> DataSource:
    return DataSource(logs)


@pytest.fixture
def span(moment: int) -> tuple[int, int]:
    return moment - 60 * SECOND, moment


def labels_of(one: Sample) -> dict[str, str]:
    return {
        "project_id": one.project_id,
        "environment": one.environment,
        "service_id": one.service_id,
        "level": level.name_of(one.severity),
        "source": one.source,
        "pod": one.pod,
        "container": one.container,
    }


def test_save_and_test_is_green(source: DataSource) -> None:
    assert source.save_and_test()
    assert source.get("labels", start=1, end=2)["data"]
    assert source.get("status/buildinfo")["version"]


def test_explore_shows_every_record_with_its_labels_and_fields(
    source: DataSource, ours: list[Sample], span: tuple[int, int]
) -> None:
    found = source.lines('{environment=~".+"} | json | drop __error__', *span)

    def fields(one: Sample) -> dict[str, str]:
        trace = {} if one.trace_id == "0" * 32 else {"trace_id": one.trace_id}
        return trace | {named(key): value for key, value in reversed(one.attributes.items())}

    def key(at: int, text: str, labels: dict[str, str]) -> tuple[object, ...]:
        return at, text, tuple(sorted(labels.items()))

    expected = Counter(key(one.timestamp, one.body, labels_of(one)) for one in ours)
    assert expected == Counter(key(line.at, line.text, line.labels) for line in found)
    names = {name for one in ours for name in fields(one)}
    assert names == {name for line in found for name in line.fields}


@pytest.mark.parametrize("direction", ["backward", "forward"])
def test_a_limit_keeps_the_records_at_the_end_that_is_asked_for(
    source: DataSource, ours: list[Sample], span: tuple[int, int], direction: str
) -> None:
    found = source.lines("{}", *span, limit=37, direction=direction.upper())

    ordered = sorted((one.timestamp for one in ours), reverse=direction == "backward")
    assert Counter(ordered[:37]) == Counter(line.at for line in found)


def test_labels_without_the_flag_hold_the_fields_too(
    logs: httpx.Client, ours: list[Sample], span: tuple[int, int]
) -> None:
    arguments: dict[str, str | int] = {"query": '{pod="web-1"} | status = "500"', "start": span[0], "end": span[1]}
    data = logs.get("loki/api/v1/query_range", params=arguments).json()["data"]
    expected = sum(one.pod == "web-1" and one.attributes.get("status") == "500" for one in ours)

    assert expected == sum(len(one["values"]) for one in data["result"])
    assert {one["stream"]["status"] for one in data["result"]} == {"500"}
    assert "encodingFlags" not in data


def test_the_log_volume_counts_each_level(source: DataSource, ours: list[Sample], span: tuple[int, int]) -> None:
    query = '{environment="production"} | drop __error__'
    found = source.matrix(f"sum by (level, detected_level) (count_over_time({query}[10s]))", *span, "10000ms")

    def expected(name: str) -> dict[float, float]:
        at = Counter(
            (span[0] - (span[0] - one.timestamp) // (10 * SECOND) * (10 * SECOND)) / SECOND
            for one in ours
            if one.environment == "production" and level.name_of(one.severity) == name
        )
        return {moment: float(amount) for moment, amount in at.items() if moment <= span[1] / SECOND}

    names = {level.name_of(one.severity) for one in ours}
    assert {(("detected_level", name), ("level", name)): expected(name) for name in names} == found


def test_labels_values_and_series_are_those_of_the_records(
    source: DataSource, ours: list[Sample], span: tuple[int, int]
) -> None:
    start, end = span
    names = source.get("labels", start=start, end=end)["data"]
    values = {name: source.get(f"label/{name}/values", start=start, end=end)["data"] for name in names}
    narrowed = source.get("label/pod/values", start=start, end=end, query='{environment="pr-7"}')["data"]
    series = source.get("series", start=start, end=end, **{"match[]": '{level="error"}'})["data"]

    assert {name: sorted({labels_of(one)[name] for one in ours}) for name in labels_of(ours[0])} == values
    assert sorted({one.pod for one in ours if one.environment == "pr-7"}) == narrowed
    expected = {tuple(sorted(labels_of(one).items())) for one in ours if labels_of(one)["level"] == "error"}
    assert expected == {tuple(sorted(one.items())) for one in series}
    assert source.get("label/nothing/values", start=start, end=end)["data"] == []


def test_hints_are_the_sizes_of_the_records(source: DataSource, ours: list[Sample], span: tuple[int, int]) -> None:
    start, end = span
    mine = [one for one in ours if one.pod == "web-1"]
    stats = source.get("index/stats", query='{pod="web-1"}', start=start, end=end)
    volume = source.get("index/volume", query='{pod="web-1"}', start=start, end=end, targetLabels="environment")
    over = source.get("index/volume_range", query="{}", start=start, end=end, targetLabels="environment", step="20")[
        "data"
    ]["result"]

    def size(some: list[Sample], environment: str = "") -> int:
        return sum(len(one.body.encode()) for one in some if environment in {"", one.environment})

    streams = {tuple(labels_of(one).items()) for one in mine}
    assert stats == {"streams": len(streams), "chunks": len(streams), "entries": len(mine), "bytes": size(mine)}
    found = {one["metric"]["environment"]: int(one["value"][1]) for one in volume["data"]["result"]}
    assert {name: size(mine, name) for name in ("production", "pr-7")} == found
    assert {name: size(ours, name) for name in ("production", "pr-7")} == {
        one["metric"]["environment"]: sum(int(value) for _, value in one["values"]) for one in over
    }


def test_what_is_detected_is_what_records_have(source: DataSource, ours: list[Sample], span: tuple[int, int]) -> None:
    start, end = span
    labels = source.get("detected_labels", start=start, end=end)["detectedLabels"]
    fields = source.get("detected_fields", query="{}", start=start, end=end)["fields"]

    assert {name: len({labels_of(one)[name] for one in ours}) for name in labels_of(ours[0])} == {
        one["label"]: one["cardinality"] for one in labels
    }
    values = {(key, value) for one in ours for key, value in one.attributes.items()}
    assert Counter(named(key) for key, _ in values) == Counter({one["label"]: one["cardinality"] for one in fields})
    assert source.get("patterns", query="{}", start=start, end=end) == {"status": "success", "data": []}


def test_a_form_is_as_good_as_the_url(logs: httpx.Client, span: tuple[int, int]) -> None:
    arguments = {"query": '{level="error"}', "start": str(span[0]), "end": str(span[1]), "limit": "1000"}
    by_get = logs.get("loki/api/v1/query_range", params=arguments)
    by_post = logs.post("loki/api/v1/query_range", data=arguments)
    twice = logs.post("loki/api/v1/query_range", params={"query": "{}"}, data=arguments)
    as_json = logs.post("loki/api/v1/query_range", json=arguments)

    assert by_get.json() == by_post.json()
    assert by_get.json()["data"]["result"]
    assert (twice.status_code, as_json.status_code) == (400, 400)


@pytest.mark.parametrize(
    ("path", "arguments", "shown"),
    [
        ("query", {"query": '{pod="x"}'}, "log queries are not supported as an instant query type"),
        (
            "query_range",
            {"query": '{pod="x"} | line_format "{{.x}}"'},
            "line 1, col 13: | line_format is not supported",
        ),
        ("query_range", {"query": '{pod="x"'}, "parse error at line 1, col 9: syntax error: unexpected the end"),
        ("query_range", {"query": '{job="x"}'}, "col 2: job is no label of a stream; use project_id"),
        ("query_range", {"query": '{pod="x"}', "limit": 5000}, "limit: must be a whole number from 1 to 1000"),
        ("query_range", {"query": '{pod="x"}', "start": 2, "end": 1}, "end timestamp must not be before"),
        ("query_range", {"query": "rate({}[1s])", "start": 1, "end": 90000, "step": 1}, "11,000 points"),
        ("query_range", {"query": "{}", "start": 1}, "exceeds the limit of 90 days"),
        ("tail", {"query": "{}"}, "server-sent events"),
    ],
)
def test_a_failure_is_shown_in_words(
    source: DataSource, path: str, arguments: dict[str, str | int], shown: str
) -> None:
    with pytest.raises(ShownError) as raised:
        source.get(path, **arguments)

    assert shown in str(raised.value)


def test_every_failure_has_the_shape_that_is_read(door_of_logs: LogDoor) -> None:
    tokens = door_of_logs.tokens
    with (
        door_of_logs.client("sm_nonsense") as nobody,
        door_of_logs.client(tokens.viewer, platform.PROJECT_B) as stranger,
        door_of_logs.client(tokens.owner, platform.PROJECT_FAR) as far,
    ):
        answers = [one.get("loki/api/v1/query_range", params={"query": "{}"}) for one in (nobody, stranger, far)]

    assert [one.status_code for one in answers] == [401, 404, 503]
    assert [set(one.json()) for one in answers] == [{"code", "status", "message"}] * 3
    assert "region far" in answers[2].json()["message"]
    assert int(answers[2].headers["retry-after"]) > 0
