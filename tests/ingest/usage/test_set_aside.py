"""What of a report is nothing, and what of it is set aside without the rest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from ingest.usage import pod_report
from ingest.usage.settings import FloorSettings, UsageSettings
from ingest.usage.sight import Quality
from tests.ingest.usage.manifests import AT, pod, report

if TYPE_CHECKING:
    from tests.ingest.usage.ledger import Ledger
    from tests.ingest.usage.serving import Door

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("part", ["containerStatuses", "initContainerStatuses", "conditions", "startTime"])
async def test_null_is_as_good_as_nothing(door: Door, store: Ledger, part: str) -> None:
    shown = pod(part)
    shown["status"][part] = None
    shown["spec"] |= {"initContainers": None, "overhead": None, "resources": None}
    shown["metadata"] |= {"deletionTimestamp": None, "annotations": None}

    answer = await door.pods(report(shown, at=AT + 62))

    assert answer.json() == {"accepted": 1, "refused": []}
    assert store.rows("uid, cpu_m", "pod_observations") == [(part, 300)]


@pytest.mark.parametrize(
    ("amounts", "reason"),
    [
        pytest.param({"cpu": "1E", "memory": "1Gi"}, "status.allocatable.cpu: more than 2^63 - 1", id="millicores"),
        pytest.param({"cpu": "10E", "memory": "1Gi"}, "status.allocatable.cpu: '10E' is more than", id="cores"),
        pytest.param({"cpu": "4", "memory": "9E3"}, "", id="a large node"),
        pytest.param({"cpu": "4", "memory": "8Ei"}, "status.allocatable.memory: '8Ei' is more than", id="bytes"),
    ],
)
async def test_a_node_with_an_absurd_amount_is_set_aside_alone(
    door: Door, store: Ledger, amounts: dict[str, str], reason: str
) -> None:
    nodes = [
        {"metadata": {"name": "absurd"}, "status": {"allocatable": amounts}},
        {"metadata": {"name": "node-1"}, "status": {"allocatable": {"cpu": "4", "memory": "1Gi"}}},
    ]

    answer = await door.pods(report(pod(), nodes=nodes, at=AT + 63))

    assert answer.status_code == 200
    assert [each["reason"].startswith(reason) for each in answer.json()["refused"]] == [True] * bool(reason)
    assert [name for (name,) in store.rows("node", "nodes")] == (["node-1"] if reason else ["absurd", "node-1"])
    assert len(store.rows("*", "pod_observations")) == len(store.rows("*", "heartbeats")) == 1
    assert store.rows("kind::String, subject", "refused_evidence") == ([("node", "absurd")] if reason else [])


def test_a_container_without_a_request_counts_the_floor_of_the_settings() -> None:
    shown = pod()
    shown["spec"]["containers"].append({"name": "second"})
    settings = UsageSettings(ledger_url=SecretStr("http://writer:x@127.0.0.1:1"))
    (told,) = pod_report.read(json.dumps(report(shown)).encode(), settings.floor.floor).pods
    (without,) = pod_report.read(json.dumps(report(shown)).encode(), FloorSettings(cpu_m=0, memory_mib=0).floor).pods

    # 300m and a sidecar of 50m run beside the second container's 100m; to warm up takes 800m.
    assert (told.sight.cpu_m, told.sight.memory_b) == (800, (768 + 64 + 128) << 20)
    assert (told.sight.quality, without.sight.quality) == (Quality.FLOOR, Quality.EXACT)
    assert without.sight.memory_b == (768 + 64) << 20
