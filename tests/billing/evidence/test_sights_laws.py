"""Leaving out sights that tell nothing new changes nothing of what is metered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.evidence.pod_series import PodSeries
from billing.evidence.series import Series
from billing.evidence.sights import sights
from billing.hour import HOUR, Period
from billing.intervals import intervals
from billing.observation import PodObservation, table
from billing.pod_hours import pod_hours
from billing.policy import MeteringPolicy
from billing.quarantine import sift
from tests.billing.evidence.metrics import CPU, Told

if TYPE_CHECKING:
    from ingest.usage.sight import Sight

H: Final = 1_767_225_600
_STEP: Final = 30
_SCRAPES: Final = 100


@st.composite
def pods(draw: st.DrawFn) -> PodSeries:
    """A pod that one or two replicas tell of, with holes, changes of its request, and an end or none."""
    pod = PodSeries("uid-1")
    runs_from = draw(st.integers(0, 40))
    ends_at = draw(st.one_of(st.none(), st.integers(runs_from, _SCRAPES)))
    lost = draw(st.sets(st.integers(0, _SCRAPES), max_size=12))
    # Its node is lost for a while; and nobody may learn when it ended.
    dark = draw(st.tuples(st.integers(0, _SCRAPES), st.integers(0, 20)))
    is_end_known = draw(st.booleans())
    changes = sorted(draw(st.sets(st.integers(0, _SCRAPES), max_size=3)))
    for replica in range(draw(st.integers(1, 2))):
        hole = draw(st.tuples(st.integers(0, _SCRAPES), st.integers(0, 15)))
        numbers = [n for n in range(_SCRAPES) if n not in lost and not hole[0] <= n < sum(hole)]
        if not numbers:
            continue
        at = {n: H - 600 + n * _STEP + replica * 7 for n in numbers}
        told = Told("uid-1", list(at.values()), instance=f"ksm-{replica}")
        is_on = {
            at[n]: float(runs_from <= n and (ends_at is None or n < ends_at) and not dark[0] <= n < sum(dark))
            for n in numbers
        }
        is_over = {at[n]: float(ends_at is not None and n >= ends_at) for n in numbers}
        lines = told.lines(
            ("kube_pod_info", {"node": "node-1"}, 1),
            ("kube_pod_start_time", {}, {at[n]: H - 600 + runs_from * _STEP - 11 for n in numbers if n >= runs_from}),
            ("kube_pod_status_phase", {"phase": "Running"}, is_on),
            ("kube_pod_status_phase", {"phase": "Succeeded"}, is_over),
            (
                "kube_pod_container_resource_requests",
                CPU,
                {at[n]: 0.25 * (1 + sum(change <= n for change in changes)) for n in numbers},
            ),
            *(
                [
                    (
                        "kube_pod_completion_time",
                        {},
                        {at[n]: H - 600 + ends_at * _STEP - 4 for n in numbers if n >= ends_at},
                    )
                ]
                if ends_at is not None and is_end_known
                else []
            ),
        )
        for line in lines:
            if line["values"]:
                pod.add(Series(line["metric"], line["timestamps"], line["values"]))
    return pod


def _metered(told: list[Sight]) -> list[tuple[object, ...]]:
    """What the hour comes to: amounts, seconds, flagged ones, stretches, quality."""
    observations = [
        PodObservation(
            cluster="fra1-c1",
            uid=one.uid,
            observed_at=one.observed_at,
            phase=one.phase,
            cpu_m=one.cpu_m,
            memory_b=one.memory_b,
            node=one.node,
            started_at=one.started_at,
            finished_at=one.finished_at,
            deletion_at=one.deletion_at,
        )
        for one in told
    ]
    accepted = sift(table(observations), MeteringPolicy()).accepted
    return pod_hours(intervals(accepted, MeteringPolicy()), Period(H, H + HOUR)).rows()


@pytest.mark.property
@settings(max_examples=150, deadline=None)
@given(pods(), st.sampled_from([60, 120, 150]))
def test_few_sights_are_metered_as_all_of_them(pod: PodSeries, spacing: int) -> None:
    every = sights(pod, H, 0)
    few = sights(pod, H, spacing)

    assert set(few) <= set(every)
    assert _metered(every) == _metered(few)
