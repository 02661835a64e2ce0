"""A tenant's own alerts, out of a real vmalert that evaluates one shared rule for everyone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx
import pytest

from compose.process import Process, free_port
from compose.programs import find
from tests.query.conftest import Door, front_door
from tests.query.platform import PROJECT_A, SECRET, SERVICE_A1
from tests.query.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.query.platform import Tokens

_RULES = f"""
groups:
- name: shared
  interval: 1s
  rules:
  - alert: TooManyRequests
    expr: up > -1
    labels: {{severity: page}}
    annotations: {{summary: "{{{{ $labels.service_id }}}} is up"}}
  - alert: RivalOnly
    expr: up{{mark="{SECRET}"}} > -1
    labels: {{team: "{SECRET}"}}
  - alert: Broken{SECRET}
    expr: up * on(environment) up
  - record: rival:{SECRET}
    expr: sum(up)
"""


@pytest.fixture(scope="module")
def alerting(tmp_path_factory: pytest.TempPathFactory, store: str, control: tuple[str, Tokens]) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("alerting")
    (folder / "rules.yml").write_text(_RULES)
    port = free_port()
    vmalert = Process(
        "vmalert",
        [
            find("vmalert"),
            f"-rule={folder / 'rules.yml'}",
            f"-datasource.url={store}",
            "-datasource.lookback=0s",
            # Nobody listens there: what this vmalert finds must not change the store that other tests read.
            f"-notifier.url=http://127.0.0.1:{free_port()}",
            f"-remoteWrite.url=http://127.0.0.1:{free_port()}",
            f"-httpListenAddr=127.0.0.1:{port}",
            "-datasource.queryStep=1h",
        ],
        folder / "vmalert.log",
        f"http://127.0.0.1:{port}/health",
    )
    control_store, tokens = control
    with vmalert, Recorder(store) as recorder:
        regions = {"near": f'{recorder.url}"\nalerts_url = "http://127.0.0.1:{port}'}
        with front_door(folder, regions, control_store=control_store) as url:
            wait_for_alerts(port)
            yield Door(url, tokens, recorder, store, folder)


def wait_for_alerts(port: int) -> None:
    deadline = time.monotonic() + 20
    while SECRET not in httpx.get(f"http://127.0.0.1:{port}/api/v1/alerts").text:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def read(door: Door, path: str, endpoint: str) -> httpx.Response:
    url = f"{door.url}/v1/projects/{PROJECT_A}{path}/prometheus/api/v1/{endpoint}"
    answer = httpx.get(url, headers={"Authorization": f"Bearer {door.tokens.viewer}"})
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("", 3),
        ("/environments/production", 2),
        (f"/environments/pr-7/services/{SERVICE_A1}", 1),
        (f"/environments/production/services/{SERVICE_A1}", 1),
    ],
)
def test_alerts_are_the_scopes_own(alerting: Door, path: str, count: int) -> None:
    answer = read(alerting, path, "alerts")

    alerts = answer.json()["data"]["alerts"]
    assert len(alerts) == count
    assert {alert["labels"]["project_id"] for alert in alerts} == {PROJECT_A}
    assert {alert["labels"]["alertname"] for alert in alerts} == {"TooManyRequests"}
    assert set(alerts[0]) == {"state", "value", "labels", "annotations", "activeAt"}
    assert alerts[0]["annotations"]["summary"].endswith("is up")
    assert SECRET not in answer.text


def test_rules_show_the_tenants_state_and_nothing_of_the_platforms(alerting: Door) -> None:
    answer = read(alerting, "", "rules")

    (group,) = answer.json()["data"]["groups"]
    (rule,) = group["rules"]
    assert rule["name"] == "TooManyRequests"
    assert rule["state"] == "firing"
    assert rule["query"] == ""
    assert rule["labels"] == {"severity": "page"}
    assert len(rule["alerts"]) == 3
    for inside in (SECRET, "127.0.0.1", "many-to-many", "rules.yml", "expression"):
        assert inside not in answer.text


def test_the_rival_sees_its_own_and_not_ours(alerting: Door) -> None:
    url = f"{alerting.url}/v1/projects/{PROJECT_A}/prometheus/api/v1/alerts"
    assert httpx.get(url, headers={"Authorization": f"Bearer {alerting.tokens.rival}"}).status_code == 404
