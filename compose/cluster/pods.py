"""What a pod and its containers are, and the counters that follow from how long they have been running."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2s
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from core.tenant import Tenant

# Every use swings by this share around its mean, once in this many seconds.
_SWING: Final = 0.3
_SWING_SECONDS: Final = 420.0

# How long a container needs until its probe succeeds.
READY_SECONDS: Final = 4.0


def total(mean: float, seconds: float, phase: float = 0.0) -> float:
    """A counter that grows by `mean` a second on average, after `seconds`; it never falls and starts at 0."""
    turns = 2 * math.pi / _SWING_SECONDS
    return mean * (seconds + _SWING / turns * (math.cos(phase) - math.cos(turns * seconds + phase)))


def level(mean: float, seconds: float) -> float:
    """A gauge that rises from half of `mean` within minutes and then swings around it."""
    turns = 2 * math.pi / _SWING_SECONDS
    return mean * (1 - 0.5 * math.exp(-seconds / 90)) * (1 + 0.1 * math.sin(turns * seconds))


def digest(*parts: object, digits: int = 64) -> str:
    """Hex digits that name a thing: the same parts, the same digits."""
    return blake2s("/".join(map(str, parts)).encode()).hexdigest()[:digits]


class Role(StrEnum):
    """What a container is to its pod."""

    APP = "app"
    INIT = "init"
    SIDECAR = "sidecar"


class Phase(StrEnum):
    """A pod's phase, spelled as Kubernetes does."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Container:
    """A container: mean use in cores and bytes, and its requests; a missing request is `None`.

    With `restart_every` (seconds) it dies and comes back that often. `resized_at` (unix seconds) is when its CPU
    request was last changed in place, from `cpu_before`.
    """

    name: str
    cores: float
    memory: float
    cpu_request: float | None = None
    memory_request: float | None = None
    role: Role = Role.APP
    image: str = "registry.example/app:1"
    restart_every: float | None = None
    cpu_before: float | None = None
    resized_at: float | None = None


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod, one uid. Times are unix seconds; `ended` is when its last container exited, rates are bytes a second.

    `tenant` is what its labels say; `None` is a pod without labels of ours.
    """

    namespace: str
    name: str
    uid: str
    node: str
    created: float
    containers: tuple[Container, ...]
    tenant: Tenant | None = None
    owner_kind: str = "ReplicaSet"
    owner: str = ""
    phase: Phase = Phase.RUNNING
    ended: float | None = None
    deletion: float | None = None
    receive: float = 20_000.0
    transmit: float = 60_000.0

    @property
    def started(self) -> float:
        """When its kubelet took it up."""
        return self.created + 2.0

    def age(self, now: float) -> float:
        """For how many seconds it has been running, its end respected."""
        return max(0.0, (now if self.ended is None else min(now, self.ended)) - self.started)

    def incarnation(self, container: Container, now: float) -> tuple[int, float]:
        """How often a container has come back, and for how many seconds it has been up since."""
        age = self.age(now)
        if container.restart_every is None:
            return 0, age
        number, up = divmod(age, container.restart_every)
        return int(number), up

    def phase_at(self, now: float) -> Phase:
        """Its phase: pending until its kubelet took it up."""
        return Phase.PENDING if now < self.started else self.phase

    def is_ready(self, now: float) -> bool:
        """Whether every container that should be up has been for some seconds."""
        return (
            self.ended is None
            and now >= self.started
            and all(self.incarnation(container, now)[1] >= READY_SECONDS for container in self.containers)
        )
