"""Tables without an object per row make what the arithmetic makes one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import conservation
from billing.conservation import Allocatable
from billing.hour import HOUR, Period, hour_of
from billing.intervals import intervals
from billing.ledger import row_table
from billing.observation import PodObservation, table
from billing.ownership import Attribution, Holding
from billing.pod_hours import pod_hours
from billing.policy import MeteringPolicy
from billing.quarantine import sift
from billing.runs.holdings import payers
from billing.runs.laws import violations
from billing.runs.usage_table import usage_table, with_payers
from billing.usage import UsageRow, in_order, pod_usage
from core.tenant import Tenant
from tests.billing.pods import T0, populations

if TYPE_CHECKING:
    from collections.abc import Callable

_HOUR = hour_of(T0)
_IDS = [str(UUID(int=number)) for number in range(3)]
_NODES = st.sampled_from([{}, {("cluster-1", "node-1"): Allocatable(300, 2**30)}])


@st.composite
def _owned(draw: st.DrawFn) -> tuple[dict[str, Tenant], list[Holding]]:
    """Who owns some of the pods, and which projects anybody holds, from some second of the hour on."""
    owners = {
        f"uid-{number}": Tenant(draw(st.sampled_from(_IDS)), draw(st.sampled_from(["a", "b"])), _IDS[0])
        for number in draw(st.sets(st.integers(0, 3)))
    }
    change = _HOUR + draw(st.integers(0, HOUR))
    held = [
        Holding(_IDS[0], 0, change, "ws-1"),
        Holding(_IDS[0], change, None, "ws-2"),
        Holding(_IDS[1], 0, None, "ws-1"),
    ]
    return owners, held


@pytest.mark.property
@settings(max_examples=60, deadline=None)
@given(seen=populations(), owned=_owned(), nodes=_NODES)
def test_rows_and_violations_are_those_of_the_reference(
    seen: list[PodObservation],
    owned: tuple[dict[str, Tenant], list[Holding]],
    nodes: dict[tuple[str, str], Allocatable],
) -> None:
    owners, held = owned
    pieces = intervals(sift(table(seen), MeteringPolicy()).accepted, MeteringPolicy())
    hours = pod_hours(pieces, Period(_HOUR, _HOUR + HOUR))
    tenants = {("cluster-1", uid): tenant for uid, tenant in owners.items()}
    told = pl.DataFrame(
        [(uid, each.project_id, each.environment, each.service_id) for uid, each in owners.items()],
        schema={name: pl.String() for name in ("uid", "project_id", "environment", "service_id")},
        orient="row",
    )

    usage = usage_table(hours, "fra", with_payers(told, payers(held)))

    reference = in_order(pod_usage(hours, "fra", Attribution(tenants, held)))
    assert row_table.rows(usage) == reference
    assert violations(usage, pieces, hours, nodes) == conservation.violations(reference, pieces, hours, nodes)


def _hours() -> tuple[pl.DataFrame, pl.DataFrame]:
    seen = [PodObservation("cluster-1", "uid-1", T0 + at, 1, 500, 2**29, "node-1") for at in (0, 60)]  # type: ignore[arg-type]  # a phase
    pieces = intervals(table(seen), MeteringPolicy())
    return pieces, pod_hours(pieces, Period(_HOUR, _HOUR + HOUR))


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda rows: rows[:1], id="a lost row"),
        pytest.param(lambda rows: [*rows, rows[0]], id="a row twice"),
        pytest.param(lambda rows: [replace(rows[0], running_s=3601), rows[1]], id="too long an hour"),
        pytest.param(
            lambda rows: [replace(rows[0], quantity=2**62), *rows, replace(rows[0], quantity=2**62)], id="overflow"
        ),
    ],
)
def test_what_is_wrong_is_found_as_by_the_reference(spoil: Callable[[list[UsageRow]], list[UsageRow]]) -> None:
    pieces, hours = _hours()
    rows = spoil(in_order(pod_usage(hours, "fra", Attribution({}, []))))

    found = violations(row_table.table(rows), pieces, hours, {})

    assert found
    assert found == conservation.violations(rows, pieces, hours, {})
