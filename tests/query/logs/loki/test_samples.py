"""Samples counted from records: what every function, aggregation and sum says is what the records themselves say."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from query.logs import level
from tests.query.grafana import ShownError
from tests.query.logs.loki.grafana import DataSource
from tests.query.logs.samples import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.query.logs.reference import Sample

Labels = tuple[tuple[str, str], ...]
Matrix = dict[Labels, dict[float, float]]


@pytest.fixture
def source(logs: httpx.Client) -> DataSource:
    return DataSource(logs)


def counted(
    ours: list[Sample], moments: range, reach: int, names: tuple[str, ...], measure: Callable[[Sample], float]
) -> Matrix:
    """What the records within `reach` seconds before each moment (which is one of them) sum up to, by labels."""

    def label(one: Sample, name: str) -> str:
        fields = {"pod": one.pod, "environment": one.environment, "level": level.name_of(one.severity)}
        return fields[name] if name in fields else one.attributes.get(name, "")

    found: Matrix = defaultdict(lambda: defaultdict(float))
    for one in ours:
        key = tuple(sorted((name, label(one, name)) for name in names if label(one, name)))
        for at in moments:
            if at - reach * SECOND < one.timestamp <= at:
                found[key][at / SECOND] += measure(one)
    return {key: dict(values) for key, values in found.items()}


def assert_close(expected: Matrix, found: Matrix) -> None:
    assert expected.keys() == found.keys()
    for key, values in expected.items():
        assert values.keys() == found[key].keys(), key
        assert all(math.isclose(value, found[key][at]) for at, value in values.items()), key


MEASURES: dict[str, Callable[[Sample], float]] = {
    "count_over_time": lambda _: 1,
    "rate": lambda _: 1 / 15,
    "bytes_over_time": lambda one: len(one.body.encode()),
    "bytes_rate": lambda one: len(one.body.encode()) / 15,
}


@pytest.mark.parametrize("function", MEASURES)
@pytest.mark.parametrize("step", [5, 15, 45])
def test_a_range_function_measures_the_records_of_its_range(
    source: DataSource, ours: list[Sample], moment: int, function: str, step: int
) -> None:
    start, end = moment - 60 * SECOND, moment
    found = source.matrix(f'sum by (pod) ({function}({{level!="debug"}}[15s]))', start, end, f"{step}s")

    mine = [one for one in ours if level.name_of(one.severity) != "debug"]
    moments = range(start, end + 1, step * SECOND)
    assert_close(counted(mine, moments, 15, ("pod",), MEASURES[function]), found)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("sum by (level) ({})", ("level",)),
        ("sum({}) by (environment, pod)", ("environment", "pod")),
        ("sum by (status) ({})", ("status",)),
        ("sum by (status, level) ({})", ("status", "level")),
        ("sum({})", ()),
        ("sum without (project_id, service_id, source, container, level, environment) ({})", ("pod",)),
        ("sum by (pod) (sum by (pod, level) ({}))", ("pod",)),
    ],
)
def test_a_sum_is_grouped_as_it_says(
    source: DataSource, ours: list[Sample], moment: int, text: str, names: tuple[str, ...]
) -> None:
    start, end = moment - 40 * SECOND, moment
    found = source.matrix(text.replace("{}", "count_over_time({}[20s])"), start, end, "20s")

    assert_close(counted(ours, range(start, end + 1, 20 * SECOND), 20, names, lambda _: 1), found)


@pytest.mark.parametrize(
    ("function", "compute"),
    [
        ("min", min),
        ("max", max),
        ("count", len),
        ("avg", lambda values: sum(values) / len(values)),
    ],
)
def test_an_aggregation_is_over_the_series_at_one_moment(
    source: DataSource, ours: list[Sample], moment: int, function: str, compute: Callable[[list[float]], float]
) -> None:
    start, end = moment - 40 * SECOND, moment
    text = f"{function} by (pod) (sum by (pod, level) (count_over_time({{}}[20s])))"
    found = source.matrix(text, start, end, "20s")
    by_level = counted(ours, range(start, end + 1, 20 * SECOND), 20, ("pod", "level"), lambda _: 1)
    gathered: dict[Labels, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    for key, values in by_level.items():
        for at, value in values.items():
            gathered[tuple(pair for pair in key if pair[0] == "pod")][at].append(value)

    expected = {key: {at: compute(some) for at, some in values.items()} for key, values in gathered.items()}
    assert_close(expected, found)


def test_the_highest_are_kept_at_each_moment(source: DataSource, ours: list[Sample], moment: int) -> None:
    start, end = moment - 40 * SECOND, moment
    inner = "sum by (level) (count_over_time({}[20s]))"
    every = counted(ours, range(start, end + 1, 20 * SECOND), 20, ("level",), lambda _: 1)
    highest = source.matrix(f"topk(2, {inner})", start, end, "20s")
    lowest = source.matrix(f"bottomk(1, {inner})", start, end, "20s")

    for at in {at for values in every.values() for at in values}:
        ordered = sorted(values[at] for values in every.values() if at in values)
        assert sorted(values[at] for values in highest.values() if at in values) == ordered[-2:]
        assert [values[at] for values in lowest.values() if at in values] == ordered[:1]


@pytest.mark.parametrize(
    ("text", "compute"),
    [
        ("{} * 60", lambda value: value * 60),
        ("100 - {}", lambda value: 100 - value),
        ("{} / 2 + 1", lambda value: value / 2 + 1),
        ("({} + vector(1)) % 7", lambda value: (value + 1) % 7),
        ("2 * 3 + {}", lambda value: 6 + value),
    ],
)
def test_a_constant_is_computed_with_each_series(
    source: DataSource, ours: list[Sample], moment: int, text: str, compute: Callable[[float], float]
) -> None:
    start, end = moment - 40 * SECOND, moment
    found = source.matrix(text.replace("{}", "sum by (pod) (count_over_time({}[20s]))"), start, end, "20s")
    counts = counted(ours, range(start, end + 1, 20 * SECOND), 20, ("pod",), lambda _: 1)

    expected = {key: {at: compute(value) for at, value in values.items()} for key, values in counts.items()}
    assert_close(expected, found)


def test_a_moment_is_one_sample_of_each_series(
    source: DataSource, ours: list[Sample], moment: int, logs: httpx.Client
) -> None:
    at = moment - 10 * SECOND
    query = "sum by (pod) (count_over_time({}[30s]))"
    data = logs.get("loki/api/v1/query", params={"query": query, "time": at}).json()["data"]
    found = {tuple(one["metric"].items()): {one["value"][0]: float(one["value"][1])} for one in data["result"]}

    assert_close(counted(ours, range(at, at + 1), 30, ("pod",), lambda _: 1), found)
    assert data["resultType"] == "vector"
    assert source.save_and_test()


@pytest.mark.parametrize(
    ("query", "step", "shown"),
    [
        ("count_over_time({}[7s])", "5h", "make one a multiple of the other"),
        ("count_over_time({}[30d])", "61s", "make one a multiple of the other"),
        ("sum by (pod) (rate({}[5m])) / sum by (pod) (rate({}[5m]))", "60s", "compute in the panel"),
        ("quantile_over_time(0.9, {} | unwrap n [5m])", "60s", "quantile_over_time is not supported; use one of"),
        ("rate({} | unwrap n [5m])", "60s", "| unwrap is not supported; numbers are not taken out of records"),
        ("rate({}[5m] offset 1h)", "60s", "shift the time range of the panel"),
    ],
)
def test_what_cannot_be_counted_says_what_to_do(
    source: DataSource, moment: int, query: str, step: str, shown: str
) -> None:
    with pytest.raises(ShownError) as raised:
        source.matrix(query, moment - 600_000 * SECOND, moment, step)

    assert shown in str(raised.value)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("vector(1e99)*1e99*1e99*1e99", "+Inf"),
        ("vector(1e99)*1e99*1e99*1e99 % 2", "NaN"),
        ("sum(sum by (level) (count_over_time({}[1m])) * 1e99 * 1e99 * 1e99 * 1e10)", "+Inf"),
        ("sum((topk(1, sum by (level) (count_over_time({}[1m]))) - 1e9) * 1e99 * 1e99 * 1e99 * 1e99)", "-Inf"),
        ("avg((sum by (level) (count_over_time({}[1m])) - 50) * 1e99 * 1e99 * 1e99 * 1e99)", "NaN"),
    ],
)
def test_what_is_beyond_all_numbers_is_told_as_loki_tells_it(
    logs: httpx.Client, ours: list[Sample], moment: int, query: str, shown: str
) -> None:
    assert ours
    answer = logs.get("loki/api/v1/query", params={"query": query, "time": str(moment)}).raise_for_status().json()

    assert [sample["value"][1] for sample in answer["data"]["result"]] == [shown]
