"""What vmalert makes of pods and routes as clusters really show them: twins, swaps, restarts, strangers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

import pytest

from core.tenant import Tenant
from tests.rules.evaluation import RECORDED, Fed, Labels, Outcome, evaluate

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.stack

_CPU: Final = "container_cpu_usage_seconds:rate1m"
_MEMORY: Final = "container_memory_working_set_bytes:sum"


def _tenant(number: int) -> Tenant:
    return Tenant(str(UUID(int=number)), f"pr-{number}", str(UUID(int=number + 100)))


def _tuple(number: int) -> Labels:
    tenant = _tenant(number)
    return {"project_id": tenant.project_id, "environment": tenant.environment, "service_id": tenant.service_id}


def _pod(name: str, cluster: str = "one") -> Labels:
    return {"cluster": cluster, "namespace": "prj", "pod": name}


def _known(
    name: str, number: int, *, uid: str = "u1", created: float | None = 100, cluster: str = "one"
) -> Iterator[Fed]:
    """A pod as kube-state-metrics shows it."""
    identity = _pod(name, cluster) | {"uid": uid}
    labels = {f"label_starform_io_{label}": value for label, value in _tuple(number).items()}
    yield Fed("kube_pod_labels", identity | labels)
    if created is not None:
        yield Fed("kube_pod_created", identity, created)


def _use(
    name: str, cores: float, memory: float = 0.0, *, container: str = "app", path: str = "/a", cluster: str = "one"
) -> Iterator[Fed]:
    """A control group as a kubelet shows it."""
    group = _pod(name, cluster) | {"container": container, "id": path}
    yield Fed("container_cpu_usage_seconds_total", group, 1000, cores)
    yield Fed("container_memory_working_set_bytes", group, memory)


def _plain_pods() -> Iterator[Fed]:
    """Tenant 1 has two pods; one with a sidecar, its pause container, its own control group and two interfaces."""
    yield from _known("solo", 1)
    yield from _use("solo", 0.5, 100)
    yield from _use("solo", 0.25, 20, container="proxy", path="/b")
    yield from _use("solo", 9, 9000, container="POD", path="/c")
    yield from _use("solo", 9, 9000, container="", path="/")
    for interface, rate in (("eth0", 10), ("eth1", 5)):
        there = _pod("solo") | {"interface": interface}
        yield Fed("container_network_receive_bytes_total", there, 5000, rate)
        yield Fed("container_network_transmit_bytes_total", there, 5000, 2 * rate)
    yield from _known("second", 1)
    yield from _use("second", 1, 30)
    # The same names in another cluster are another tenant's pod.
    yield from _known("solo", 7, cluster="two")
    yield from _use("solo", 8, 70, cluster="two")


def _strange_pods() -> Iterator[Fed]:
    # Two uids, one tuple: a StatefulSet's pod that came back.
    for uid, created in (("old", 100.0), ("new", 200.0)):
        yield from _known("twin", 2, uid=uid, created=created)
    yield from _use("twin", 1, 40)
    # Two tuples: the name was used again by another tenant's pod.
    yield from _known("swapped", 3, uid="old", created=100)
    yield from _known("swapped", 4, uid="new", created=200)
    yield from _use("swapped", 2, 50)
    # Two control groups of one container, one of them dead.
    yield from _known("restarted", 5)
    yield from _use("restarted", 0, 60, path="/dead")
    yield from _use("restarted", 0.5, 25, path="/alive")
    yield from _known("ageless", 6, created=None)
    yield from _use("ageless", 0.125, 10)


def _strangers() -> Iterator[Fed]:
    """Pods that are nobody's: without labels, with half of them, with ids in another form."""
    for name in ("bare", "half", "stripped"):
        yield from _use(name, 4, 400)
    project = {"label_starform_io_project_id": _tenant(8).project_id}
    yield Fed("kube_pod_labels", _pod("bare") | {"uid": "u"})
    yield Fed("kube_pod_labels", _pod("half") | {"uid": "u"} | project)
    ids = {f"label_starform_io_{label}": value.replace("-", "") for label, value in _tuple(9).items()}
    yield Fed("kube_pod_labels", _pod("stripped") | {"uid": "u"} | ids)


def _states() -> Iterator[Fed]:
    """Readiness and restarts: tenant 5 has no ready pod, tenant 6 restarted three times, 1 long ago."""
    for name, uid, ready in (("solo", "u1", 1), ("twin", "old", 0), ("twin", "new", 1), ("restarted", "u1", 0)):
        identity = _pod(name) | {"uid": uid}
        yield Fed("kube_pod_status_ready", identity | {"condition": "true"}, ready)
        yield Fed("kube_pod_status_phase", identity | {"phase": "Running"}, 1)
    restarts = "kube_pod_container_status_restarts_total"
    yield Fed(restarts, _pod("solo") | {"uid": "u1", "container": "app"}, 60)
    yield Fed(restarts, _pod("ageless") | {"uid": "u1", "container": "app"}, 9, 3 / 80)


def _route(number: int, rates: dict[str, float], *, slow: float, job: str = "envoy-gateway") -> Iterator[Fed]:
    """A route that answers at `rates` by class, a share `slow` of it in more than a second."""
    labels = _tuple(number) | {"job": job, "route_kind": "httproute", "rule": "0", "instance": "envoy-1"}
    for code, rate in rates.items():
        yield Fed("envoy_cluster_upstream_rq_xx", labels | {"envoy_response_code_class": code}, 5000, rate)
    total = sum(rates.values())
    for bound, share in (("100", 1 - slow), ("1000", 1 - slow), ("2500", 1.0), ("+Inf", 1.0)):
        yield Fed("envoy_cluster_upstream_rq_time_bucket", labels | {"le": bound}, 5000, share * total)


def _routes() -> Iterator[Fed]:
    yield from _route(1, {"2": 9, "5": 1}, slow=0.0)
    yield from _route(2, {"2": 4}, slow=0.5)
    # A customer's own metrics under Envoy's names.
    yield from _route(2, {"5": 100}, slow=1.0, job="app")


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    fed = [*_plain_pods(), *_strange_pods(), *_strangers(), *_states(), *_routes()]
    return evaluate(tmp_path_factory.mktemp("rules"), fed)


def test_a_tenant_s_use_is_the_sum_of_its_pods_containers_alone(outcome: Outcome) -> None:
    assert outcome.value(f"tenant:{_CPU}", **_tuple(1)) == pytest.approx(1.75)
    assert outcome.value(f"tenant:{_MEMORY}", **_tuple(1)) == 150
    assert outcome.value(f"tenant_pod:{_CPU}", **_tuple(1), pod="solo") == pytest.approx(0.75)
    assert outcome.value(f"tenant_pod:{_CPU}", **_tuple(1), pod="second") == pytest.approx(1)


def test_network_use_is_the_sum_of_a_pod_s_interfaces(outcome: Outcome) -> None:
    name = "container_network_{}_bytes:rate1m"
    assert outcome.value(f"tenant:{name.format('receive')}", **_tuple(1)) == pytest.approx(15)
    assert outcome.value(f"tenant:{name.format('transmit')}", **_tuple(1)) == pytest.approx(30)


def test_pods_of_the_same_name_in_two_clusters_are_kept_apart(outcome: Outcome) -> None:
    assert outcome.value(f"tenant:{_CPU}", **_tuple(7)) == pytest.approx(8)


def test_a_pod_name_with_two_uids_is_counted_once(outcome: Outcome) -> None:
    assert outcome.value(f"tenant:{_CPU}", **_tuple(2)) == pytest.approx(1)
    assert outcome.value(f"tenant:{_MEMORY}", **_tuple(2)) == 40


def test_a_pod_name_with_two_tuples_is_the_younger_pod_s_and_fails_nobody_else(outcome: Outcome) -> None:
    owners = [labels["project_id"] for labels, _ in outcome.recorded[f"tenant:{_CPU}"]]

    assert outcome.value(f"tenant:{_CPU}", **_tuple(4)) == pytest.approx(2)
    assert _tenant(3).project_id not in owners


def test_a_restarted_container_s_dead_control_group_adds_nothing(outcome: Outcome) -> None:
    assert outcome.value(f"tenant:{_CPU}", **_tuple(5)) == pytest.approx(0.5)
    assert outcome.value(f"tenant:{_MEMORY}", **_tuple(5)) == 60


def test_a_pod_whose_creation_time_is_missing_is_attributed_all_the_same(outcome: Outcome) -> None:
    assert outcome.value(f"tenant:{_CPU}", **_tuple(6)) == pytest.approx(0.125)


def test_a_pod_without_well_formed_labels_is_nobody_s(outcome: Outcome) -> None:
    owners = {labels["project_id"] for labels, _ in outcome.recorded[f"tenant:{_CPU}"]}
    pods = {labels["pod"] for labels, _ in outcome.recorded[f"tenant_pod:{_CPU}"]}

    assert owners == {_tenant(number).project_id for number in (1, 2, 4, 5, 6, 7)}
    assert pods == {"solo", "second", "twin", "swapped", "restarted", "ageless"}


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_series_carries_exactly_the_contract_s_labels(outcome: Outcome, name: str) -> None:
    expected = {"project_id", "environment", "service_id"} | ({"pod"} if name.startswith("tenant_pod:") else set())

    assert {frozenset(labels) for labels, _ in outcome.recorded[name]} == {frozenset(expected)}


def test_both_customer_paths_name_a_tenant_by_the_same_keys_and_values(outcome: Outcome) -> None:
    """One from Envoy's cluster name, one from the pod's labels: the front-door's exact filter fits both."""

    def of_tenant_1(name: str) -> list[Labels]:
        return [labels for labels, _ in outcome.recorded[name] if labels["project_id"] == _tenant(1).project_id]

    assert of_tenant_1("tenant:requests:rate1m") == of_tenant_1(f"tenant:{_CPU}") == [_tuple(1)]


def test_routes_yield_rate_errors_and_latency_per_tenant(outcome: Outcome) -> None:
    assert outcome.value("tenant:requests:rate1m", **_tuple(1)) == pytest.approx(10)
    assert outcome.value("tenant:request_errors:ratio1m", **_tuple(1)) == pytest.approx(0.1)
    assert outcome.value("tenant:request_duration_milliseconds:p95_1m", **_tuple(1)) == pytest.approx(95)


def test_a_route_that_never_failed_has_an_error_ratio_of_zero(outcome: Outcome) -> None:
    assert outcome.value("tenant:request_errors:ratio1m", **_tuple(2)) == 0


def test_a_customer_s_own_metrics_under_envoy_s_names_count_for_nothing(outcome: Outcome) -> None:
    assert outcome.value("tenant:requests:rate1m", **_tuple(2)) == pytest.approx(4)


def test_an_ambiguous_pod_is_the_platform_s_alert_and_names_no_tenant(outcome: Outcome) -> None:
    assert outcome.alerting("PodAttributionAmbiguous") == [_pod("swapped")]


def test_malformed_tenant_labels_are_the_platform_s_alert(outcome: Outcome) -> None:
    alerting = sorted(outcome.alerting("PodTenantMalformed"), key=lambda labels: labels["pod"])

    assert alerting == [_pod("half"), _pod("stripped")]


@pytest.mark.parametrize(
    ("alert", "number"),
    [
        ("ServiceHighErrorRate", 1),
        ("ServiceHighLatency", 2),
        ("ServiceHasNoReadyPod", 5),
        ("ServiceRestarts", 6),
    ],
)
def test_a_tenant_s_alert_carries_its_tuple_and_reaches_no_one_else(outcome: Outcome, alert: str, number: int) -> None:
    assert outcome.alerting(alert) == [_tuple(number)]
