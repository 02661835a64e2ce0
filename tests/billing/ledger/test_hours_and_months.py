"""Law: hours metered one by one from the store equal all of it metered at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.hour import DAY, HOUR, Period, hour_of
from billing.intervals import intervals
from billing.ledger.evidence import pod_evidence
from billing.ledger.slice import Slice
from billing.observation import table
from billing.pod_hours import pod_hours
from billing.policy import MeteringPolicy, Tail
from billing.quarantine import sift
from tests.billing.ledger.deposit import AS_OF, RECEIVED
from tests.billing.pods import T0, lives, observe

if TYPE_CHECKING:
    from billing.ledger.store import Ledger
    from billing.observation import PodObservation
    from tests.billing.ledger.deposit import Deposit

_POLICIES = st.sampled_from([MeteringPolicy(), MeteringPolicy(tail=Tail.FULL), MeteringPolicy(bill_pending=True)])


@st.composite
def _steady(draw: st.DrawFn, uid: str) -> list[PodObservation]:
    """A pod that is seen in every scrape but some, so that most of its sights say nothing new."""
    step, start = draw(st.sampled_from([30, 60])), T0 + draw(st.integers(-400, HOUR))
    missed = draw(st.sets(st.integers(0, 60), max_size=10))
    cpu = [draw(st.sampled_from([100, 100, 100, 250])) for _ in range(3)]
    # On a lost node it is shown as it was, long after its deletion.
    gone = start + draw(st.sampled_from([10**6, 10**6, 300, 1_800]))
    started = draw(st.sampled_from([None, start - 20]))
    return [
        replace(
            observe([0, "R", cpu[number // 25], 2**20], uid),
            observed_at=start + number * step,
            started_at=started,
            deletion_at=gone if start + number * step > gone - 60 else None,
        )
        for number in range(draw(st.integers(1, 66)))
        if number not in missed
    ]


@st.composite
def _evidence(draw: st.DrawFn) -> dict[str, list[PodObservation]]:
    """What two sources tell of some pods, one of them later resumed, a few sights with wrong clocks or told twice."""
    told: dict[str, list[PodObservation]] = {}
    for source in ("series", "agent"):
        seen = [each for number in range(2) for each in draw(lives(f"uid-{number}"))]
        seen += draw(_steady("uid-3"))
        far = draw(st.sampled_from([0, 3 * HOUR, 9 * HOUR, 3 * DAY]))
        seen += [
            replace(each, uid="uid-4", observed_at=each.observed_at + far * (n % 2)) for n, each in enumerate(seen)
        ]
        seen += [replace(each, cpu_m=each.cpu_m + 1) for each in draw(st.lists(st.sampled_from(seen), max_size=3))]
        wrong = draw(st.lists(st.sampled_from(seen), max_size=3))
        seen += [replace(each, cpu_m=7, received_at=each.observed_at - 400) for each in wrong]
        told[source] = [replace(each, received_at=each.received_at or RECEIVED) for each in seen]
    if draw(st.booleans()):
        del told[draw(st.sampled_from(sorted(told)))]
    return told


def _believed(told: dict[str, list[PodObservation]], policy: MeteringPolicy) -> list[PodObservation]:
    """What is believed of both sources: in five minutes in which a sound sight is an agent's, nothing of the series."""
    agents, series = told.get("agent", []), told.get("series", [])
    better = {(each.uid, each.observed_at // 300) for each in agents if _is_sound(each, policy)}
    return [
        *agents,
        *(e for e in series if not _is_sound(e, policy) or (e.uid, e.observed_at // 300) not in better),
    ]


def _is_sound(each: PodObservation, policy: MeteringPolicy) -> bool:
    return sift(table([each]), policy).quarantined.is_empty()


def _metered(observations: pl.DataFrame, period: Period, policy: MeteringPolicy) -> pl.DataFrame:
    return pod_hours(intervals(sift(observations, policy).accepted, policy), period)


def test_a_wrong_clock_near_the_hour_s_border_takes_no_seconds_away(ledger: Ledger, deposit: Deposit) -> None:
    region, policy = uuid4().hex, MeteringPolicy()
    # Dark from 10:49:30 to 11:06:40 but for two sights of a clock that runs ten minutes ahead.
    right = [observe([at, "R", 100, 1]) for at in (*range(0, 2_971, 30), *range(4_000, 7_201, 30))]
    wrong = [replace(observe([at, "R", 100, 1]), received_at=T0 + at - 600) for at in (3_400, 3_700)]
    deposit.observations(region, [*right, *wrong], source="agent")

    found = [
        _metered(
            pod_evidence(ledger, Slice(hour, region, "cluster-1"), policy, AS_OF).observations,
            Period(hour, hour + HOUR),
            policy,
        )
        .select("running_s", "interpolated_s")
        .rows()
        for hour in (T0, T0 + HOUR)
    ]

    assert found == [[(HOUR, 630)], [(3_580, 400)]]


@pytest.mark.property
@pytest.mark.timeout(400)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=_evidence(), policy=_POLICIES, data=st.data())
def test_hours_one_by_one_equal_all_at_once(
    ledger: Ledger,
    deposit: Deposit,
    told: dict[str, list[PodObservation]],
    policy: MeteringPolicy,
    data: st.DataObject,
) -> None:
    region = uuid4().hex
    for source, seen in told.items():
        deposit.observations(region, seen, source=source)
    believed = _believed(told, policy)
    busy = {hour_of(each.observed_at) + n * HOUR for each in believed for n in (-1, 0, 1, 2)}
    chosen = sorted(data.draw(st.sets(st.sampled_from(sorted(busy)), min_size=1, max_size=5)))
    whole = Period(min(busy), max(busy) + HOUR)

    at_once = _metered(table(believed), whole, policy).filter(pl.col("hour").is_in(chosen))
    one_by_one = pl.concat(
        _metered(
            pod_evidence(ledger, Slice(hour, region, "cluster-1"), policy, AS_OF).observations,
            Period(hour, hour + HOUR),
            policy,
        )
        for hour in chosen
    )

    assert at_once.rows() == one_by_one.sort("cluster", "uid", "hour").rows()
