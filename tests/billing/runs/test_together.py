"""Law: which hours are run together changes how long it takes, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.canonical import canonical, sha256
from billing.hour import HOUR
from billing.ledger.slice import Slice
from billing.runs.record import RunKind, RunState
from billing.runs.step import Step
from tests.billing.pods import lives, observe
from tests.billing.runs.scene import CLUSTER, EVERYTHING, REGION, H

if TYPE_CHECKING:
    from billing.observation import PodObservation
    from tests.billing.runs.scene import Scene

_HOURS = 4
SLICES = [Slice(H + n * HOUR, REGION, cluster) for n in range(_HOURS) for cluster in ("", CLUSTER)]


def _evidence(scene: Scene) -> None:
    """Pods of several hours, one of which is gone for one of them, a build across two, one that is nobody's."""
    scene.now = H + _HOURS * HOUR + 1_000
    scene.pod("uid-1", seconds=3 * HOUR)
    scene.pod("uid-2", cpu_m=100, start=H + 1_800, seconds=600)
    scene.see([observe([at, "R", 70, 9], "uid-3") for at in (60, 120, 2 * HOUR + 60, 2 * HOUR + 120)])
    for number in range(_HOURS):
        scene.hear(H + number * HOUR)
    build = {"build_id": "b1", "delivery_id": "d1", "started_at": H + HOUR - 90, "finished_at": H + HOUR + 30}
    scene.deposit.build(REGION, scene.tenant, received_at=H + HOUR + 40, **build)
    scene.deposit.build(REGION, scene.tenant, build_id="b2", received_at=H + 2 * HOUR, started_at=None, finished_at=5)


def _documents(scene: Scene) -> tuple[object, ...]:
    """All that is published, in its order, by its hashes; what the tenant is billed for; what was remarked."""
    return (
        scene.hashes(),
        scene.published(),
        sha256(canonical(scene.ledger.rows(scene.acme, EVERYTHING))),
        scene.remarks(),
    )


@pytest.mark.property
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seen=lives("uid-9"), most_hours=st.integers(2, _HOURS))
def test_hours_run_together_publish_what_they_publish_alone(
    one_scene: Scene, seen: list[PodObservation], most_hours: int
) -> None:
    one_scene.deposit.clear()
    one_scene.forget()
    _evidence(one_scene)
    one_scene.see([replace(each, observed_at=each.observed_at + HOUR) for each in seen])

    one_scene.run(*SLICES, most_hours=1)
    alone = _documents(one_scene)
    one_scene.forget()
    one_scene.run(*SLICES, most_hours=most_hours)

    assert _documents(one_scene) == alone
    assert len(alone[0]) == len(SLICES)  # type: ignore[arg-type]  # a list
    again = one_scene.run(*SLICES, kind=RunKind.BACKFILL, most_hours=3)
    assert {each.state for each in again} == {RunState.UNCHANGED}


def test_hours_together_are_written_once_and_count_at_once(one_scene: Scene) -> None:
    _evidence(one_scene)
    steps: list[Step] = []
    one_scene.run(*SLICES, on_step=steps.append)

    # The first hour alone, then the other three.
    assert steps == [*Step, *Step]
    assert len(one_scene.published()) == len(SLICES)


def test_an_hour_that_breaks_a_law_holds_up_none_of_those_run_with_it(one_scene: Scene) -> None:
    _evidence(one_scene)
    one_scene.deposit.node(REGION, CLUSTER, "node-1", H + 2 * HOUR + 10, 400, 2**40, received=H)
    one_scene.deposit.node(REGION, CLUSTER, "node-1", H + 3 * HOUR, 4_000, 2**40, received=H)

    outcomes = one_scene.run(*SLICES)

    stuck = [each.order.slice.hour for each in outcomes if each.is_stuck]
    assert stuck == [H + 2 * HOUR]
    assert len(one_scene.published()) == len(SLICES) - 1
