from __future__ import annotations

from typing import Any

import pytest

from core.errors import BadRequest
from ingest.usage.effective_request import effective_request
from ingest.usage.pod import EffectiveRequest, Floor
from ingest.usage.pod_document import read_pod
from ingest.usage.quantity import thousandths
from tests.billing.golden_cases import cases


@pytest.mark.parametrize("case", cases("quantity.yml"))
def test_a_quantity_is_read_exactly_or_refused(case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(BadRequest, match=r"^memory: ") as refusal:
            thousandths(case["text"], "memory")

        assert case["refused"] in refusal.value.message
    else:
        assert case["expected"] == thousandths(case["text"], "memory")


def test_a_text_of_any_length_is_refused_without_being_repeated() -> None:
    with pytest.raises(BadRequest) as refusal:
        thousandths("9" * 100_000, "cpu")

    assert len(refusal.value.message) < 300


def _spec(container: dict[str, Any], name: str) -> dict[str, Any]:
    return {
        "name": name,
        "resources": {"requests": {key: container[key] for key in ("cpu", "memory") if key in container}},
        **({"restartPolicy": "Always"} if container.get("sidecar") else {}),
    }


def _manifest(case: dict[str, Any]) -> dict[str, Any]:
    containers, init = case["containers"], case.get("init", [])
    return {
        "metadata": {"labels": {"tier": "any"}},
        "spec": {
            "containers": [_spec(each, f"app-{number}") for number, each in enumerate(containers)],
            "initContainers": [_spec(each, f"init-{number}") for number, each in enumerate(init)],
            "overhead": case.get("overhead"),
            "resources": {"requests": case["pod_level"]} if "pod_level" in case else None,
        },
        "status": {
            "containerStatuses": [
                {
                    "name": f"app-{number}",
                    "allocatedResources": each.get("allocated"),
                    "resources": {"requests": each["actuated"]} if "actuated" in each else None,
                }
                for number, each in enumerate(containers)
            ],
            "conditions": [{"type": "PodResizePending", "status": "True", "reason": "Infeasible"}]
            if case.get("infeasible")
            else [{"type": "Ready", "status": "True"}],
        },
    }


@pytest.mark.parametrize("case", cases("effective_request.yml"))
def test_the_effective_request_is_kubernetes(case: dict[str, Any]) -> None:
    floor = case.get("floor", {"cpu": "0", "memory": "0"})
    request = effective_request(
        read_pod(_manifest(case)), Floor(thousandths(floor["cpu"], "cpu"), thousandths(floor["memory"], "memory"))
    )

    cpu_m, memory_b = case["expected"]

    assert EffectiveRequest(cpu_m, memory_b, case.get("floored", False)) == request


@pytest.mark.parametrize(
    ("document", "named"),
    [
        pytest.param({}, "spec", id="no spec"),
        pytest.param({"spec": {"containers": []}}, "spec.containers", id="no container"),
        pytest.param(
            {"spec": {"containers": [{"name": "a", "resources": {"requests": {"cpu": "x"}}}]}},
            "containers.a.resources.requests.cpu",
            id="no quantity",
        ),
        pytest.param(
            {"spec": {"containers": [{"name": "a", "resources": {"requests": {"cpu": 0.1}}}]}},
            "spec.containers.0.resources.requests.cpu",
            id="a float",
        ),
        pytest.param({"spec": {"containers": [{"name": "a"}, {"name": "a"}]}}, "spec.containers", id="a name twice"),
    ],
)
def test_a_wrong_document_is_refused_by_the_place_of_its_fault(document: dict[str, Any], named: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        read_pod(document)

    assert named == refusal.value.message.split(": ")[0]


def test_a_whole_number_is_a_quantity() -> None:
    pod = read_pod({"spec": {"containers": [{"name": "a", "resources": {"requests": {"cpu": 2, "memory": 1024}}}]}})

    assert EffectiveRequest(2000, 1024) == effective_request(pod)


def test_a_restart_policy_of_an_app_container_makes_no_sidecar() -> None:
    pod = read_pod({"spec": {"containers": [{"name": "a", "restartPolicy": "Always"}]}})

    assert not pod.containers[0].is_sidecar
