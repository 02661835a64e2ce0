"""The simulated cluster's pages, read by a real parser of the exposition format over an hour of its life."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from compose.cluster import kubelet, state
from compose.cluster.inventory import EVICTION_SECONDS, LINGER_SECONDS, Cluster
from compose.demo import REGIONS, deployments
from core.tenant import TENANT_LABELS, Tenant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric
    from prometheus_client.samples import Sample

_CLUSTER: Final = Cluster("fra1")
# A whole number of evictions, so that offsets into the present generation can be told.
_START: Final = 1_800_000_000.0 // EVICTION_SECONDS * EVICTION_SECONDS


def _kubelet(now: float, cluster: Cluster = _CLUSTER) -> list[Metric]:
    return list(text_string_to_metric_families(kubelet.render(cluster.running(now), now)))


def _state(now: float, cluster: Cluster = _CLUSTER) -> list[Metric]:
    return list(text_string_to_metric_families(state.render(cluster.known(now), now)))


def _samples(families: list[Metric], name: str) -> list[Sample]:
    return [sample for family in families for sample in family.samples if sample.name == name]


@pytest.mark.parametrize("region", REGIONS)
def test_no_page_has_a_series_twice(region: str) -> None:
    cluster = Cluster(region)
    for now in (_START + 1, _START + LINGER_SECONDS / 2, _START + 100):
        for families in (_kubelet(now, cluster), _state(now, cluster)):
            series = Counter((s.name, *sorted(s.labels.items())) for family in families for s in family.samples)
            assert series.most_common(1)[0][1] == 1


def _counters(now: float) -> Iterator[tuple[str, float]]:
    """Every counter's series and value, read without the parser, which would take minutes here."""
    for line in (
        kubelet.render(_CLUSTER.running(now), now).splitlines() + state.render(_CLUSTER.known(now), now).splitlines()
    ):
        series, _, value = line.rpartition("} ")
        if "_total{" in series:
            yield series, float(value.split()[0])


def test_a_counter_never_falls_as_long_as_its_series_lives() -> None:
    last: dict[str, float] = {}
    grown = 0
    for second in range(0, 1800, 13):
        for series, value in _counters(_START + second):
            assert value >= last.get(series, 0.0), series
            grown += value > last.get(series, 0.0)
            last[series] = value

    assert grown > 10_000


def test_a_restarted_container_has_two_control_groups_and_a_new_counter() -> None:
    """The reports service restarts every five minutes; its old control group stays for one."""
    seen: Counter[int] = Counter()
    for second in range(0, 400, 20):
        now = _START + second
        use = [s for s in _samples(_kubelet(now), "container_cpu_usage_seconds_total") if s.labels["container"]]
        groups = Counter((s.labels["pod"], s.labels["container"]) for s in use if s.labels["container"] == "reports")
        seen.update(groups.values())
        young = [s for s in use if s.labels["container"] == "reports" and s.value < 2]
        assert all(groups[s.labels["pod"], "reports"] == 2 for s in young)

    assert seen.keys() == {1, 2}
    assert seen[1] > seen[2] > 0


def test_an_evicted_pod_comes_back_under_its_name_with_another_uid() -> None:
    name = "store-production-0"
    both, later = (
        [s.labels["uid"] for s in _samples(_state(now), "kube_pod_labels") if s.labels["pod"] == name]
        for now in (_START + LINGER_SECONDS / 2, _START + LINGER_SECONDS + 1)
    )

    assert len(both) == 2
    assert len(later) == 1
    assert later[0] in both
    groups = _samples(_kubelet(_START + LINGER_SECONDS + 1), "container_memory_working_set_bytes")
    assert {s.labels["id"].count(later[0].replace("-", "_")) for s in groups if s.labels["pod"] == name} == {1}


def test_each_pod_has_its_own_and_its_pause_container_s_control_group() -> None:
    use = _samples(_kubelet(_START), "container_cpu_usage_seconds_total")
    kinds: dict[str, set[str]] = {}
    for sample in use:
        kinds.setdefault(sample.labels["pod"], set()).add(sample.labels["container"])

    pods = {pod: names for pod, names in kinds.items() if pod}
    assert all({"", "POD"} < names for names in pods.values())
    assert {"web", "proxy"} < next(names for pod, names in pods.items() if pod.startswith("web-production"))
    # The node's own control groups belong to no pod.
    assert {s.labels["id"] for s in use if not s.labels["pod"]} >= {"/", "/kubepods.slice"}


def test_an_init_container_requests_without_running() -> None:
    requests = _samples(_state(_START), "kube_pod_init_container_resource_requests")
    kinds = {s.labels["container"]: s.labels["restart_policy"] for s in _infos(_START)}
    running = {s.labels["container"] for s in _samples(_kubelet(_START), "container_cpu_usage_seconds_total")}

    assert {s.labels["container"] for s in requests} == {"warm-up", "proxy"}
    assert kinds == {"warm-up": "", "proxy": "Always"}
    assert "warm-up" not in running
    assert "proxy" in running


def _infos(now: float) -> list[Sample]:
    return _samples(_state(now), "kube_pod_init_container_info")


@pytest.mark.parametrize("region", REGIONS)
def test_labels_name_every_tenant_of_the_region_and_some_pods_have_none(region: str) -> None:
    labels = [s.labels for s in _samples(_state(_START, Cluster(region)), "kube_pod_labels")]
    tenants = {
        Tenant(**{name: pod[f"label_starform_io_{name}"] for name in TENANT_LABELS}) for pod in labels if len(pod) > 3
    }

    assert tenants == {deployment.tenant for deployment in deployments(region)}
    namespaces = {pod["namespace"] for pod in labels if len(pod) == 3}
    assert "kube-system" in namespaces
    # One of them stands among a customer's own.
    assert namespaces & {deployment.project.namespace for deployment in deployments(region)}


def test_a_pod_is_in_exactly_one_phase() -> None:
    phases: Counter[str] = Counter()
    for sample in _samples(_state(_START), "kube_pod_status_phase"):
        phases[sample.labels["uid"]] += int(sample.value)

    assert set(phases.values()) == {1}


def test_a_pod_becomes_ready_some_seconds_after_it_was_evicted() -> None:
    def ready(now: float) -> list[float]:
        return [
            s.value
            for s in _samples(_state(now), "kube_pod_status_ready")
            if s.labels["pod"] == "store-staging-0" and s.labels["condition"] == "true"
        ]

    assert ready(_START + 1) == [0, 0]
    assert ready(_START + 10) == [1, 0]
    assert ready(_START + LINGER_SECONDS) == [1]


def test_a_kubelet_stamps_its_samples_and_kube_state_metrics_does_not() -> None:
    assert {s.timestamp is None for s in _samples(_state(_START), "kube_pod_labels")} == {True}
    stamps = {s.timestamp for s in _samples(_kubelet(_START), "container_cpu_usage_seconds_total")}
    assert [float(str(stamp)) for stamp in stamps] == [_START - 0.4]
