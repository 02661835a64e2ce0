"""What a pod had reserved over time, by series alone: a step function of its lower bound."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from billing.request_bound import request_bound
from ingest.usage.pod import NOTHING, Requests
from ingest.usage.sight import Quality

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from billing.evidence.pod_series import Replica
    from billing.evidence.series import Series
    from ingest.usage.pod import Floor

_THOUSAND: Final = 1000
# More than any node has, and few enough that a sum of hundreds fits into 64 bits: 2^50 cores or bytes.
_MOST: Final = 2.0**50


@dataclass(frozen=True, slots=True)
class Reserved:
    """Millicores and bytes; a lower bound, as series tell of no order and of no requests of the pod as a whole."""

    cpu_m: int
    memory_b: int
    quality: Quality


class Steps:
    """What was reserved at any time (ms). Before the first sample of a container's series the first one holds.

    A series of requests is there as long as its pod is, so that none of its holes is a change.
    """

    def __init__(self, replica: Replica, floor: Floor) -> None:
        series = (replica.requests, replica.init_requests, replica.overhead)
        self._replica = replica
        self._floor = floor
        self._changes = sorted({at for group in series for one in group.values() for at in _changes(one)})
        self._at: dict[int, Reserved] = {}

    @property
    def is_one(self) -> bool:
        """Whether nothing changes."""
        return not self._changes

    def at(self, moment: int) -> Reserved:
        """The step that holds at a time."""
        step = bisect_right(self._changes, moment)
        found = self._at.get(step)
        if found is None:
            found = self._at[step] = _reserved(self._replica, self._changes[step - 1] if step else moment, self._floor)
        return found


def _changes(series: Series) -> Iterable[int]:
    values = series.values
    if series.is_constant:
        return ()
    return [
        at for at, value, before in zip(series.timestamps[1:], values[1:], values[:-1], strict=True) if value != before
    ]


def _reserved(replica: Replica, moment: int, floor: Floor) -> Reserved:
    # Of a container without any request nothing is told, unless it is an init container; each pod has one at the least.
    containers = list(_requests(replica.requests, moment).values()) or [NOTHING]
    init = dict.fromkeys(replica.sidecars, NOTHING) | _requests(replica.init_requests, moment)
    plain = [requests for name, requests in init.items() if not replica.sidecars.get(name, False)]
    sidecars = [requests for name, requests in init.items() if replica.sidecars.get(name, False)]
    bound = request_bound(
        containers,
        plain,
        sidecars,
        Requests(
            *(
                _thousandths(replica.overhead[resource], moment) if resource in replica.overhead else None
                for resource in ("cpu", "memory")
            )
        ),
        floor,
    )
    return Reserved(bound.cpu_m, bound.memory_b, Quality.FLOOR if bound.floored else Quality.LOWER_BOUND)


def _requests(series: Mapping[tuple[str, str], Series], moment: int) -> dict[str, Requests]:
    amounts: dict[str, dict[str, int]] = {}
    for (container, resource), one in series.items():
        amount = _thousandths(one, moment)
        if amount is not None:
            amounts.setdefault(container, {})[resource] = amount
    return {name: Requests(told.get("cpu"), told.get("memory")) for name, told in amounts.items()}


def _thousandths(series: Series, moment: int) -> int | None:
    """The value at a time; of cores, thousandths are what the exporter divided, so that rounding gives them back."""
    if not series.values:
        return None
    value = series.values[max(0, bisect_right(series.timestamps, moment) - 1)]
    return round(value * _THOUSAND) if math.isfinite(value) and 0 <= value <= _MOST else None
