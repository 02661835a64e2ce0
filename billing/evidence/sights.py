"""From a pod's series to sights of it: all that tell of a change, and as many others as prove the rest."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from billing.evidence import selector
from billing.evidence.reserved import Steps
from billing.hour import HOUR
from ingest.usage.sight import Phase, Sight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from billing.evidence.pod_series import PodSeries, Replica
    from billing.evidence.series import Series

_MILLI: Final = 1000
_LATEST: Final = 2**32 - 1
# All of a sight that is not the pod or the time.
_TOLD: Final = slice(4, None)


def sights(pod: PodSeries, hour: int, spacing: int) -> list[Sight]:
    """The sights of a pod in an hour, and its nearest ones before and after that; by time, one a second.

    Of sights that tell the same, so many are left out that no two neighbours are more than `spacing` seconds apart that
    were not so before: what is metered from them is the same. The first and last of an hour always stay, so that two
    hours agree on the sights between them.
    """
    seen: dict[int, Sight] = {}
    for replica in pod.replicas.values():
        for sight in _of_replica(pod, replica):
            before = seen.get(sight.observed_at)
            seen[sight.observed_at] = sight if before is None else max(before, sight, key=_largest)
    ordered = _until_final([seen[at] for at in sorted(seen)])
    within = [one for one in ordered if hour <= one.observed_at < hour + HOUR]
    before_it = [one for one in ordered if one.observed_at < hour][-1:]
    after_it = [one for one in ordered if one.observed_at >= hour + HOUR][:1]
    return [*before_it, *_thinned(within, spacing), *after_it]


def _largest(sight: Sight) -> tuple[int, int, int]:
    return sight.phase, sight.cpu_m, sight.memory_b


def _of_replica(pod: PodSeries, replica: Replica) -> Iterator[Sight]:
    steps = Steps(replica)
    started, completed, deletion = (
        replica.times.get(name) for name in (selector.STARTED, selector.COMPLETED, selector.DELETION)
    )
    has_run = False
    for at in sorted(replica.phases):
        phase = replica.phases[at]
        if phase is None:
            # Neither running nor at its end: it waits, or nobody knows, as when its node is lost. Having run, it can
            # only be the latter.
            phase = Phase.UNKNOWN if has_run else Phase.PENDING
        has_run = has_run or phase is Phase.RUNNING
        reserved = steps.at(at)
        yield Sight(
            uid=pod.uid,
            namespace=pod.namespace,
            pod=pod.pod,
            observed_at=at // _MILLI,
            phase=phase,
            cpu_m=reserved.cpu_m,
            memory_b=reserved.memory_b,
            quality=reserved.quality,
            node=pod.node,
            started_at=_known(started, at),
            # It is also there once one of several containers has ended; only beside a final phase is it the pod's end.
            finished_at=_known(completed, at) if phase >= Phase.SUCCEEDED else None,
            deletion_at=_known(deletion, at),
        )


def _known(series: Series | None, at: int) -> int | None:
    """The time that a series tells at a time, once it tells any."""
    if series is None:
        return None
    position = bisect_right(series.timestamps, at)
    second = series.values[position - 1] if position else 0
    return int(second) if 0 < second <= _LATEST else None


def _until_final(ordered: list[Sight]) -> list[Sight]:
    """Without what a replica that lags behind tells of a pod that has ended: a final phase is final."""
    end = next((number for number, one in enumerate(ordered) if one.phase >= Phase.SUCCEEDED), len(ordered))
    return ordered[:end] + [one for one in ordered[end:] if one.phase >= Phase.SUCCEEDED]


def _thinned(ordered: list[Sight], spacing: int) -> list[Sight]:
    kept: list[Sight] = []
    for number, one in enumerate(ordered):
        is_edge = number in {0, len(ordered) - 1}
        if (
            is_edge
            or one[_TOLD] != kept[-1][_TOLD]
            or one[_TOLD] != ordered[number + 1][_TOLD]
            or ordered[number + 1].observed_at - kept[-1].observed_at > spacing
        ):
            kept.append(one)
    return kept
