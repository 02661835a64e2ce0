"""Law: hours read at once are the hours read one by one, to the row."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.hour import HOUR, hour_of
from billing.ledger.evidence import pod_evidence
from billing.ledger.slice import Slice
from billing.policy import MeteringPolicy
from billing.runs.stretch import Stretch
from core.tenant import Tenant
from tests.billing.ledger.deposit import AS_OF
from tests.billing.ledger.test_hours_and_months import _evidence
from tests.billing.pods import observe
from tests.billing.runs.scene import CLUSTER, H

if TYPE_CHECKING:
    from billing.ledger.evidence import PodEvidence
    from billing.ledger.store import Ledger
    from billing.observation import PodObservation
    from tests.billing.ledger.deposit import Deposit


def _same(found: PodEvidence, alone: PodEvidence) -> None:
    assert found.observations.schema == alone.observations.schema
    assert found.observations.rows() == alone.observations.rows()
    assert (found.nodes, found.coverage) == (alone.nodes, alone.coverage)
    # Owners are of all pods of the stretch: of each hour's pods they say the same.
    here = alone.observations["uid"].unique().to_list()
    assert (
        found.owners.filter(found.owners["uid"].is_in(here)).rows()
        == alone.owners.filter(alone.owners["uid"].is_in(here)).rows()
    )


@pytest.mark.property
@pytest.mark.timeout(400)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=_evidence(), gap=st.sampled_from([150, 60]), data=st.data())
def test_hours_read_at_once_are_those_read_one_by_one(
    ledger: Ledger, deposit: Deposit, told: dict[str, list[PodObservation]], gap: int, data: st.DataObject
) -> None:
    region = uuid4().hex
    for source, seen in told.items():
        deposit.observations(region, seen, source=source)
    times = [each.observed_at for seen in told.values() for each in seen]
    busy = sorted({hour_of(at) + n * HOUR for at in times for n in (-1, 0, 1)})
    chosen = sorted(data.draw(st.sets(st.sampled_from(busy), min_size=2, max_size=4), label="hours"))
    deposit.heartbeats(region, "cluster-1", times[::3])
    policy = MeteringPolicy(max_gap_s=gap)
    slices = [Slice(hour, region, "cluster-1") for hour in chosen]

    at_once = list(Stretch(ledger, slices, policy, AS_OF).evidence())

    assert [one for one, _ in at_once] == slices
    for one, found in at_once:
        _same(found, pod_evidence(ledger, one, policy, AS_OF))


def test_what_nodes_give_and_who_owns_pods_is_that_of_each_hour(ledger: Ledger, deposit: Deposit) -> None:
    region = uuid4().hex
    slices = [Slice(H + number * HOUR, region, CLUSTER) for number in range(4)]
    for at, cpu_m in ((H - 5 * HOUR, 9_000), (H - 60, 1_000), (H + 60, 4_000), (H + 90, 2_000), (H + 2 * HOUR, 500)):
        deposit.node(region, CLUSTER, "node-1", at, cpu_m, 2**30)
    deposit.node(region, CLUSTER, "node-2", H + 3 * HOUR, 1, 1)
    deposit.observations(region, [observe([at, "R", 1, 1], "uid-1") for at in range(0, 4 * HOUR, 60)])
    for number, received in enumerate((H + 10, H + 20)):
        tenant = Tenant(str(uuid4()), f"e{number}", str(uuid4()))
        deposit.registration(region, CLUSTER, "uid-1", tenant, received=received)

    found = list(Stretch(ledger, slices, MeteringPolicy(), AS_OF).evidence())

    assert [evidence.nodes[CLUSTER, "node-1"].cpu_m for _, evidence in found] == [4_000, 2_000, 2_000, 500]
    for one, evidence in found:
        _same(evidence, pod_evidence(ledger, one, MeteringPolicy(), AS_OF))
        assert evidence.owners.select("environment", "differs").rows() == [("e0", True)]
