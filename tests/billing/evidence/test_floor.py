"""A container that names no request counts the floor, and its hours say so."""

from __future__ import annotations

from typing import Final

from billing.evidence.pod_series import PodSeries
from billing.evidence.series import Series
from billing.evidence.sights import sights
from ingest.usage.pod import Floor
from ingest.usage.sight import Quality, Sight
from tests.billing.evidence.metrics import CPU, MEMORY, MIB, Line, Told

H: Final = 1_767_225_600
_FLOOR: Final = Floor(100, 128 * MIB * 1000)
_TOLD: Final = Told("uid-1", range(H, H + 300, 30))
_RUNS: Final = _TOLD.lines(("kube_pod_info", {"node": "node-1"}, 1), ("kube_pod_status_phase", {"phase": "Running"}, 1))
_REQUESTS: Final = "kube_pod_container_resource_requests"
_INIT: Final = "kube_pod_init_container_info"


def _sight(lines: list[Line], floor: Floor = _FLOOR) -> Sight:
    pod = PodSeries("uid-1")
    for line in [*_RUNS, *lines]:
        pod.add(Series(line["metric"], line["timestamps"], line["values"]))
    return sights(pod, H, 120, floor)[0]


def _held(sight: Sight) -> tuple[int, int, Quality]:
    return sight.cpu_m, sight.memory_b, sight.quality


def test_a_pod_without_any_request_has_one_container_at_the_least() -> None:
    assert _held(_sight([])) == (100, 128 * MIB, Quality.FLOOR)
    assert _held(_sight([], Floor())) == (0, 0, Quality.LOWER_BOUND)


def test_what_is_asked_for_counts_and_what_is_not_has_the_floor() -> None:
    cpu = _TOLD.lines((_REQUESTS, CPU, 0.5))
    memory = _TOLD.lines((_REQUESTS, MEMORY, MIB))

    assert _held(_sight(cpu)) == (500, 128 * MIB, Quality.FLOOR)
    assert _held(_sight([*cpu, *memory])) == (500, MIB, Quality.LOWER_BOUND)


def test_a_sidecar_without_a_request_is_known_by_its_name() -> None:
    asked = _TOLD.lines((_REQUESTS, CPU, 0.5), (_REQUESTS, MEMORY, MIB))
    sidecar = _TOLD.lines((_INIT, {"container": "proxy", "restart_policy": "Always"}, 1))

    assert _held(_sight([*asked, *sidecar])) == (600, 129 * MIB, Quality.FLOOR)
