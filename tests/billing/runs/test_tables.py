"""Tables without an object per row make what the arithmetic makes one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.hour import HOUR, Period, hour_of
from billing.intervals import intervals
from billing.ledger import row_table
from billing.observation import table
from billing.ownership import Attribution, Holding
from billing.pod_hours import pod_hours
from billing.policy import MeteringPolicy, Tail
from billing.quarantine import sift
from billing.runs.holdings import payers
from billing.runs.laws import misplaced, overfull_hours
from billing.runs.usage_table import usage_table, with_payers
from billing.runs.witness import implausible
from billing.usage import in_order, pod_usage
from core.tenant import Tenant
from tests.billing.pods import T0, populations

if TYPE_CHECKING:
    from billing.observation import PodObservation

_HOUR = hour_of(T0)
_IDS = [str(UUID(int=number)) for number in range(3)]
_POLICIES = st.sampled_from([MeteringPolicy(), MeteringPolicy(tail=Tail.FULL), MeteringPolicy(bill_pending=True)])


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
@given(seen=populations(), owned=_owned(), policy=_POLICIES)
def test_rows_are_those_of_the_reference_and_violate_no_law(
    seen: list[PodObservation], owned: tuple[dict[str, Tenant], list[Holding]], policy: MeteringPolicy
) -> None:
    owners, held = owned
    window = Period(_HOUR, _HOUR + HOUR)
    accepted = sift(table(seen), policy).accepted
    pieces = intervals(accepted, policy)
    hours = pod_hours(pieces, window)
    tenants = {("cluster-1", uid): tenant for uid, tenant in owners.items()}
    told = pl.DataFrame(
        [(uid, each.project_id, each.environment, each.service_id) for uid, each in owners.items()],
        schema={name: pl.String() for name in ("uid", "project_id", "environment", "service_id")},
        orient="row",
    )

    owned_pods = with_payers(told, payers(held))

    usage = usage_table(hours, "fra", owned_pods)

    assert row_table.rows(usage) == in_order(pod_usage(hours, "fra", Attribution(tenants, held)))
    payer_of = dict(owned_pods.select("uid", "workspace_id").iter_rows())
    assert overfull_hours(usage) == misplaced(usage, pieces, owned_pods, window) == []
    assert implausible(usage, accepted, payer_of, window, policy) == []
