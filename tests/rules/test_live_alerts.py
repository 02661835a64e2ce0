"""The platform's alerts on real vmalert and VictoriaMetrics: each fires, none does in a healthy region."""

from __future__ import annotations

import re
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from compose import victoria
from compose.ports import reserved
from compose.process import Process
from rules import alerts, rulefile
from rules.live_finding import LiveCheck
from rules.platform_alerts import ALERTS, GROUPS
from rules.rulefile import Alert, Group
from tests.rules.alert_cases import HEALTHY, SICK, Fed
from tests.rules.live_region import SHOP

if TYPE_CHECKING:
    from collections.abc import Iterable

RUNBOOK: Final = Path(__file__).resolve().parents[2] / "docs" / "runbook.md"
_ENOUGH: Final = 6


def firing(folder: Path, fed: Iterable[Fed], expected: set[str]) -> list[dict[str, Any]]:
    """What fires of the alerts, their holds left out; waits until that is what is `expected`, or does not change."""
    groups = [Group(group.name, [_at_once(rule) for rule in group.rules]) for group in GROUPS]
    files = folder / "alerts.yml", folder / "notifiers.yml"
    files[0].write_text(rulefile.render(groups))
    files[1].write_text(victoria.NO_NOTIFIER)
    with ExitStack() as stack:
        store_port, ruler_port = stack.enter_context(reserved(2))
        store, ruler = f"http://127.0.0.1:{store_port}", f"http://127.0.0.1:{ruler_port}"
        command = victoria.store(store_port, folder / "data")
        stack.enter_context(Process("victoria-metrics", command, folder / "store.log", f"{store}/health"))
        now = time.time()
        lines = [
            f"{one.head} {one.value - one.slope * age} {int((now - age) * 1000)}\n"
            for one in fed
            for age in range(one.newest, one.oldest + 1, 15)
        ]
        httpx.post(f"{store}/api/v1/import/prometheus", content="".join(lines)).raise_for_status()
        while httpx.get(f"{store}/api/v1/series/count").json()["data"][0] < len({one.head for one in fed}):
            time.sleep(0.05)
        command = victoria.ruler(ruler_port, [files[0]], files[1], store, "1s")
        stack.enter_context(Process("vmalert", command, folder / "vmalert.log", f"{ruler}/health"))
        return _settled(ruler, expected)


def _at_once(rule: object) -> Alert:
    assert isinstance(rule, Alert)
    return replace(rule, hold="0s")


def _settled(ruler: str, expected: set[str]) -> list[dict[str, Any]]:
    """What fires once every rule was evaluated some times, and (within some seconds) it is what is `expected`."""
    deadline = time.monotonic() + 20
    evaluations: set[str] = set()
    while True:
        groups = httpx.get(f"{ruler}/api/v1/rules").json()["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        assert [rule["lastError"] for rule in rules if rule["lastError"]] == []
        evaluations.add(repr([rule["lastEvaluation"] for rule in rules]))
        # vmalert leaves the list out when there is none.
        active = [alert for rule in rules for alert in rule.get("alerts") or () if alert["state"] == "firing"]
        if len(evaluations) > _ENOUGH and (of_names(active) == expected or time.monotonic() > deadline):
            return active
        time.sleep(0.2)


@pytest.fixture(scope="module")
def sick(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return firing(tmp_path_factory.mktemp("sick"), SICK, {alert.name for alert in ALERTS})


def of(active: list[dict[str, Any]], name: str) -> list[dict[str, str]]:
    """The labels of an alert's instances, its name and severity left out."""
    return [
        {key: value for key, value in alert["labels"].items() if key not in {"alertname", "severity"}}
        for alert in active
        if alert["labels"]["alertname"] == name
    ]


@pytest.mark.stack
@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("RegionIsolationFailed", [{"region": "fra1"}]),
        ("RegionNotServed", [{"region": "fra1"}]),
        ("IngestDeadLetters", [{"region": "fra1", "reason": why} for why in ("foreign_region", "no_labels")]),
        ("IngestLettersNotKept", [{"region": "fra1"}]),
        ("IngestBatchesSetAside", [{"region": "fra1"}]),
        ("BillingWatermarkOld", [{}]),
        (
            "PlatformProcessDown",
            [
                {"cluster": "c1", "region": "fra1", "process": "ingest", "instance": "ingest-1"},
            ],
        ),
        ("TelemetryStale", [{"cluster": "c1", "region": "fra1", "job": "envoy-gateway"}]),
        ("PodsUnattributed", [{"cluster": "c1", "namespace": "prj-shop"}, {"cluster": "c2"}]),
        ("UnparsedClusterTraffic", [{"region": "fra1"}]),
        ("GatewayExposesTooMuch", [{"cluster": "c1", "region": "fra1", "instance": "envoy-gateway-1"}]),
        ("RegionCardinalityHigh", [{"region": "fra1"}]),
        ("RegionCardinalityCritical", [{"region": "fra1"}]),
        ("LiveCheckFindings", [{"region": "fra1", "check": "SL001"}]),
        ("LiveChecksStale", [{"region": "fra1"}]),
    ],
)
def test_each_alert_fires_and_says_where(sick: list[dict[str, Any]], name: str, labels: list[dict[str, str]]) -> None:
    assert sorted(of(sick, name), key=repr) == sorted(labels, key=repr)


@pytest.mark.stack
def test_there_is_a_firing_for_every_alert(sick: list[dict[str, Any]]) -> None:
    assert {alert["labels"]["alertname"] for alert in sick} == {alert.name for alert in ALERTS}


@pytest.mark.stack
def test_none_names_a_tenant(sick: list[dict[str, Any]]) -> None:
    assert not any({"project_id", "environment", "service_id"} & alert["labels"].keys() for alert in sick)
    assert not any(SHOP in repr(alert["annotations"]) for alert in sick)


@pytest.mark.stack
def test_none_fires_in_a_healthy_region(tmp_path: Path) -> None:
    assert of_names(firing(tmp_path, HEALTHY, set())) == set()


def of_names(active: list[dict[str, Any]]) -> set[str]:
    return {alert["labels"]["alertname"] for alert in active}


def test_the_platform_s_alerts_are_among_those_that_are_rendered() -> None:
    rendered = {rule.name for group in alerts.GROUPS for rule in group.rules if isinstance(rule, Alert)}

    assert {alert.name for alert in ALERTS} <= rendered


@pytest.mark.parametrize("name", [*(alert.name for alert in ALERTS), *LiveCheck], ids=str)
def test_everything_that_can_call_somebody_has_a_runbook_entry(name: str) -> None:
    entry = re.search(rf"^### {name}\b.*?(?=^##|\Z)", RUNBOOK.read_text(), re.DOTALL | re.MULTILINE)

    assert entry is not None
    assert "**Means**" in entry[0]
    assert "**Do**" in entry[0]


def test_the_runbook_has_no_entry_for_what_does_not_exist() -> None:
    headings = set(re.findall(r"^### (\w+)", RUNBOOK.read_text(), re.MULTILINE))

    theirs = {alert.name for alert in (*alerts.TENANT_ALERTS, *alerts.PLATFORM_ALERTS)}
    assert headings <= {*(alert.name for alert in ALERTS), *map(str, LiveCheck), *theirs}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_points_at_its_entry(alert: Alert) -> None:
    annotations = alert.as_rule()["annotations"]

    assert isinstance(annotations, dict)
    assert annotations["runbook"] == f"docs/runbook.md#{alert.name.lower()}"
