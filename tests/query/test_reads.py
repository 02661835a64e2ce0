"""Reads of one's own data through the real front-door and the real store."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.query.platform import (
    INTERVAL,
    PROJECT_A,
    PROJECT_B,
    PROJECT_FAR,
    SECRET,
    SERVICE_A1,
    SERVICE_A2,
    SERVICE_B1,
    UNKNOWN,
)

if TYPE_CHECKING:
    from tests.query.conftest import Door


def data(answer: httpx.Response) -> Any:  # noqa: ANN401 - JSON
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "success"
    return answer.json()["data"]


def send(client: httpx.Client, method: str, path: str, arguments: dict[str, str]) -> httpx.Response:
    """Ask with the arguments in the URL of a GET or in the form of a POST."""
    return client.get(path, params=arguments) if method == "GET" else client.post(path, data=arguments)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_instant_query_returns_the_projects_series_and_no_other(
    client: httpx.Client, method: str, now: float
) -> None:
    arguments = {"query": "up", "time": str(now)}
    answer = send(client, method, "/api/v1/query", arguments)

    result = data(answer)["result"]
    assert {(s["metric"]["environment"], s["metric"]["service_id"]) for s in result} == {
        ("production", SERVICE_A1),
        ("production", SERVICE_A2),
        ("pr-7", SERVICE_A1),
    }
    assert {s["metric"]["project_id"] for s in result} == {PROJECT_A}
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    ("path", "token", "expected"),
    [
        pytest.param("", "viewer", 3, id="project"),
        pytest.param("/environments/production", "viewer", 2, id="environment"),
        pytest.param(f"/environments/production/services/{SERVICE_A1}", "viewer", 1, id="service"),
        pytest.param("", "production", 2, id="token narrowed to one environment"),
        pytest.param("", "pair", 3, id="token narrowed to a set of environments"),
        pytest.param("/environments/pr-7", "pair", 1, id="narrowed token, one environment of its set"),
        pytest.param("", "owner", 3, id="workspace owner"),
    ],
)
def test_path_and_token_narrow_together(door: Door, path: str, token: str, expected: int, now: float) -> None:
    url = f"{door.url}/v1/projects/{PROJECT_A}{path}/prometheus/api/v1/query"
    answer = httpx.get(url, params={"query": "count(up)", "time": now}, headers=bearer(getattr(door.tokens, token)))

    assert data(answer)["result"][0]["value"][1] == str(expected)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("shift", [0.0, 7.0, 3.5])
def test_a_range_query_is_exact_at_both_ends(client: httpx.Client, method: str, shift: float, now: float) -> None:
    end = now // INTERVAL * INTERVAL - INTERVAL + shift
    start = end - 52 * INTERVAL
    arguments = {"query": "max(up)", "start": str(start), "end": str(end), "step": str(INTERVAL)}
    answer = send(client, method, "/api/v1/query_range", arguments)

    values = data(answer)["result"][0]["values"]
    assert [at for at, _ in values] == [start + index * INTERVAL for index in range(53)]


def test_listings_show_only_the_projects_own(client: httpx.Client) -> None:
    names = data(client.get("/api/v1/label/__name__/values"))
    assert names == ["amark_gauge", "envoy_cluster_upstream_rq_time_bucket", "envoy_cluster_upstream_rq_xx", "up"]
    assert data(client.get("/api/v1/label/project_id/values")) == [PROJECT_A]
    assert data(client.get("/api/v1/label/job/values")) == []
    assert data(client.post("/api/v1/labels", data={"match[]": "up"})) == [
        "__name__",
        "environment",
        "mark",
        "project_id",
        "service_id",
    ]
    series = data(client.post("/api/v1/series", data={"match[]": '{__name__=~"up|BBSECRET.*"}'}))
    assert len(series) == 3
    assert {one["project_id"] for one in series} == {PROJECT_A}


def test_federation_and_cardinality_cover_the_scope_alone(client: httpx.Client) -> None:
    text = client.get("/federate", params={"match[]": "up"}).text
    assert text.count("up{") == 3
    assert SECRET not in text
    status = data(client.get("/api/v1/status/tsdb", params={"topN": 5, "focusLabel": "service_id"}))
    assert status["totalSeries"] == 24
    assert SECRET not in str(status)


def test_what_needs_no_store_is_answered_here(client: httpx.Client, door: Door) -> None:
    seen = len(door.recorder.requests)
    assert data(client.get("/api/v1/status/buildinfo"))["version"] == "2.24.0"
    assert data(client.get("/api/v1/query_exemplars", params={"query": "up"})) == []
    metadata = data(client.get("/api/v1/metadata"))
    assert metadata["envoy_cluster_upstream_rq_xx"][0]["type"] == "counter"
    assert data(client.get("/api/v1/rules")) == {"groups": []}
    assert data(client.get("/api/v1/alerts")) == {"alerts": []}
    upstream = [request for request in door.recorder.requests[seen:] if PROJECT_A in request.target]
    assert upstream == []


def test_a_read_before_the_retention_is_clipped_with_a_warning(client: httpx.Client, now: float) -> None:
    answer = client.get(
        "/api/v1/query_range",
        params={"query": "max(up)", "start": now - 91 * 86_400, "end": now - 2 * 86_400, "step": 86_400},
    )
    assert answer.status_code == 200
    assert "kept for 90 days" in answer.json()["warnings"][0]

    wholly_outside = client.get("/api/v1/series", params={"match[]": "up", "start": 1, "end": 2})
    assert wholly_outside.json()["data"] == []
    assert "kept for 90 days" in wholly_outside.json()["warnings"][0]


def test_a_matcher_outside_the_scope_matches_nothing_and_says_so(client: httpx.Client) -> None:
    answer = client.get("/api/v1/query", params={"query": f'up{{project_id="{PROJECT_B}"}}'})
    assert data(answer)["result"] == []
    assert answer.json()["infos"] == ["matcher on project_id is outside your scope"]


@pytest.mark.parametrize(
    ("project", "rest", "token"),
    [
        pytest.param(PROJECT_B, "", "viewer", id="foreign project"),
        pytest.param(UNKNOWN, "", "viewer", id="unknown project"),
        pytest.param(PROJECT_A.upper(), "", "viewer", id="id not canonical"),
        pytest.param(PROJECT_A, "/environments/nope", "viewer", id="unknown environment"),
        pytest.param(PROJECT_A, f"/environments/production/services/{SERVICE_B1}", "viewer", id="foreign service"),
        pytest.param(PROJECT_A, "/environments/pr-7", "production", id="environment outside the token"),
        pytest.param(PROJECT_A, "", "member", id="workspace member without a project role"),
        pytest.param(PROJECT_A, "", "rival", id="the rival"),
        pytest.param(PROJECT_FAR, "", "viewer", id="sibling project of the workspace"),
    ],
)
def test_unknown_and_foreign_look_the_same(door: Door, project: str, rest: str, token: str) -> None:
    url = f"{door.url}/v1/projects/{project}{rest}/prometheus/api/v1/query"
    answer = httpx.get(url, params={"query": "up"}, headers=bearer(getattr(door.tokens, token)))

    assert answer.status_code == 404
    assert answer.json() == {
        "status": "error",
        "errorType": "not_found",
        "error": "no such project, environment or service",
    }


@pytest.mark.parametrize("token", ["billing", "platform", "logs_only"])
def test_a_wrong_role_is_forbidden(door: Door, token: str) -> None:
    answer = httpx.get(
        f"{door.base()}/api/v1/query", params={"query": "up"}, headers=bearer(getattr(door.tokens, token))
    )
    assert answer.status_code == 403
    assert answer.json()["errorType"] == "forbidden"


def test_every_bad_credential_is_refused_in_the_same_words_and_not_echoed(door: Door) -> None:
    url = f"{door.base()}/api/v1/query?query=up"
    good = door.tokens.viewer
    credentials = [
        [("Authorization", f"Bearer {door.tokens.expired}")],
        [("Authorization", f"Bearer {door.tokens.revoked}")],
        [("Authorization", f"Bearer {good[:-1]}{'A' if good[-1] != 'A' else 'B'}")],
        [("Authorization", "Bearer SECRETPROBE")],
        [("Authorization", f"Basic {good}")],
        [("Authorization", "Bearer " + "x" * 5000)],
        [("Authorization", f"Bearer {good}"), ("Authorization", f"Bearer {good}")],
        [("Cookie", f"token={good}")],
        [],
    ]
    for headers in credentials:
        answer = httpx.get(url, headers=headers)
        assert answer.status_code == 401, headers
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["errorType"] == "unauthorized"
        assert "SECRETPROBE" not in answer.text
        assert good not in answer.text


def test_a_down_region_fails_alone_and_at_once(door: Door, client: httpx.Client, now: float) -> None:
    answer = httpx.get(f"{door.base(PROJECT_FAR)}/api/v1/query?query=up", headers=bearer(door.tokens.owner))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["errorType"] == "unavailable"
    assert "127.0.0.1" not in answer.text
    assert len(data(client.get("/api/v1/query", params={"query": "up", "time": now}))["result"]) == 3
    ready = httpx.get(f"{door.url}/readyz")
    assert ready.status_code == 200
    assert ready.json()["regions"]["near"] == "ok"
    assert ready.json()["regions"]["far"] != "ok"


def test_one_audit_line_says_who_read_what(door: Door, client: httpx.Client, now: float) -> None:
    client.get("/api/v1/query", params={"query": "sum(up) + 4711", "time": now}, headers={"X-Dashboard-Uid": "abc"})
    lines = [line for line in door.audit_lines() if line.get("query") == "sum(up) + 4711"]

    assert len(lines) == 1
    line = lines[0]
    assert line["subject"] == "viewer"
    assert line["project_id"] == PROJECT_A
    assert line["region"] == "near"
    assert line["endpoint"] == "query"
    assert line["status"] == 200
    assert line["dashboard_uid"] == "abc"
    assert line["query_hash"] == hashlib.blake2s(b"sum(up) + 4711", digest_size=8).hexdigest()
    assert isinstance(line["upstream_ms"], float)
    assert door.tokens.viewer not in str(line)


def test_refused_reads_are_audited_too(door: Door) -> None:
    httpx.get(f"{door.base(PROJECT_B)}/api/v1/query?query=probe_4712", headers=bearer(door.tokens.viewer))
    refused = [line for line in door.audit_lines() if line.get("path") == [PROJECT_B] and line["status"] == 404]
    assert refused
    assert refused[0]["reason"] == "not_found"


def test_our_own_metrics_carry_no_tenant(door: Door, client: httpx.Client) -> None:
    client.get("/api/v1/query", params={"query": "up"})
    text = httpx.get(f"{door.url}/metrics").text
    assert 'query_reads_total{code="200",endpoint="query"}' in text
    for secret in (PROJECT_A, PROJECT_B, SERVICE_A1, "production", "viewer", "acme"):
        assert secret not in text


def test_answers_carry_nothing_of_the_store(client: httpx.Client) -> None:
    answer = client.get("/api/v1/query", params={"query": "up"})
    assert "access-control-allow-origin" not in answer.headers
    assert "x-server-hostname" not in answer.headers
    assert answer.headers["cache-control"] == "private, no-store"
