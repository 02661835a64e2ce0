"""Pods for tests: short spellings, and random lives with the observations that a collector would make of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from billing.hour import HOUR, parse
from billing.observation import Phase, PodObservation

if TYPE_CHECKING:
    from collections.abc import Sequence

T0 = parse("2026-03-01T10:00:00Z", "T0")
PHASES = {"P": Phase.PENDING, "R": Phase.RUNNING, "U": Phase.UNKNOWN, "S": Phase.SUCCEEDED, "F": Phase.FAILED}
PHASES["G"] = Phase.GONE


def observe(seen: Sequence[Any], uid: str = "uid-1", **times: int) -> PodObservation:
    """One observation from `[seconds, phase, millicores, bytes]`; further times are seconds after `T0`, too."""
    at, phase, cpu_m, memory_b = seen[:4]
    more = {**times, **(seen[4] if len(seen) > 4 else {})}
    return PodObservation(
        cluster="cluster-1",
        uid=uid,
        observed_at=T0 + at,
        phase=PHASES[phase],
        cpu_m=cpu_m,
        memory_b=memory_b,
        node="node-1",
        **{name: T0 + value for name, value in more.items()},
    )


_GAPS = st.sampled_from([1, 29, 30, 150, 151, 700, 3600])
_NODES = st.sampled_from(["node-1"] * 9 + [""])


@st.composite
def lives(draw: st.DrawFn, uid: str = "uid-1") -> list[PodObservation]:
    """What is seen of one pod: it waits, runs, is lost and resized, and ends; its clocks are off, much goes unseen."""
    phases = [Phase.PENDING] * draw(st.integers(0, 2))
    phases += draw(st.lists(st.sampled_from([Phase.RUNNING, Phase.RUNNING, Phase.UNKNOWN]), max_size=5))
    phases += draw(st.lists(st.sampled_from([Phase.SUCCEEDED, Phase.FAILED, Phase.GONE]), max_size=2))
    at, seen = T0 + draw(st.integers(0, HOUR)), []
    for phase in phases:
        at += draw(_GAPS)
        seen.append(
            PodObservation(
                cluster="cluster-1",
                uid=uid,
                observed_at=at,
                phase=phase,
                cpu_m=draw(st.sampled_from([0, 100, 250, 3000])),
                memory_b=draw(st.sampled_from([0, 1, 2**29, 2**34])),
                node=draw(_NODES),
            )
        )
    return _told(draw, seen)


def _told(draw: st.DrawFn, seen: list[PodObservation]) -> list[PodObservation]:
    """With the times that Kubernetes tells, which are near what was seen, before or after it."""
    began = next((each.observed_at for each in seen if each.phase is not Phase.PENDING), T0)
    ended = next((each.observed_at for each in seen if each.phase >= Phase.SUCCEEDED), T0)
    started = draw(st.one_of(st.none(), st.integers(began - 200, began + 50)))
    finished = draw(st.one_of(st.none(), st.integers(ended - 200, ended + 50)))
    deletion = draw(st.one_of(st.none(), st.integers(-10, 60)))
    told = [replace(each, started_at=started, finished_at=finished) for each in seen]
    if told and deletion is not None:
        # From some sight on it is being deleted; on a lost node it is shown as it was, long after that.
        first = draw(st.integers(0, len(told) - 1))
        until = told[first].observed_at + deletion
        told[first:] = [replace(each, deletion_at=until) for each in told[first:]]
    return told


@st.composite
def populations(draw: st.DrawFn) -> list[PodObservation]:
    """Observations of up to four pods."""
    return [each for number in range(draw(st.integers(1, 4))) for each in draw(lives(f"uid-{number}"))]
