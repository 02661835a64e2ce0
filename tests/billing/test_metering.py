from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from billing.hour import HOUR, Period
from billing.intervals import intervals
from billing.observation import Phase, Quality, table
from billing.pod_hours import pod_hours
from billing.policy import MeteringPolicy, Tail
from billing.quarantine import sift
from tests.billing.golden_cases import cases
from tests.billing.pods import T0, observe

_DAY = Period(T0 - 10 * HOUR, T0 + 14 * HOUR)
_AMOUNTS = ["running_s", "cpu_mcore_s", "mem_byte_s", "interpolated_s", "unbracketed_s", "segments"]


def _policy(case: dict[str, Any]) -> MeteringPolicy:
    given = dict(case.get("policy", {}))
    if "tail" in given:
        given["tail"] = Tail(given["tail"])
    return MeteringPolicy(**given)


@pytest.mark.parametrize("case", cases("metering.yml"))
def test_a_second_is_billed_only_between_two_pieces_of_evidence(case: dict[str, Any]) -> None:
    names = {"start": "started_at", "finish": "finished_at", "deletion": "deletion_at"}
    times = {names[name]: case[name] for name in names if name in case}
    seen = [observe(each, **times) for each in case["seen"]]
    if case.get("nodeless"):
        seen = [replace(each, node="") for each in seen]
    metered = pod_hours(intervals(table(seen), _policy(case)), _DAY)

    assert {T0 + hour * HOUR: tuple(amounts) for hour, amounts in case["hours"].items()} == {
        row["hour"]: tuple(row[name] for name in _AMOUNTS) for row in metered.iter_rows(named=True)
    }


@pytest.mark.parametrize("case", cases("quarantine.yml"))
def test_impossible_observations_are_put_aside_with_a_reason(case: dict[str, Any]) -> None:
    sifted = sift(table(observe(each) for each in case["seen"]), MeteringPolicy())
    reasons = {at - T0: reason for at, reason in sifted.quarantined.select("observed_at", "reason").iter_rows()}

    assert case["quarantined"] == reasons
    assert len(case["seen"]) == len(sifted.accepted) + len(sifted.quarantined)


def test_a_phase_that_no_release_knows_is_put_aside() -> None:
    observations = table([observe([0, "R", 1, 1])]).with_columns(phase=pl.lit(17))

    assert sift(observations, MeteringPolicy()).quarantined["reason"].to_list() == ["phase_unknown"]


def test_a_time_of_another_century_is_put_aside() -> None:
    observations = table([replace(observe([0, "R", 1, 1]), observed_at=5)])

    assert sift(observations, MeteringPolicy()).quarantined["reason"].to_list() == ["time_out_of_bounds"]


def test_one_name_in_two_clusters_is_two_pods() -> None:
    seen = [observe([0, "R", 100, 1]), observe([30, "R", 100, 1])]
    elsewhere = [replace(each, cluster="cluster-2") for each in seen]
    metered = pod_hours(intervals(table([*seen, *elsewhere]), MeteringPolicy()), _DAY)

    assert metered.select("cluster", "running_s").rows() == [("cluster-1", 30), ("cluster-2", 30)]


def test_a_pod_of_a_used_name_is_another_pod_by_its_uid() -> None:
    first = [observe([0, "R", 100, 1], "uid-1"), observe([30, "R", 100, 1], "uid-1")]
    second = [observe([300, "R", 100, 1], "uid-2"), observe([330, "R", 100, 1], "uid-2")]
    metered = pod_hours(intervals(table([*first, *second]), MeteringPolicy()), _DAY)

    assert metered.select("uid", "running_s").rows() == [("uid-1", 30), ("uid-2", 30)]


def test_an_hour_has_the_worst_quality_of_its_evidence() -> None:
    seen = [
        observe([0, "R", 1, 1]),
        replace(observe([30, "R", 1, 1]), quality=Quality.LOWER_BOUND),
        observe([3600, "R", 1, 1]),
        observe([3630, "R", 1, 1]),
    ]
    metered = pod_hours(intervals(table(seen), MeteringPolicy()), _DAY)

    assert metered["quality"].to_list() == [Quality.INTERPOLATED, Quality.EXACT]


def test_each_piece_names_its_rule_and_its_evidence() -> None:
    seen = [observe([at, phase, 1, 1], started_at=5, finished_at=70) for at, phase in ((20, "R"), (50, "R"), (80, "S"))]
    pieces = intervals(table(seen), MeteringPolicy())

    assert [
        (rule, *(second - T0 for second in seconds))
        for rule, *seconds in pieces.select("rule", "start", "end", "seen_from", "seen_to").iter_rows()
    ] == [("head", 5, 20, 5, 20), ("inner", 20, 50, 20, 50), ("end", 50, 70, 50, 80)]


@pytest.mark.parametrize(
    ("first_day", "hours"),
    [
        pytest.param("2026-02-01", 672, id="a short February"),
        pytest.param("2028-02-01", 696, id="a leap February"),
        pytest.param("2026-03-01", 744, id="a month in which Europe's clocks go forward"),
        pytest.param("2026-10-01", 744, id="a month in which Europe's clocks go back"),
        pytest.param("2026-12-01", 744, id="a month that ends the year"),
    ],
)
def test_a_pod_that_runs_all_month_has_every_hour_of_it_in_full(first_day: str, hours: int) -> None:
    from billing.hour import month_of, parse  # noqa: PLC0415 - only here

    period = month_of(parse(f"{first_day}T00:00:00Z", "first_day"))
    seen = [
        replace(observe([0, "R", 1, 1]), observed_at=period.start - 100),
        replace(observe([0, "R", 1, 1]), observed_at=period.end + 100),
    ]
    metered = pod_hours(intervals(table(seen), MeteringPolicy()), period)

    assert hours == period.hours == len(metered)
    assert metered["running_s"].unique().to_list() == [HOUR]


def test_of_two_sights_of_a_pod_in_a_second_the_larger_one_counts_whichever_came_first() -> None:
    small, large, later = (observe(seen) for seen in ([0, "R", 100, 1], [0, "R", 300, 2], [30, "R", 100, 1]))
    for seen in ([small, large, later], [later, large, small]):
        metered = pod_hours(intervals(table(seen), MeteringPolicy()), _DAY)

        assert metered.select("running_s", "cpu_mcore_s", "mem_byte_s").rows() == [(30, 9_000, 60)]


def test_phases_are_ordered_so_that_an_end_wins_a_tie() -> None:
    seen = [observe([0, "R", 1, 1]), observe([30, "R", 1, 1]), observe([30, "S", 1, 1], finished_at=30)]
    metered = pod_hours(intervals(table(seen), MeteringPolicy()), _DAY)

    assert max(Phase) is Phase.GONE
    assert metered["running_s"].to_list() == [30]
