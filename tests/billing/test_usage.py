from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.coverage import Coverage, SliceState, completeness, observed_slots
from billing.hour import HOUR, Period, month, parse
from billing.intervals import intervals
from billing.meter import Meter
from billing.observation import PodObservation, table
from billing.ownership import UNATTRIBUTED, Attribution, Holding, Owner
from billing.pod_hours import pod_hours
from billing.policy import MeteringPolicy
from billing.usage import UsageRow, pod_usage
from core.errors import BadRequest
from core.tenant import Tenant
from tests.billing.pods import T0, observe

_TENANT = Tenant("11111111-1111-4111-8111-111111111111", "production", "22222222-2222-4222-8222-222222222222")
_WINDOW = Period(T0, T0 + 2 * HOUR)
_SEEN = [observe([0, "R", 500, 1000]), observe([HOUR, "R", 500, 1000]), observe([2 * HOUR, "R", 500, 1000])]


def _attribution(*holdings: tuple[int, int | None, str]) -> Attribution:
    return Attribution(
        {("cluster-1", "uid-1"): _TENANT},
        [
            Holding(_TENANT.project_id, T0 + start, None if end is None else T0 + end, who)
            for start, end, who in holdings
        ],
    )


def _rows(seen: list[PodObservation], attribution: Attribution) -> list[UsageRow]:
    return list(pod_usage(pod_hours(intervals(table(seen), MeteringPolicy()), _WINDOW), "eu", attribution))


def test_a_pod_hour_is_a_row_of_cpu_and_a_row_of_memory_of_its_tenant() -> None:
    rows = _rows(_SEEN, _attribution((0, None, "workspace-1")))

    assert [((row.hour - T0) // HOUR, row.meter, row.quantity) for row in rows[:3]] == [
        (0, Meter.CPU, 1_800_000),
        (0, Meter.MEMORY, 3_600_000),
        (1, Meter.CPU, 1_800_000),
    ]
    assert {("workspace-1", _TENANT.project_id, "production", _TENANT.service_id, "eu")} == {
        (row.workspace_id, row.project_id, row.environment, row.service_id, row.region) for row in rows
    }


def test_an_unknown_pod_goes_to_the_unattributed_bucket() -> None:
    stranger = [replace(each, uid="uid-9") for each in _SEEN]
    rows = _rows(stranger, _attribution((0, None, "workspace-1")))

    assert len(rows) == 4
    assert {UNATTRIBUTED.workspace_id} == {row.workspace_id for row in rows}


@pytest.mark.parametrize(
    ("holdings", "payers"),
    [
        pytest.param([(0, HOUR, "a"), (HOUR, None, "b")], ["a", "b"], id="a move on the hour"),
        pytest.param([(0, 60, "a"), (60, None, "b")], ["a", "b"], id="a move within an hour counts from the next"),
        pytest.param([(1800, None, "a")], ["a", "a"], id="a project that begins within an hour"),
        pytest.param([(HOUR, None, "a")], ["__unattributed__", "a"], id="nobody held it in the first hour"),
        pytest.param([(0, HOUR, "a")], ["a", "__unattributed__"], id="nobody holds it in the second hour"),
    ],
)
def test_the_workspace_that_holds_the_project_pays(
    holdings: list[tuple[int, int | None, str]], payers: list[str]
) -> None:
    rows = _rows(_SEEN, _attribution(*holdings))

    assert payers == [row.workspace_id for row in rows if row.meter is Meter.CPU]


def test_two_workspaces_at_once_are_refused() -> None:
    with pytest.raises(BadRequest, match="two workspaces hold project"):
        _attribution((0, 100, "a"), (99, None, "b"))


def test_labels_that_disagree_with_the_registry_are_told_and_bill_nobody_else() -> None:
    attribution = _attribution((0, None, "workspace-1"))
    pod = ("cluster-1", "uid-1")
    forged = replace(_TENANT, environment="staging")

    assert (pod,) == attribution.mismatches({pod: forged})
    assert attribution.mismatches({pod: _TENANT}) == ()
    assert Owner("workspace-1", _TENANT.project_id, "production", _TENANT.service_id) == attribution.owner(*pod, T0)


@pytest.mark.parametrize(
    ("observed", "state"),
    [(0, SliceState.MISSING), (1, SliceState.PARTIAL), (118, SliceState.PARTIAL), (119, SliceState.COMPLETE)],
)
def test_an_hour_is_complete_from_99_percent_of_its_slots(observed: int, state: SliceState) -> None:
    assert state is Coverage("c", T0, observed, 120).state
    assert Coverage("c", T0, 99, 100).state is SliceState.COMPLETE


def test_seven_of_600_slots_lost_are_98_83_percent() -> None:
    hours = [Coverage("c", T0 + number * HOUR, 120, 120) for number in range(4)]
    hours.append(Coverage("c", T0 + 4 * HOUR, 113, 120))
    found = completeness(hours, Period(T0, T0 + 5 * HOUR), ["c"], 120)

    assert Decimal("98.83") == found.percent
    assert (hours[-1],) == found.incomplete
    with pytest.raises(BadRequest, match=r"^completeness: .* for c 2026-03-01T14:00:00Z;"):
        found.require()


def test_an_hour_that_nobody_told_of_is_missing_unless_waived() -> None:
    period = Period(T0, T0 + 2 * HOUR)
    told = [Coverage("c", T0, 120, 120)]
    found = completeness(told, period, ["c"], 120)
    waived = completeness(told, period, ["c"], 120, frozenset({("c", T0 + HOUR)}))
    waived.require()

    assert (Decimal("50.00"), (Coverage("c", T0 + HOUR, 0, 120),)) == (found.percent, found.incomplete)
    assert (Decimal("50.00"), ()) == (waived.percent, waived.incomplete)


def test_a_collector_heard_twice_in_a_slot_is_heard_once() -> None:
    assert observed_slots([T0, T0 + 1, T0 + 29, T0 + 30, T0 + HOUR, T0 - 1], T0, 30) == 2


def test_a_period_has_whole_hours_and_an_end_after_its_start() -> None:
    assert month(2026, 12).hours == 24 * 31
    with pytest.raises(BadRequest, match=r"^start: .* is within an hour"):
        Period(T0 + 1, T0 + HOUR)
    with pytest.raises(BadRequest, match=r"^end: "):
        Period(T0, T0)


@pytest.mark.parametrize(
    "text", ["2026-03-01", "2026-03-01T00:00:00", "2026-03-01T00:00:00+01:00", "2026-02-30T00:00:00Z"]
)
def test_a_time_has_one_spelling(text: str) -> None:
    with pytest.raises(BadRequest, match=r"^start: "):
        parse(text, "start")
