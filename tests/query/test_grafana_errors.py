"""What a panel shows when a read fails: a sentence that names what is wrong and where, and nothing of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import httpx
import pytest

from tests.query.grafana import HEADERS, DataSource, ShownError, frames
from tests.query.platform import PROJECT_B, PROJECT_FAR

if TYPE_CHECKING:
    from tests.query.conftest import Door
    from tests.query.grafana import Method


@pytest.fixture(params=["GET", "POST"])
def source(client: httpx.Client, request: pytest.FixtureRequest) -> DataSource:
    """The data source with either choice of its "HTTP method" setting."""
    return DataSource(client, cast("Method", request.param))


def shown(answer: httpx.Response) -> str:
    """The text in the panel's corner."""
    with pytest.raises(ShownError) as error:
        frames(answer)
    return str(error.value)


BAD_EXPRESSIONS = [
    pytest.param("sum(rate(up[5m])", "bad_data: query: unexpected end of the expression", id="no closing bracket"),
    pytest.param("up{environment=", "bad_data: query: unexpected end of the expression", id="unfinished matcher"),
    pytest.param("up + * up", "bad_data: query: unexpected '* up' at character 6", id="two operators"),
    pytest.param("up) + 1", "bad_data: query: unexpected ') + 1' at character 3", id="a bracket too many"),
    pytest.param("rate(up[5x])", "bad_data: query: unexpected 'x])' at character 10", id="no such unit of time"),
    pytest.param("rat(up[5m])", "bad_data: query: unknown function rat", id="no such function"),
    pytest.param(
        "histogram_quantile(0.9)", "bad_data: query: a function takes 2...3 arguments, not 1", id="an argument too few"
    ),
    pytest.param("", "bad_data: query: missing; give a PromQL or MetricsQL expression", id="no expression"),
]


@pytest.mark.parametrize(("expression", "expected"), BAD_EXPRESSIONS)
def test_a_panel_with_a_bad_expression_says_what_is_wrong_and_where(
    source: DataSource, now: float, expression: str, expected: str
) -> None:
    span = {"start": f"{now - 300}", "end": f"{now}", "step": "15"}

    assert shown(source.query("/api/v1/query_range", query=expression, **span)) == expected
    assert shown(source.query("/api/v1/query", query=expression, time=f"{now}")) == expected


@pytest.mark.parametrize(("expression", "expected"), BAD_EXPRESSIONS)
def test_a_variable_with_a_bad_expression_says_so_after_its_second_try_too(
    client: httpx.Client, expression: str, expected: str
) -> None:
    answer = DataSource(client, "POST").resource("/api/v1/query", {"query": expression})

    assert answer.request.method == "GET"
    assert shown(answer) == expected


@pytest.mark.parametrize(
    ("expression", "part"),
    [
        pytest.param('up{environment=~"("}', "(", id="a broken regular expression"),
        pytest.param("up{environment=production}", "production", id="a value without quotes"),
        pytest.param('up{environment="production}', "production}", id="a quote too few"),
    ],
)
def test_a_panel_with_a_bad_matcher_names_the_matcher(
    source: DataSource, now: float, expression: str, part: str
) -> None:
    text = shown(source.query("/api/v1/query", query=expression, time=f"{now}"))

    assert text.startswith("bad_data: query: ")
    assert part in text


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        pytest.param("up{", "bad_data: match[]: unexpected end of the expression", id="unfinished"),
        pytest.param("", 'bad_data: match[]: empty; give a selector such as up or {job="web"}', id="empty"),
    ],
)
def test_a_bad_selector_in_the_label_browser_is_explained(source: DataSource, selector: str, expected: str) -> None:
    assert shown(source.resource("/api/v1/labels", {"match[]": selector})) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            {"step": "0.001"},
            "bad_data: step: 300001 points a series is more than 11000; use a larger step or a shorter range",
            id="too many points",
        ),
        pytest.param(
            {"end": "1795505398000"},
            "bad_data: end: out of range; write unix seconds, not milliseconds",
            id="milliseconds",
        ),
    ],
)
def test_a_range_that_is_refused_names_the_argument_and_the_way_out(
    source: DataSource, now: float, change: dict[str, str], expected: str
) -> None:
    span = {"start": f"{now - 300}", "end": f"{now}", "step": "15"} | change

    assert shown(source.query("/api/v1/query_range", query="up", **span)) == expected


def test_an_ambiguous_join_says_on_which_side(source: DataSource, now: float) -> None:
    expression = "up * on (project_id) up"
    answer = source.query("/api/v1/query", query=expression, time=f"{now}")

    assert answer.status_code == 422
    assert shown(answer).startswith("execution: many-to-many matching: several series on the ")
    assert "group_left" in shown(answer)


def test_a_refused_token_and_a_foreign_project_are_told_apart_from_each_other_only(
    door: Door, client: httpx.Client
) -> None:
    stranger = httpx.get(f"{door.base()}/api/v1/query", params={"query": "1+1", "time": 4}, headers=HEADERS)
    assert stranger.status_code == 401
    assert shown(stranger) == "unauthorized: give exactly one Authorization header: Bearer and an API token"

    foreign = client.get(f"{door.base(PROJECT_B)}/api/v1/query", params={"query": "1+1", "time": 4}, headers=HEADERS)
    assert foreign.status_code == 404
    assert shown(foreign) == "not_found: no such project, environment or service"


def test_a_region_that_is_down_is_named_without_its_address(door: Door) -> None:
    headers = {**HEADERS, "Authorization": f"Bearer {door.tokens.owner}"}
    answer = httpx.get(f"{door.base(PROJECT_FAR)}/api/v1/query", params={"query": "up"}, headers=headers)

    assert answer.status_code == 503
    assert shown(answer) == "unavailable: region far is not available; retry later"
