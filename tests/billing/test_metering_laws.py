from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.hour import HOUR, Period
from billing.intervals import intervals
from billing.observation import Phase, table
from billing.pod_hours import pod_hours
from billing.policy import MeteringPolicy
from tests.billing.oracle import Held, listed, second_by_second
from tests.billing.pods import T0, lives, populations

if TYPE_CHECKING:
    from billing.observation import PodObservation

pytestmark = pytest.mark.property
_SPAN = Period(T0 - HOUR, T0 + 5 * HOUR)
_POLICY = MeteringPolicy()


def _metered(seen: list[PodObservation], window: Period = _SPAN) -> pl.DataFrame:
    return pod_hours(intervals(table(seen), _POLICY), window)


@settings(max_examples=45, deadline=None)
@given(populations())
def test_the_product_and_the_oracle_bill_the_same_seconds(seen: list[PodObservation]) -> None:
    billed = {
        (row["cluster"], row["uid"], row["hour"]): Held(
            row["running_s"], Fraction(row["cpu_mcore_s"], 3_600_000), Fraction(row["mem_byte_s"], 3600)
        )
        for row in _metered(seen).iter_rows(named=True)
        if row["running_s"]
    }

    assert second_by_second(seen, _POLICY, _SPAN.start, _SPAN.end) == billed


@settings(max_examples=30, deadline=None)
@given(populations())
def test_the_product_and_the_oracle_list_the_same_seconds_that_nobody_saw_the_end_of(
    seen: list[PodObservation],
) -> None:
    unbracketed = {
        (row["cluster"], row["uid"], row["hour"]): row["unbracketed_s"]
        for row in _metered(seen).iter_rows(named=True)
        if row["unbracketed_s"]
    }

    assert listed(seen, _POLICY, _SPAN.start, _SPAN.end) == unbracketed


@settings(max_examples=50, deadline=None)
@given(populations().flatmap(lambda seen: st.tuples(st.just(seen), st.permutations(seen))))
def test_order_changes_nothing(pair: tuple[list[PodObservation], list[PodObservation]]) -> None:
    seen, shuffled = pair

    assert _metered(seen).equals(_metered(shuffled))


@settings(max_examples=50, deadline=None)
@given(populations(), st.data())
def test_saying_it_again_changes_nothing(seen: list[PodObservation], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(seen), max_size=20)) if seen else []

    assert _metered(seen).equals(_metered([*seen, *again]))


@settings(max_examples=50, deadline=None)
@given(populations(), st.integers(1, 5))
def test_cutting_the_window_into_hours_changes_nothing(seen: list[PodObservation], cut: int) -> None:
    middle = T0 + cut * HOUR - HOUR
    parts = [
        _metered(_with_neighbours(seen, window), window)
        for window in (Period(_SPAN.start, middle), Period(middle, _SPAN.end))
    ]

    assert _metered(seen).equals(pl.concat(parts).sort("cluster", "uid", "hour"))


def _with_neighbours(seen: list[PodObservation], window: Period) -> list[PodObservation]:
    """The window's observations and each pod's nearest on both sides: all that a run of the window has to fetch."""
    kept = []
    for uid in {each.uid for each in seen}:
        pod = sorted((each for each in seen if each.uid == uid), key=lambda each: each.observed_at)
        kept += [each for each in pod if each.observed_at < window.start][-1:]
        kept += [each for each in pod if each.observed_at in window]
        kept += [each for each in pod if each.observed_at >= window.end][:1]
    return kept


@settings(max_examples=50, deadline=None)
@given(lives())
def test_no_hour_has_more_seconds_than_an_hour_has(seen: list[PodObservation]) -> None:
    metered = _metered(seen)

    assert metered.filter(pl.col("running_s") + pl.col("unbracketed_s") > HOUR).is_empty()
    assert metered.filter(pl.col("interpolated_s") > pl.col("running_s")).is_empty()


@settings(max_examples=50, deadline=None)
@given(lives(), st.data())
def test_seeing_less_of_a_steady_pod_never_bills_more(seen: list[PodObservation], data: st.DataObject) -> None:
    # Running without a node is a contradiction, and not to see one is no loss of evidence.
    running = [each for each in seen if each.phase is Phase.RUNNING and each.node]
    steady = [replace(each, deletion_at=None) for each in running]
    fewer = data.draw(st.lists(st.sampled_from(steady), unique=True)) if steady else []

    assert _metered(fewer)["running_s"].sum() <= _metered(steady)["running_s"].sum()
