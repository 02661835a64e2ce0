"""A pod and its node as the Kubernetes API shows them, with what a resize and a restart leave in their status."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from compose.cluster.pods import Role
from core.tenant import TENANT_LABELS

if TYPE_CHECKING:
    from compose.cluster.pods import Container, Pod

# A node sets a new size aside at once; until the container has it, both sizes are its.
_ACTUATION_SECONDS: Final = 20.0


def rfc3339(seconds: float) -> str:
    """A time as Kubernetes writes it, in whole seconds."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def manifest(pod: Pod, now: float) -> dict[str, Any]:
    """The pod's document at `now` (unix seconds)."""
    tenant = pod.tenant
    labels = {} if tenant is None else {_label(name): getattr(tenant, name) for name in TENANT_LABELS}
    metadata: dict[str, Any] = {
        "namespace": pod.namespace,
        "name": pod.name,
        "uid": pod.uid,
        "creationTimestamp": rfc3339(pod.created),
        "labels": {**labels, "app.kubernetes.io/name": pod.name.partition("-")[0]},
    }
    if pod.deletion is not None:
        metadata["deletionTimestamp"] = rfc3339(pod.deletion)
    init = [one for one in pod.containers if one.role is not Role.APP]
    apps = [one for one in pod.containers if one.role is Role.APP]
    status: dict[str, Any] = {"phase": pod.phase_at(now).value, "qosClass": "Burstable"}
    if pod.started <= now:
        status["startTime"] = rfc3339(pod.started)
        status["containerStatuses"] = [_status(pod, one, now) for one in apps]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {
            "nodeName": pod.node,
            **({"initContainers": [_spec(one) for one in init]} if init else {}),
            "containers": [_spec(one) for one in apps],
        },
        "status": status,
    }


def is_resizing(container: Container, now: float) -> bool:
    """Whether a new size is set aside, and not in force yet."""
    return container.resized_at is not None and now < container.resized_at + _ACTUATION_SECONDS


def node(name: str, *, cores: int, memory: int) -> dict[str, Any]:
    """A node that can give so many cores and bytes to pods."""
    allocatable = {"cpu": str(cores), "memory": f"{memory >> 10}Ki", "pods": "110"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"allocatable": allocatable}}


def _label(name: str) -> str:
    return f"starform.io/{name.replace('_', '-')}"


def _spec(container: Container) -> dict[str, Any]:
    told: dict[str, Any] = {"name": container.name, "image": container.image}
    if requests := _requests(container.cpu_request, container.memory_request):
        told["resources"] = {"requests": requests}
    if container.role is Role.SIDECAR:
        told["restartPolicy"] = "Always"
    return told


def _status(pod: Pod, container: Container, now: float) -> dict[str, Any]:
    restarts, up = pod.incarnation(container, now)
    began = rfc3339(now - up if pod.ended is None else pod.ended - up)
    ended = pod.ended is not None and pod.ended <= now
    state: dict[str, Any] = {"running": {"startedAt": began}}
    if ended and pod.ended is not None:
        state = {"terminated": {"exitCode": 0, "startedAt": began, "finishedAt": rfc3339(pod.ended)}}
    told: dict[str, Any] = {"name": container.name, "restartCount": restarts, "state": state, "ready": not ended}
    if requests := _requests(container.cpu_request, container.memory_request):
        before = _requests(container.cpu_before, container.memory_request)
        in_force = before if is_resizing(container, now) else requests
        told |= {"allocatedResources": requests, "resources": {"requests": in_force}}
    return told


def _requests(cpu: float | None, memory: float | None) -> dict[str, str]:
    told = {}
    if cpu is not None:
        told["cpu"] = f"{round(cpu * 1000)}m"
    if memory is not None:
        told["memory"] = f"{round(memory) >> 20}Mi"
    return told
