"""What a pod asks for: its containers' requests in every stage of a resize, its overhead, its pod-level requests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests in thousandths: millicores of CPU, thousandths of a byte of memory. `None` says that the key is missing.

    A missing key and an explicit 0 differ: only the first takes the floor.
    """

    cpu: int | None = None
    memory: int | None = None


NOTHING = Requests()


@dataclass(frozen=True, slots=True)
class Container:
    """A container by what was asked for it, what the node set aside, and what is in force.

    The last two differ from the first only while, or after, a running container is resized in place.
    """

    name: str
    requests: Requests = NOTHING
    allocated: Requests = NOTHING
    actuated: Requests = NOTHING
    is_sidecar: bool = False


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod's requests. Init containers are in their order; a sidecar is an init container that keeps running.

    `resize_infeasible`: the node has refused the resize that the containers' `requests` ask for.
    """

    containers: tuple[Container, ...]
    init_containers: tuple[Container, ...] = ()
    overhead: Requests = NOTHING
    pod_level: Requests = NOTHING
    resize_infeasible: bool = False


@dataclass(frozen=True, slots=True)
class Floor:
    """What a container counts that names no request: thousandths of a core and of a byte."""

    cpu: int = 0
    memory: int = 0


@dataclass(frozen=True, slots=True)
class EffectiveRequest:
    """What the scheduler reserves for a pod: millicores and bytes. `floored`: a missing request took the floor."""

    cpu_m: int
    memory_b: int
    floored: bool = False
