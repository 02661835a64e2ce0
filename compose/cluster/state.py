"""What kube-state-metrics says of a cluster's pods: labels, phases, times, requests and restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cluster import exposition
from compose.cluster.exposition import Family
from compose.cluster.pods import Phase, Role, digest
from core.tenant import TENANT_LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from compose.cluster.pods import Container, Pod


def render(pods: Iterable[Pod], now: float) -> str:
    """The body of `/metrics` at `now` (unix seconds); no sample has a time stamp of its own."""
    known = list(pods)
    return exposition.text(
        [
            _labels(known),
            _info(known),
            _times("created", "When it was created, in unix seconds.", ((pod, pod.created) for pod in known)),
            _times("start_time", "When its kubelet took it up.", ((p, p.started) for p in known if p.started <= now)),
            _times("status_scheduled_time", "When it got its node.", ((pod, pod.created + 1) for pod in known)),
            _times("completion_time", "When its last container ended.", ((p, p.ended) for p in known)),
            _times("deletion_timestamp", "When its grace period is over.", ((p, p.deletion) for p in known)),
            _phases(known, now),
            _ready(known, now),
            _requests("kube_pod_container_resource_requests", known, (Role.APP,)),
            _requests("kube_pod_init_container_resource_requests", known, (Role.INIT, Role.SIDECAR)),
            _init_containers(known),
            _restarts(known, now),
        ]
    )


def _identity(pod: Pod) -> dict[str, str]:
    return {"namespace": pod.namespace, "pod": pod.name, "uid": pod.uid}


def _labels(pods: list[Pod]) -> Family:
    family = Family("kube_pod_labels", "gauge", "The allowed labels of a pod.")
    for pod in pods:
        names = sorted(TENANT_LABELS) if pod.tenant is not None else ()
        family.add(1, **_identity(pod), **{f"label_starform_io_{name}": getattr(pod.tenant, name) for name in names})
    return family


def _info(pods: list[Pod]) -> Family:
    family = Family("kube_pod_info", "gauge", "What is known of a pod.")
    for pod in pods:
        address = ".".join(str(int(digest(pod.uid, byte, digits=2), 16)) for byte in range(2))
        family.add(
            1,
            **_identity(pod),
            host_ip="10.0.0.10",
            pod_ip=f"10.42.{address}",
            node=pod.node,
            created_by_kind=pod.owner_kind or "<none>",
            created_by_name=pod.owner or "<none>",
            priority_class="",
            host_network="false",
        )
    return family


def _times(name: str, about: str, times: Iterable[tuple[Pod, float | None]]) -> Family:
    family = Family(f"kube_pod_{name}", "gauge", about)
    for pod, time in times:
        if time is not None:
            family.add(int(time), **_identity(pod))
    return family


def _phases(pods: list[Pod], now: float) -> Family:
    family = Family("kube_pod_status_phase", "gauge", "A pod's phase: 1 of five.")
    for pod in pods:
        for phase in Phase:
            family.add(float(pod.phase_at(now) is phase), **_identity(pod), phase=phase)
    return family


def _ready(pods: list[Pod], now: float) -> Family:
    family = Family("kube_pod_status_ready", "gauge", "Whether a pod is ready to serve.")
    for pod in pods:
        ready = pod.is_ready(now)
        for condition, holds in (("true", ready), ("false", not ready), ("unknown", False)):
            family.add(float(holds), **_identity(pod), condition=condition)
    return family


def _of_roles(pods: list[Pod], roles: tuple[Role, ...]) -> Iterator[tuple[Pod, Container]]:
    for pod in pods:
        for container in pod.containers:
            if container.role in roles:
                yield pod, container


def _requests(name: str, pods: list[Pod], roles: tuple[Role, ...]) -> Family:
    """A missing request is no sample, which is not the same as a request of 0."""
    family = Family(name, "gauge", "A container's resource requests.")
    for pod, container in _of_roles(pods, roles):
        for resource, unit, request in (
            ("cpu", "core", container.cpu_request),
            ("memory", "byte", container.memory_request),
        ):
            if request is not None:
                labels = {"container": container.name, "node": pod.node, "resource": resource, "unit": unit}
                family.add(request, **_identity(pod), **labels)
    return family


def _init_containers(pods: list[Pod]) -> Family:
    family = Family("kube_pod_init_container_info", "gauge", "What is known of an init container.")
    for pod, container in _of_roles(pods, (Role.INIT, Role.SIDECAR)):
        family.add(
            1,
            **_identity(pod),
            container=container.name,
            image_spec=container.image,
            image=container.image,
            image_id=f"sha256:{digest(container.image)}",
            container_id=f"containerd://{digest(pod.uid, container.name, 0)}",
            restart_policy="Always" if container.role is Role.SIDECAR else "",
        )
    return family


def _restarts(pods: list[Pod], now: float) -> Family:
    family = Family("kube_pod_container_status_restarts_total", "counter", "How often a container restarted.")
    for pod, container in _of_roles(pods, (Role.APP,)):
        family.add(pod.incarnation(container, now)[0], **_identity(pod), container=container.name)
    return family
