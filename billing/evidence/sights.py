"""From a pod's series to sights of it: all that tell of a change, and as many others as prove the rest."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from billing.evidence import selector
from billing.evidence.reserved import Steps
from billing.hour import HOUR
from ingest.usage.pod import Floor
from ingest.usage.sight import Phase, Sight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from billing.evidence.pod_series import PodSeries, Replica
    from billing.evidence.series import Series

_MILLI: Final = 1000
_LATEST: Final = 2**32 - 1
_NO_FLOOR: Final = Floor()
# All of a sight that is not the pod or the time.
_TOLD: Final = slice(4, None)


def sights(pod: PodSeries, hour: int, spacing: int, floor: Floor = _NO_FLOOR) -> list[Sight]:
    """The sights of a pod in an hour, and its nearest ones before and after that; by time, one a second.

    A container that names no request counts the `floor`.

    Of sights that tell the same, so many are left out that no two neighbours are more than `spacing` seconds apart that
    were not so before: what is metered from them is the same. The first and last of an hour always stay, so that two
    hours agree on the sights between them.
    """
    steady = _steady(pod, floor)
    if steady is not None:
        told, seconds = steady
        kept = _within(seconds, [True] * (len(seconds) - 1), hour, spacing)
        return [told._replace(observed_at=seconds[position]) for position in kept]
    ordered = _changing(pod, floor)
    alike = [one[_TOLD] == other[_TOLD] for one, other in pairwise(ordered)]
    kept = _within([one.observed_at for one in ordered], alike, hour, spacing)
    return [ordered[position] for position in kept]


def _steady(pod: PodSeries, floor: Floor) -> tuple[Sight, list[int]] | None:
    """What is told of a pod of which nothing changes, and the seconds at which it is; most pods of an hour are such."""
    told: Sight | None = None
    seconds: set[int] = set()
    for replica in pod.replicas.values():
        found = replica.steady_phase()
        steps = Steps(replica, floor)
        if found is None or not steps.is_one:
            return None
        phase, times = found
        if not all(one.is_constant and one.timestamps[0] <= times[0] for one in replica.times.values()):
            return None
        sight = _sight(pod, replica, steps, times[0], phase)
        if told is not None and sight[_TOLD] != told[_TOLD]:
            return None
        told = sight
        seconds.update(at // _MILLI for at in times)
    return None if told is None else (told, sorted(seconds))


def _changing(pod: PodSeries, floor: Floor) -> list[Sight]:
    """All sights of a pod, one a second, by time.

    One that contradicts an end before it is told, too: metering puts it aside, and says so.
    """
    seen: dict[int, Sight] = {}
    for replica in pod.replicas.values():
        for sight in _of_replica(pod, replica, Steps(replica, floor)):
            before = seen.get(sight.observed_at)
            seen[sight.observed_at] = sight if before is None else max(before, sight, key=_largest)
    return [seen[at] for at in sorted(seen)]


def _within(seconds: list[int], alike: list[bool], hour: int, spacing: int) -> list[int]:
    """Which sights are kept, by position; `alike` says of each but the last whether the next one tells the same."""
    first, end = bisect_left(seconds, hour), bisect_left(seconds, hour + HOUR)
    kept = [first - 1] if first else []
    for position in range(first, end):
        is_edge = position in {first, end - 1}
        if (
            is_edge
            or not alike[position - 1]
            or not alike[position]
            or seconds[position + 1] - seconds[kept[-1]] > spacing
        ):
            kept.append(position)
    return [*kept, end] if end < len(seconds) else kept


def _largest(sight: Sight) -> tuple[int, int, int]:
    return sight.phase, sight.cpu_m, sight.memory_b


def _of_replica(pod: PodSeries, replica: Replica, steps: Steps) -> Iterator[Sight]:
    has_run = False
    for at, told in sorted(replica.phases().items()):
        # Neither running nor at its end: it waits, or nobody knows, as when its node is lost. Having run, it can only
        # be the latter.
        phase = told if told is not None else Phase.UNKNOWN if has_run else Phase.PENDING
        has_run = has_run or phase is Phase.RUNNING
        yield _sight(pod, replica, steps, at, phase)


def _sight(pod: PodSeries, replica: Replica, steps: Steps, at: int, phase: Phase) -> Sight:
    reserved = steps.at(at)
    return Sight(
        uid=pod.uid,
        namespace=pod.namespace,
        pod=pod.pod,
        observed_at=at // _MILLI,
        phase=phase,
        cpu_m=reserved.cpu_m,
        memory_b=reserved.memory_b,
        quality=reserved.quality,
        node=pod.node,
        started_at=_known(replica.times.get(selector.STARTED), at),
        # It is also there once one of several containers has ended; only beside a final phase is it the pod's end.
        finished_at=_known(replica.times.get(selector.COMPLETED), at) if phase >= Phase.SUCCEEDED else None,
        deletion_at=_known(replica.times.get(selector.DELETION), at),
    )


def _known(series: Series | None, at: int) -> int | None:
    """The time that a series tells at a time, once it tells any."""
    if series is None:
        return None
    position = bisect_right(series.timestamps, at)
    second = series.values[position - 1] if position else 0
    return int(second) if 0 < second <= _LATEST else None
