"""Every request that Grafana's Prometheus data source makes, through the real front-door, read as Grafana reads it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

import pytest

from rules import recording
from rules.catalogue import CUSTOMER_FAMILIES
from rules.rulefile import Recording
from tests.query.grafana import LIMIT, DataSource, Frame, frames
from tests.query.platform import INTERVAL, PROJECT_A, SECRET, SERVICE_A1, SERVICE_A2

if TYPE_CHECKING:
    import httpx

    from tests.query.grafana import Method

NAMES = ["amark_gauge", "envoy_cluster_upstream_rq_time_bucket", "envoy_cluster_upstream_rq_xx", "up"]
LABELS = ["__name__", "environment", "envoy_response_code_class", "le", "mark", "project_id", "service_id"]


@pytest.fixture(params=["GET", "POST"])
def source(client: httpx.Client, request: pytest.FixtureRequest) -> DataSource:
    """The data source with either choice of its "HTTP method" setting."""
    return DataSource(client, cast("Method", request.param))


@pytest.fixture
def span(now: float) -> dict[str, str]:
    """The last quarter of an hour as the editor sends it."""
    return {"start": f"{now - 900.5:.3f}", "end": f"{now:.3f}"}


@pytest.mark.parametrize("timeout", [{}, {"timeout": "60s"}], ids=["no timeout", "with a query timeout"])
def test_save_and_test_gets_two(source: DataSource, timeout: dict[str, str]) -> None:
    answer = source.query("/api/v1/query", query="1+1", time="4", **timeout)

    assert answer.status_code == 200
    assert frames(answer) == [Frame({}, [(4.0, 2.0)])]


def test_an_expression_without_a_selector_is_a_scalar(source: DataSource) -> None:
    answer = source.query("/api/v1/query", query="1+1", time="4")

    assert answer.json()["data"] == {"resultType": "scalar", "result": [4, "2"]}


def test_the_version_allows_label_matchers_and_shows_no_ruler(source: DataSource) -> None:
    answer = source.resource("/api/v1/status/buildinfo")

    assert answer.json() == {
        "status": "success",
        "data": {
            "version": "2.24.0",
            "revision": "",
            "branch": "",
            "features": {},
            "buildUser": "",
            "buildDate": "",
            "goVersion": "",
        },
    }


def test_opening_the_data_source_finds_no_rules_and_no_exemplars(source: DataSource, now: float) -> None:
    assert source.resource("/api/v1/rules").json() == {"status": "success", "data": {"groups": []}}

    milliseconds = {"start": f"{(now - 1800) * 1000:.0f}", "end": f"{now * 1000:.0f}"}
    exemplars = source.resource("/api/v1/query_exemplars", {"query": "test", **milliseconds})
    assert exemplars.status_code == 200
    assert exemplars.json() == {"status": "success", "data": []}


def test_the_editor_lists_metric_names_labels_and_metadata(source: DataSource, span: dict[str, str]) -> None:
    names = source.resource("/api/v1/label/__name__/values", {"limit": LIMIT, **span})
    assert names.json() == {"status": "success", "data": NAMES}

    labels = source.resource("/api/v1/labels", {"limit": LIMIT, **span})
    assert labels.json() == {"status": "success", "data": LABELS}

    metadata = source.resource("/api/v1/metadata", {"limit": LIMIT})
    assert metadata.json()["status"] == "success"
    entries = [entry for entries in metadata.json()["data"].values() for entry in entries]
    assert {frozenset(entry) for entry in entries} == {frozenset({"type", "help", "unit"})}
    assert {entry["type"] for entry in entries} == {"counter", "gauge", "histogram"}
    assert {type(text) for entry in entries for text in entry.values()} == {str}


def test_metadata_describes_exactly_what_can_be_read(client: httpx.Client) -> None:
    histogram = re.compile("_(bucket|sum|count)$")
    families = {histogram.sub("", name) for family in CUSTOMER_FAMILIES for name in family.series}
    recorded = {rule.record for group in recording.GROUPS for rule in group.rules if isinstance(rule, Recording)}

    described = DataSource(client).resource("/api/v1/metadata").json()["data"]
    assert set(described) == families | recorded


def test_the_label_browser_narrows_by_a_selector(source: DataSource, span: dict[str, str]) -> None:
    selector = {"match[]": '{__name__="up",environment="production"}', "limit": LIMIT, **span}

    labels = source.resource("/api/v1/labels", selector)
    assert labels.json() == {
        "status": "success",
        "data": ["__name__", "environment", "mark", "project_id", "service_id"],
    }
    services = source.resource("/api/v1/label/service_id/values", selector)
    assert services.json() == {"status": "success", "data": [SERVICE_A1, SERVICE_A2]}


def test_older_flavours_list_every_series(source: DataSource, span: dict[str, str]) -> None:
    answer = source.resource("/api/v1/series", {"match[]": '{__name__!=""}', "limit": LIMIT, **span})

    assert answer.status_code == 200
    series = answer.json()["data"]
    assert len(series) == 24
    assert {type(text) for one in series for pair in one.items() for text in pair} == {str}
    assert {one["project_id"] for one in series} == {PROJECT_A}
    assert sorted({one["__name__"] for one in series}) == NAMES
    assert answer.json()["warnings"] == ["at most 10000 entries are listed"]


def test_explore_asks_for_the_range_and_for_the_instant(source: DataSource, now: float) -> None:
    expression = 'sum by (environment) (up{environment="production"})'
    end = now // INTERVAL * INTERVAL - INTERVAL
    start = end - 20 * INTERVAL

    span = {"start": f"{start}", "end": f"{end}", "step": f"{INTERVAL}"}
    (graph,) = frames(source.query("/api/v1/query_range", query=expression, **span))
    assert graph.labels == {"environment": "production"}
    assert [at for at, _ in graph.samples] == [start + index * INTERVAL for index in range(21)]

    at = end + 0.25
    (table,) = frames(source.query("/api/v1/query", query=expression, time=f"{at}"))
    assert table.labels == {"environment": "production"}
    assert table.samples == [(at, graph.samples[-1][1])]


def test_a_panel_without_data_gets_no_frame_and_no_error(source: DataSource, now: float) -> None:
    span = {"start": f"{now - 300}", "end": f"{now}", "step": "15"}

    assert frames(source.query("/api/v1/query_range", query="absent_metric", **span)) == []
    assert frames(source.query("/api/v1/query", query="absent_metric", time=f"{now}")) == []


def test_custom_query_parameters_of_the_data_source_do_no_harm(source: DataSource, now: float) -> None:
    custom = {"max_source_resolution": "5m", "dedup": "true", "partial_response": "true", "nocache": "1"}

    (frame,) = frames(source.query("/api/v1/query", query="count(up)", time=f"{now}", **custom))
    assert frame.samples == [(now, 3.0)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("label_names()", LABELS, id="label names"),
        pytest.param("label_values(environment)", ["pr-7", "production"], id="values of a label"),
        pytest.param(
            'label_values(up{environment="production"}, service_id)',
            [SERVICE_A1, SERVICE_A2],
            id="values of a label of a selector",
        ),
        pytest.param(
            'label_values({environment=~"(pr-7|staging)"}, service_id)', [SERVICE_A1], id="values chained by a variable"
        ),
        pytest.param("metrics(^envoy_.*_rq_)", NAMES[1:3], id="metric names"),
        pytest.param(
            'up{environment="pr-7"}',
            [f'up{{environment="pr-7",mark="amark",project_id="{PROJECT_A}",service_id="{SERVICE_A1}"}}'],
            id="series of a selector",
        ),
    ],
)
def test_variables_get_their_options(source: DataSource, now: float, text: str, expected: list[str]) -> None:
    assert source.variable(text, now - 900, now) == expected


def test_a_variable_of_a_query_result_gets_labels_value_and_milliseconds(source: DataSource, now: float) -> None:
    options = source.variable("query_result(count by (environment) (up))", now - 900, now)

    at = f"{now * 1000:.0f}"
    assert sorted(options) == [f'{{environment="pr-7"}} 1 {at}', f'{{environment="production"}} 2 {at}']


def test_nothing_that_grafana_lists_names_a_rival(source: DataSource, span: dict[str, str], now: float) -> None:
    answers = [
        source.resource("/api/v1/label/__name__/values", {"limit": LIMIT, **span}),
        source.resource("/api/v1/label/mark/values", {"limit": LIMIT, **span}),
        source.resource("/api/v1/labels", {"limit": LIMIT, **span}),
        source.resource("/api/v1/series", {"match[]": '{__name__!=""}', "limit": LIMIT, **span}),
        source.query("/api/v1/query", query='{__name__!=""}', time=f"{now}"),
    ]
    assert [answer.status_code for answer in answers] == [200] * 5
    assert SECRET not in "".join(answer.text for answer in answers)
