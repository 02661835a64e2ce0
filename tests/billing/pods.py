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


@st.composite
def lives(draw: st.DrawFn, uid: str = "uid-1", span: int = 3 * HOUR) -> list[PodObservation]:
    """What is seen of one pod in `[T0, T0 + span)`: it waits, runs, is resized and ends; some of it goes unseen."""
    started = draw(st.integers(0, span))
    finished = draw(st.one_of(st.none(), st.integers(started, span)))
    times = sorted(draw(st.sets(st.integers(0, span), max_size=12)))
    tells = draw(st.booleans())
    seen = []
    for at in times:
        if at < started:
            phase = Phase.PENDING
        elif finished is not None and at >= finished:
            phase = Phase.SUCCEEDED
        else:
            phase = draw(st.sampled_from([Phase.RUNNING] * 5 + [Phase.UNKNOWN]))
        seen.append(
            PodObservation(
                cluster="cluster-1",
                uid=uid,
                observed_at=T0 + at,
                phase=phase,
                cpu_m=draw(st.sampled_from([0, 100, 250, 3000])),
                memory_b=draw(st.integers(0, 2**34)),
                node=draw(st.sampled_from(["node-1"] * 9 + [""])),
                started_at=T0 + started if tells and at >= started else None,
                finished_at=T0 + finished if tells and finished is not None and at >= finished else None,
            )
        )
    is_deleted = draw(st.booleans())
    if seen and is_deleted:
        seen[-1] = replace(seen[-1], deletion_at=T0 + draw(st.integers(0, span)))
    return seen


@st.composite
def populations(draw: st.DrawFn) -> list[PodObservation]:
    """Observations of up to four pods."""
    return [each for number in range(draw(st.integers(1, 4))) for each in draw(lives(f"uid-{number}"))]
