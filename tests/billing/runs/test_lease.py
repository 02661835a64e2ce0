"""Who may publish, on both control stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from billing.hour import HOUR
from billing.ledger.slice import Slice
from billing.runs.lease import Fence, Lease, LeaseLost, require
from billing.runs.record import RunKind, RunState
from billing.runs.step import Step
from core.control import writing
from tests.billing.runs.scene import CLUSTER, PODS, REGION, H

if TYPE_CHECKING:
    from tests.billing.runs.scene import Scene


def _lease(scene: Scene, holder: str) -> Lease:
    return Lease(scene.engine, holder, 60, lambda: scene.now)


def test_one_holder_at_a_time_each_with_a_larger_fence(scene: Scene) -> None:
    ada, bob = _lease(scene, "ada"), _lease(scene, "bob")

    assert ada.acquire() == Fence(1, "ada")
    assert bob.acquire() is None
    assert ada.acquire() is None
    scene.now += 60
    assert bob.acquire() == Fence(2, "bob")


def test_a_holder_that_renews_or_gives_back_decides_when_the_next_begins(scene: Scene) -> None:
    ada, bob = _lease(scene, "ada"), _lease(scene, "bob")
    fence = ada.acquire()
    assert fence is not None
    scene.now += 59
    ada.renew(fence)
    scene.now += 59

    assert bob.acquire() is None
    ada.release(fence)
    assert bob.acquire() == Fence(2, "bob")


def test_one_that_lost_it_neither_renews_nor_passes(scene: Scene) -> None:
    ada, bob = _lease(scene, "ada"), _lease(scene, "bob")
    old = ada.acquire()
    assert old is not None
    scene.now += 60
    new = bob.acquire()
    assert new is not None

    with pytest.raises(LeaseLost, match="another runner holds it now"):
        ada.renew(old)
    with writing(scene.engine) as connection:
        require(connection, new)
        with pytest.raises(LeaseLost):
            require(connection, old)
    ada.release(old)
    assert ada.acquire() is None


def test_a_runner_that_slept_over_its_lease_publishes_nothing(scene: Scene) -> None:
    scene.pod()
    later = Slice(H + HOUR, REGION, CLUSTER)
    others: list[RunState] = []

    def sleep_until_another_is_done(step: Step) -> None:
        if step is Step.WRITTEN and not others:
            scene.now += scene.schedule.lease_s
            others.extend(each.state for each in scene.run(holder="bob"))

    outcomes = scene.batch("ada", on_step=sleep_until_another_is_done).runs(lambda: [PODS, later], RunKind.HOURLY)
    assert outcomes is not None
    with pytest.raises(LeaseLost):
        list(outcomes)

    assert others == [RunState.PUBLISHED]
    assert scene.published() == [(PODS, "published")]
    # What the sleeper wrote belongs to a run that nothing refers to.
    assert (scene.count(), len(scene.ledger.rows(scene.acme, PODS.period))) == (4, 2)
    assert scene.states() == {"failed": 1, "published": 1}
