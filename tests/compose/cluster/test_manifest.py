"""The simulated pods as Kubernetes shows them: what metering reads from their documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson
import pytest

from compose.cluster.inventory import Cluster
from compose.cluster.manifest import manifest, node, rfc3339
from compose.demo import REGIONS
from ingest.usage import pod_report
from ingest.usage.effective_request import effective_request
from ingest.usage.pod import EffectiveRequest
from ingest.usage.pod_document import read_pod
from ingest.usage.sight import Phase

if TYPE_CHECKING:
    from compose.cluster.pods import Pod

NOW: Final = 1_767_225_600.0
_MIB: Final = 1 << 20


def _pods(region: str, start: str, now: float = NOW) -> list[Pod]:
    return [pod for pod in Cluster(region).known(now) if pod.name.startswith(start)]


@pytest.mark.parametrize("region", REGIONS)
def test_every_pod_of_a_day_can_be_metered(region: str) -> None:
    for now in (NOW + hour * 3_600 + hour * 61 for hour in range(24)):
        pods = [manifest(pod, now) for pod in Cluster(region).known(now)]
        told = {"observed_at": rfc3339(now), "pods": pods, "nodes": [node("n", cores=4, memory=1 << 34)]}
        report = pod_report.read(orjson.dumps(told))

        assert report.refusals == ()
        assert len(report.pods) == len(pods)
        assert report.nodes == (("n", 4_000, 1 << 34),)
        # A node holds no more than the agent says it can give.
        assert sum(pod.sight.cpu_m for pod in report.pods) < 32_000


def test_an_init_container_and_a_sidecar_count_by_kubernetes_formula() -> None:
    pod = _pods("fra1", "web-production")[0]

    # Before the sidecar 800 m; beside the application, the sidecar 50 m and 300 m, 64 and 768 MiB.
    assert EffectiveRequest(800, 832 * _MIB) == effective_request(read_pod(manifest(pod, NOW)))


@pytest.mark.parametrize(
    ("age", "cpu_m"),
    [
        pytest.param(1_790, 300, id="as it was deployed"),
        pytest.param(1_800, 450, id="larger at once, though not in force yet"),
        pytest.param(7_190, 450, id="larger"),
        # Made smaller again: the container holds the larger size until it has the other.
        pytest.param(7_210, 450, id="still larger, though smaller was asked for"),
        pytest.param(7_220, 300, id="smaller"),
    ],
)
def test_a_resize_holds_both_sizes_until_it_is_in_force(age: int, cpu_m: int) -> None:
    now = _pods("fra1", "ui-production")[0].created + age
    pod = _pods("fra1", "ui-production", now)[0]

    assert cpu_m == effective_request(read_pod(manifest(pod, now))).cpu_m


def test_an_evicted_pod_tells_its_end() -> None:
    evicted = next(pod for at in range(0, 240, 10) for pod in _pods("fra1", "store", NOW + at) if pod.ended is not None)
    assert evicted.ended is not None
    told = {"observed_at": rfc3339(evicted.ended + 25), "deleted": [manifest(evicted, evicted.ended + 20)]}

    (pod,) = pod_report.read(orjson.dumps(told)).pods

    assert (pod.sight.phase, pod.sight.finished_at) == (Phase.GONE, int(evicted.ended))


def test_a_container_that_crashes_comes_back_in_the_same_pod() -> None:
    pod = _pods("fra1", "reports-production")[0]

    early, late = (manifest(pod, pod.started + age)["status"]["containerStatuses"][0] for age in (10, 1_000))

    assert (early["restartCount"], late["restartCount"]) == (0, 3)
    assert manifest(pod, pod.started + 1_000)["status"]["phase"] == "Running"


@pytest.mark.parametrize("region", REGIONS)
def test_no_uid_ever_comes_again(region: str) -> None:
    """A uid whose pod began at another time would be put aside by metering."""
    began: dict[str, set[float]] = {}
    for day in range(15):
        for pod in Cluster(region).known(NOW + day * 86_400):
            began.setdefault(pod.uid, set()).add(pod.created)

    assert {len(times) for times in began.values()} == {1}
