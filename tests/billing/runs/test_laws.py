"""What must not hold of rows is found, whichever way they came to be wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import polars as pl
import pytest

from billing.conservation import NODE_LAW, Allocatable, overcommitted
from billing.coverage import Coverage
from billing.hour import HOUR, Period
from billing.intervals import intervals
from billing.ledger.evidence import PodEvidence
from billing.ledger.slice import Slice
from billing.observation import table
from billing.policy import MeteringPolicy
from billing.quarantine import sift
from billing.runs.laws import misplaced, overfull_hours
from billing.runs.metering import meter_pods
from billing.runs.usage_table import with_payers
from billing.runs.witness import implausible
from tests.billing.pods import T0, observe

if TYPE_CHECKING:
    from collections.abc import Callable

    from billing.observation import PodObservation

_WINDOW: Final = Period(T0, T0 + HOUR)
_POLICY: Final = MeteringPolicy()
_OWNERS: Final = pl.DataFrame(
    [("uid-1", "shop", "production", "web", False), ("uid-2", "lab", "production", "job", False)],
    schema=["uid", "project_id", "environment", "service_id", "differs"],
    orient="row",
)
_PAYERS: Final = {"shop": "acme", "lab": "evil"}
_SEEN: Final = [
    *(observe([at, "R", 500, 2**29], "uid-1") for at in range(0, HOUR + 1, 60)),
    *(observe([at, "R", 100, 2**20, {"started_at": 590}], "uid-2") for at in range(600, 1_801, 30)),
    *(observe([at, "R", 200, 2**20], "uid-3") for at in range(0, 61, 30)),
]


def _usage(seen: list[PodObservation]) -> pl.DataFrame:
    evidence = PodEvidence(table(seen), _OWNERS, {}, Coverage("cluster-1", T0, 120, 120), lambda _: {})
    metered = meter_pods(Slice(T0, "fra", "cluster-1"), evidence, _PAYERS, _POLICY)

    assert metered.violations == ()
    return metered.usage


def _laws(usage: pl.DataFrame, seen: list[PodObservation]) -> set[str]:
    """The laws that rows violate, if this is what was seen."""
    accepted = sift(table(seen), _POLICY).accepted
    pieces = intervals(accepted, _POLICY)
    payer_of = {uid: _PAYERS[project] for uid, project, *_ in _OWNERS.iter_rows()}
    found = [
        *overfull_hours(usage),
        *misplaced(usage, pieces, with_payers(_OWNERS, _PAYERS), _WINDOW),
        *implausible(usage, accepted, payer_of, _WINDOW, _POLICY),
    ]
    return {each.law for each in found}


_TENANT: Final = "rows by tenant are what its pods held"
_NODE: Final = "rows by node are what its pods held"
_SIGHTS: Final = "a workspace's core-seconds are within what the sights of its pods allow"
_LONG: Final = "an hour has 3600 seconds"
_IS_FIRST: Final = pl.col("source_id") == "uid-1"


@pytest.mark.parametrize(
    ("spoil", "laws"),
    [
        pytest.param(lambda rows: rows, set(), id="nothing"),
        pytest.param(lambda rows: rows.with_columns(workspace_id=pl.lit("evil")), {_TENANT, _SIGHTS}, id="workspace"),
        pytest.param(lambda rows: rows.with_columns(project_id=pl.lit("lab")), {_TENANT}, id="project"),
        pytest.param(lambda rows: rows.with_columns(environment=pl.lit("x")), {_TENANT}, id="environment"),
        pytest.param(lambda rows: rows.with_columns(service_id=pl.lit("x")), {_TENANT}, id="service"),
        pytest.param(lambda rows: rows.with_columns(node=pl.lit("node-9")), {_NODE}, id="node"),
        pytest.param(lambda rows: rows.filter(~_IS_FIRST), {_TENANT, _NODE, _SIGHTS}, id="a pod lost"),
        pytest.param(
            lambda rows: pl.concat([rows, rows.filter(_IS_FIRST)]), {_LONG, _TENANT, _NODE, _SIGHTS}, id="a pod twice"
        ),
        pytest.param(
            lambda rows: rows.with_columns(quantity=pl.when(_IS_FIRST).then(2**62).otherwise("quantity")),
            {_TENANT, _NODE, _SIGHTS},
            id="more than 64 bits together",
        ),
        pytest.param(
            lambda rows: rows.with_columns(running_s=pl.when(_IS_FIRST).then(HOUR + 1).otherwise("running_s")),
            {_LONG},
            id="too long an hour",
        ),
    ],
)
def test_rows_that_were_moved_lost_or_repeated_are_found(
    spoil: Callable[[pl.DataFrame], pl.DataFrame], laws: set[str]
) -> None:
    assert _laws(spoil(_usage(_SEEN)), _SEEN) == laws


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param([replace(each, cpu_m=each.cpu_m + 1) for each in _SEEN], id="another request"),
        pytest.param([each for each in _SEEN if each.uid != "uid-2"], id="a pod overlooked"),
        pytest.param(
            [replace(each, uid="uid-1") if each.uid == "uid-2" else each for each in _SEEN],
            id="a pod taken for another",
        ),
    ],
)
def test_metering_that_goes_wrong_in_all_its_parts_is_found_by_the_sights_alone(wrong: list[PodObservation]) -> None:
    usage, accepted = _usage(wrong), sift(table(_SEEN), _POLICY).accepted
    found = implausible(usage, accepted, {"uid-1": "acme", "uid-2": "evil"}, _WINDOW, _POLICY)

    assert {each.law for each in found} == {_SIGHTS}


def test_what_sights_allow_is_one_number_for_a_pod_that_runs_all_hour() -> None:
    seen = [observe([at, "R", 500, 1], "uid-1") for at in (-30, 0, HOUR, HOUR + 30)]
    usage = _usage(seen)
    one_off = usage.with_columns(quantity=pl.col("quantity") + 1)
    (found,) = implausible(one_off, table(seen), {"uid-1": "acme"}, _WINDOW, _POLICY)

    assert implausible(usage, table(seen), {"uid-1": "acme"}, _WINDOW, _POLICY) == []
    assert found.message == "1800001 millicore-seconds in rows, 1800000 to 1800000 are possible"


def _crowd(
    seen: list[PodObservation], cpu_m: int, memory_b: int = 2**40, least: dict[str, Allocatable] | None = None
) -> list[str]:
    room = {("cluster-1", "node-1"): Allocatable(cpu_m, memory_b)}
    found = overcommitted(intervals(table(seen), _POLICY), room, _WINDOW, 30, lambda _: least or {})
    return [f"{each.law}: {each.subject}: {each.message}" for each in found]


def _steady(uid: str, cpu_m: int, first: int = 0, last: int = HOUR, **times: int) -> list[PodObservation]:
    return [observe([at, "R", cpu_m, 2**29, times], uid) for at in range(first, last + 1, 30)]


def test_a_node_that_holds_more_than_it_has_is_found() -> None:
    both = [*_steady("uid-1", 800), *_steady("uid-2", 800)]

    assert _crowd(both, 1_600) == []
    assert _crowd(both, 1_599) == [
        f"{NODE_LAW}: cluster-1 node-1: 1600 m and {2**30} bytes held at once of 1599 m and {2**40} bytes"
    ]
    assert len(_crowd(both, 1_600, 2**30 - 1)) == 1


def test_what_lasts_no_longer_than_a_scrape_or_lies_outside_the_hour_is_not_asked_of() -> None:
    # A pod is resized down at second 1, another one up at second 2: both are seen later.
    small = [observe([0, "R", 900, 1], "a"), observe([30, "R", 100, 1], "a"), observe([HOUR, "R", 100, 1], "a")]
    grown = [observe([2, "R", 900, 1], "b"), observe([HOUR, "R", 900, 1], "b")]
    before = [*_steady("c", 600, -HOUR, 0), *_steady("d", 600, -HOUR, 0)]

    assert _crowd([*small, *grown], 1_000) == []
    assert _crowd(before, 1_000) == []
    assert len(_crowd([*_steady("c", 600, 0, 60), *_steady("d", 600, 0, 60)], 1_000)) == 1


def test_what_is_told_of_a_pod_s_ends_holds_nothing_of_a_node() -> None:
    old = [*_steady("old", 3_000, 0, 1_770), observe([1_800, "R", 3_000, 2**29, {"deletion_at": 1_829}], "old")]
    new = _steady("new", 3_000, 1_830, started_at=1_805)
    lost = [observe([0, "R", 3_000, 1], "lost"), observe([HOUR, "U", 3_000, 1], "lost")]

    assert _crowd([*old, *new, *lost], 4_000) == []


def test_a_resize_that_is_only_asked_for_holds_what_was_given_before() -> None:
    seen = [*_steady("asks", 3_000), *_steady("other", 2_500)]

    assert len(_crowd(seen, 4_000)) == 1
    assert _crowd(seen, 4_000, least={"asks": Allocatable(1_000, 2**29)}) == []
    assert len(_crowd(seen, 3_400, least={"asks": Allocatable(1_000, 2**29)})) == 1
