"""`/v1/cardinality` over a real store: who may ask, what is counted, who grew and who added label values."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from query import cardinality_budget
from rules.budget import BUDGET
from rules.retention import DEFAULT_TIER
from tests.query.counted import BOTS, LATE, PATHS, STEADY, Counted, counted_door
from tests.query.platform import PROJECT_A, PROJECT_B, SERVICE_A1, SERVICE_A2, SERVICE_B1

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    with counted_door(tmp_path_factory.mktemp("cardinality")) as door:
        yield door


@pytest.mark.parametrize("path", PATHS)
def test_only_a_platform_role_with_the_action_gets_in(counted: Counted, path: str) -> None:
    tokens = counted.tokens
    for token in (tokens.owner, tokens.viewer, tokens.billing, tokens.member, tokens.rival, tokens.logs_only):
        refused = counted.get(path, token)
        assert refused.status_code == 403
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"] == "forbidden"
    for token in (tokens.expired, tokens.revoked, "nonsense"):
        assert counted.get(path, token).status_code == 401
    assert httpx.get(f"{counted.url}{path}").status_code == 401
    assert counted.get(path).status_code == 200


def test_a_platform_token_reads_no_tenant(counted: Counted) -> None:
    path = f"/v1/projects/{PROJECT_A}/prometheus/api/v1/query"

    assert counted.get(path, query="app_up").status_code == 403


def test_no_answer_is_documented_that_is_never_given(counted: Counted) -> None:
    paths = httpx.get(f"{counted.url}/openapi.json").json()["paths"]

    for path in PATHS:
        assert set(paths[path]["get"]["responses"]) == {"200", "400", "401", "403", "429", "503", "default"}
        assert paths[path]["get"]["security"] == [{"token": []}]


def test_two_credentials_are_none(counted: Counted) -> None:
    headers = [("Authorization", f"Bearer {token}") for token in (counted.tokens.platform, counted.tokens.viewer)]

    assert httpx.get(f"{counted.url}/v1/cardinality", headers=headers).status_code == 401


def test_the_top_names_metrics_labels_values_projects_and_services(counted: Counted) -> None:
    top = counted.near("top")

    series = {entry["name"]: entry["series"] for entry in top["metrics"]}
    assert series["app_requests"] == len([*STEADY, *BOTS, *LATE]) + 2 + counted.lost
    projects = {entry["name"]: entry["series"] for entry in top["projects"]}
    assert projects == {PROJECT_A: 37, PROJECT_B: 3 + counted.lost}
    assert top["services"][0] == {"name": SERVICE_A1, "series": 34, "budget": 10_000, "share": 0.0034}
    labels = {entry["name"]: entry for entry in top["labels"]}
    assert (labels["page"]["values"], labels["page"]["series"]) == (34, 39 + counted.lost)
    values = {(entry["label"], entry["value"]): entry["series"] for entry in top["values"]}
    assert values["project_id", PROJECT_A] == 37


def test_the_top_stands_beside_its_budgets(counted: Counted) -> None:
    top = counted.near("top")

    assert top["active"] == {"name": "active", "series": 40, "budget": 300_000, "share": 0.0001}
    assert top["today"]["budget"] == 900_000
    assert {entry["budget"] for kind in ("projects", "services") for entry in top[kind]} == {10_000}
    assert {entry["budget"] for kind in ("metrics", "labels", "values") for entry in top[kind]} == {900_000}
    assert top["metrics"][0]["share"] == round(top["metrics"][0]["series"] / 900_000, 4)


def test_the_top_narrows_to_a_project_a_metric_and_a_label(counted: Counted) -> None:
    project = counted.near("top", project=PROJECT_B)
    assert [entry["name"] for entry in project["services"]] == [SERVICE_B1]
    assert project["active"] is None

    metric = counted.near("top", metric="app_up")
    assert [entry["name"] for entry in metric["projects"]] == [PROJECT_B]

    label = counted.near("top", label="page", limit=1)
    ((value),) = label["values"]
    assert (value["label"], value["value"], value["series"]) == ("page", "/0", 3)


def test_growth_is_series_per_hour_fastest_first(counted: Counted) -> None:
    growth = counted.near("growth", hours=1)

    assert growth["projects"] == [
        {"name": PROJECT_A, "series": 37, "before": 6, "per_hour": 31.0, "budget": 10_000, "share": 0.0037},
        {"name": PROJECT_B, "series": 3, "before": 4, "per_hour": -1.0, "budget": 10_000, "share": 0.0003},
    ]
    fastest = growth["services"][0]
    assert (fastest["name"], fastest["project_id"], fastest["per_hour"]) == (SERVICE_A1, PROJECT_A, 30.0)
    assert growth["metrics"][0]["name"] == "app_requests"
    assert growth["metrics"][0]["per_hour"] == 30.0
    assert (fastest["budget"], growth["metrics"][0]["budget"]) == (10_000, 300_000)


def test_growth_over_more_hours_is_divided_by_them(counted: Counted) -> None:
    (first, *_) = counted.near("growth", hours=2, project=PROJECT_A)["projects"]

    assert first["per_hour"] == 37 / 2


def test_who_names_the_service_the_label_and_the_values_it_added(counted: Counted) -> None:
    bots, late = counted.near("who")["services"]

    assert bots == {
        "label": "page",
        "project_id": PROJECT_A,
        "environment": "production",
        "service_id": SERVICE_A1,
        "new_values": 30,
        "values_per_hour": 30.0,
        "by_hour": [30],
        "compared_hours": 24,
        "series": 30,
        "examples": ["/100", "/101", "/102", "/103", "/104"],
        "budget": 10_000,
        "share": 0.003,
    }
    # New for this service, though another had the value before.
    assert (late["service_id"], late["examples"]) == (SERVICE_A2, ["/2"])


def test_who_of_a_project_that_added_nothing_is_nobody(counted: Counted) -> None:
    assert counted.near("who", project=PROJECT_B, label="page")["services"] == []


def test_a_region_that_is_down_is_a_warning_beside_the_others(counted: Counted) -> None:
    for path in PATHS:
        answer = counted.get(path).json()
        assert [region["region"] for region in answer["regions"]] == ["near"]
        assert answer["warnings"] == ["region far: the store does not answer"]


def test_a_region_that_is_down_alone_is_unavailable(counted: Counted) -> None:
    answer = counted.get("/v1/cardinality", region="far")

    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("region", "mars"),
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "+1"),
        ("limit", "٣"),
        ("project", PROJECT_A.upper()),
        ("project", 'x"} or {a="'),
        ("metric", "a b"),
        ("metric", '{__name__="a"}'),
        ("label", "a-b"),
        ("label", 'a!="",b'),
    ],
)
def test_a_wrong_argument_is_named(counted: Counted, argument: str, value: str) -> None:
    answer = counted.get("/v1/cardinality", **{argument: value})

    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(f"{argument}: ")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        pytest.param("topN=5", "topN", id="another API's"),
        pytest.param("Limit=5", "Limit", id="in another case"),
        pytest.param("extra_label=project_id=x", "extra_label", id="of the store"),
        pytest.param("limit=5&limit=6", "limit", id="twice"),
        pytest.param("region=near&region=near", "region", id="twice the same"),
        pytest.param("limit=5&%6Cimit=6", "limit", id="twice, once encoded"),
        pytest.param("project=&project=", "project", id="twice and empty"),
        pytest.param("=1", "", id="without a name"),
    ],
)
def test_an_argument_that_is_unknown_or_given_twice_is_refused_by_its_name(
    counted: Counted, query: str, name: str
) -> None:
    for path in PATHS:
        headers = {"Authorization": f"Bearer {counted.tokens.platform}"}
        answer = httpx.get(f"{counted.url}{path}?{query}", headers=headers)
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith(f"{name}: ")


def test_an_argument_that_one_page_has_is_unknown_to_another(counted: Counted) -> None:
    assert counted.get("/v1/cardinality/top", hours=1).json()["detail"].startswith("hours: unknown argument")
    assert counted.get("/v1/cardinality/growth", label="page").json()["detail"].startswith("label: unknown argument")


@pytest.mark.parametrize("hours", ["0", "25", "1h", "1.5"])
def test_hours_are_a_whole_number_up_to_a_day(counted: Counted, hours: str) -> None:
    for page in ("growth", "who"):
        assert counted.get(f"/v1/cardinality/{page}", hours=hours).json()["detail"].startswith("hours: ")


def test_every_read_is_an_audit_line(counted: Counted) -> None:
    counted.get("/v1/cardinality/who", label="page", hours=3)
    counted.get("/v1/cardinality/growth", counted.tokens.viewer, metric="forged")
    counted.get("/v1/cardinality/who", label="x" * 5_000)
    time.sleep(0.1)  # lines are flushed every 50 ms

    lines = [json.loads(line) for line in (counted.folder / "audit.log").read_text().splitlines()]
    who, refused, long = [line for line in lines if line["event"] == "platform_read"][-3:]
    assert (who["endpoint"], who["subject"], who["status"]) == ("cardinality_who", "platform", 200)
    assert (who["label"], who["hours"]) == ("page", "3")
    assert (refused["endpoint"], refused["status"]) == ("cardinality_growth", 403)
    # Who has no permit writes nothing of his own into the log.
    assert "metric" not in refused
    assert (long["status"], len(long["label"])) == (400, 128)


def test_the_door_s_own_metrics_name_no_tenant(counted: Counted) -> None:
    counted.get("/v1/cardinality", project=PROJECT_A)

    exposition = httpx.get(f"{counted.url}/metrics").text
    assert 'endpoint="cardinality_top"' in exposition
    assert PROJECT_A not in exposition


def test_the_budgets_are_the_catalogue_s() -> None:
    assert BUDGET.per_region == cardinality_budget.REGION_ACTIVE
    assert BUDGET.per_region * BUDGET.per_day == cardinality_budget.REGION_PER_DAY
    assert BUDGET.per_project == cardinality_budget.PROJECT_BY_TIER
    assert cardinality_budget.of_project([]) == BUDGET.per_project[DEFAULT_TIER]
    assert cardinality_budget.of_project(["hobby", "scale", "unknown"]) == BUDGET.per_project["scale"]
