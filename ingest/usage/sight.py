"""One sight of one pod, as it is told: the phase, the request, the times that Kubernetes knows of it."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Phase(IntEnum):
    """A pod's phase; from `SUCCEEDED` on it is final. `GONE`: the object was deleted.

    Of two phases told for one second the larger is believed, so that an end is never overlooked.
    """

    PENDING = 0
    RUNNING = 1
    UNKNOWN = 2
    SUCCEEDED = 3
    FAILED = 4
    GONE = 5


class Quality(IntEnum):
    """How good the evidence is; a row has the worst of what it is made of."""

    EXACT = 0
    LOWER_BOUND = 1
    INTERPOLATED = 2
    FLOOR = 3


class Source(IntEnum):
    """Who told of it: the region's metrics store, or the cluster's own agent, which sees more."""

    SERIES = 1
    AGENT = 2


class Sight(NamedTuple):
    """Times are UTC seconds, `None` where not known; the request is in millicores and bytes.

    `finished_at` is when its last container ended, and counts only beside a final phase; `deletion_at` is when
    Kubernetes will have it gone.
    """

    uid: str
    namespace: str
    pod: str
    observed_at: int
    phase: Phase
    cpu_m: int
    memory_b: int
    quality: Quality = Quality.EXACT
    node: str = ""
    started_at: int | None = None
    finished_at: int | None = None
    deletion_at: int | None = None
