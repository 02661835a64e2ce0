"""The effective request of a pod: Kubernetes' own formula, by which the scheduler reserves room on a node."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ingest.usage.pod import EffectiveRequest, Floor, Pod

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingest.usage.pod import Container, Requests

    _Key = Callable[[Requests], int | None]
    _Stage = Callable[[Container, _Key], int | None]

_THOUSAND: Final = 1000


def effective_request(pod: Pod, floor: Floor = Floor()) -> EffectiveRequest:  # noqa: B008 - a frozen value
    """The larger of the init phase and the running phase, pod-level requests instead where given, plus overhead.

    In a resize the largest of three sums counts (asked for, allocated, in force): a sum of each container's largest
    would count room that was never held at one time. Memory is rounded up to a byte at the very end.
    """
    cpu, cpu_floored = _effective(pod, lambda requests: requests.cpu, floor.cpu)
    memory, memory_floored = _effective(pod, lambda requests: requests.memory, floor.memory)
    return EffectiveRequest(cpu, -(-memory // _THOUSAND), cpu_floored or memory_floored)


def allocated_request(pod: Pod) -> EffectiveRequest:
    """What its node has set aside for a pod, or still has in force: as if a resize that is asked for were refused."""
    return effective_request(replace(pod, resize_infeasible=True))


def _effective(pod: Pod, key: _Key, floor: int) -> tuple[int, bool]:
    overhead = key(pod.overhead) or 0
    pod_level = key(pod.pod_level)
    if pod_level is not None:
        return pod_level + overhead, False
    # What a node has refused is not reserved.
    stages: tuple[_Stage, ...] = (_allocated, _actuated) if pod.resize_infeasible else (_asked, _allocated, _actuated)
    floored = floor > 0 and any(_actuated(each, key) is None for each in (*pod.containers, *pod.init_containers))
    return max(_reserved(pod, stage, key, floor) for stage in stages) + overhead, floored


def _reserved(pod: Pod, stage: _Stage, key: _Key, floor: int) -> int:
    def amount(container: Container) -> int:
        asked = stage(container, key)
        return floor if asked is None else asked

    sidecars = init_phase = 0
    for container in pod.init_containers:
        if container.is_sidecar:
            sidecars += amount(container)
            init_phase = max(init_phase, sidecars)
        else:
            init_phase = max(init_phase, sidecars + amount(container))
    return max(init_phase, sidecars + sum(map(amount, pod.containers)))


def _asked(container: Container, key: _Key) -> int | None:
    return key(container.requests)


def _allocated(container: Container, key: _Key) -> int | None:
    allocated = key(container.allocated)
    return _asked(container, key) if allocated is None else allocated


def _actuated(container: Container, key: _Key) -> int | None:
    actuated = key(container.actuated)
    return _allocated(container, key) if actuated is None else actuated
