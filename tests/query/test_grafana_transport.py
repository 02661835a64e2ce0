"""How Grafana's requests travel: a second try by GET, compression, and headers that decide nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.query.grafana import HEADERS, LIMIT

if TYPE_CHECKING:
    from tests.query.conftest import Door


def test_what_refuses_a_post_is_asked_again_by_get(client: httpx.Client) -> None:
    for path in ("/api/v1/rules", "/api/v1/label/environment/values", "/api/v1/metadata", "/api/v1/status/buildinfo"):
        refused = client.post(path, data={"limit": LIMIT}, headers=HEADERS)
        assert refused.status_code == 405
        assert refused.headers["allow"] == "GET"
        assert refused.json()["status"] == "error"
        assert client.get(path, params={"limit": LIMIT}, headers=HEADERS).status_code == 200


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("/api/v1/query", {"query": "up"}),
        ("/api/v1/query_range", {"query": "up", "step": "15"}),
        ("/api/v1/series", {"match[]": "up"}),
        ("/api/v1/labels", {}),
        ("/api/v1/label/environment/values", {}),
        ("/api/v1/metadata", {}),
        ("/api/v1/rules", {}),
        ("/api/v1/alerts", {}),
        ("/api/v1/status/buildinfo", {}),
    ],
)
def test_an_answer_decodes_to_the_same_json_with_and_without_gzip(
    client: httpx.Client, now: float, path: str, arguments: dict[str, str]
) -> None:
    arguments = arguments | {"start": f"{now - 300}", "end": f"{now}", "time": f"{now}"}
    plain = client.get(path, params=arguments, headers={"Accept-Encoding": "identity"})
    compressed = client.get(path, params=arguments, headers={"Accept-Encoding": "gzip"})

    assert plain.status_code == compressed.status_code == 200
    assert "content-encoding" not in plain.headers
    assert compressed.json() == plain.json()


def test_a_large_answer_really_is_compressed(client: httpx.Client, now: float) -> None:
    span = {"start": f"{now - 900}", "end": f"{now}", "step": "15"}
    answer = client.get("/api/v1/query_range", params={"query": '{__name__!=""}', **span}, headers=HEADERS)

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.num_bytes_downloaded < len(answer.content) / 2


def test_grafanas_headers_are_audited_and_never_a_credential(door: Door, client: httpx.Client, now: float) -> None:
    client.get("/api/v1/query", params={"query": "up + 4713", "time": now}, headers=HEADERS)
    nobody = httpx.get(f"{door.base()}/api/v1/query", params={"query": "up + 4714"}, headers=HEADERS)

    assert nobody.status_code == 401
    (line,) = [line for line in door.audit_lines() if line.get("query") == "up + 4713"]
    assert line["dashboard_uid"] == HEADERS["X-Dashboard-UID"]
    assert line["panel_id"] == HEADERS["X-Panel-Id"]
    assert line["user_agent"] == HEADERS["User-Agent"]
    assert line["subject"] == "viewer"
