"""Published hours of which more is told later: found by themselves, run again, and not again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from billing.hour import HOUR
from billing.ledger.slice import Slice
from billing.meter import Meter
from billing.runs.status import status
from billing.runs.status_text import lines
from tests.billing.pods import observe
from tests.billing.runs.scene import BUILDS, CLUSTER, EVERYTHING, PODS, REGION, H

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.billing.runs.scene import Scene


def _cpu(scene: Scene, workspace: str) -> dict[int, int]:
    """By hour after H, the millicore-seconds that count."""
    rows = [row for row in scene.ledger.rows(workspace, EVERYTHING) if row.meter is Meter.CPU]
    return {(row.hour - H) // HOUR: row.quantity for row in rows}


def _published(scene: Scene, hours: int = 1) -> None:
    """H and the hours after it are published, each when it is due, and then two hours pass."""
    for number in range(hours):
        scene.now = H + (number + 1) * HOUR + 1_000
        scene.hear(H + number * HOUR)
        scene.work_off()
    scene.now += 2 * HOUR


def test_pods_that_are_posted_late_are_billed_without_anybody_asking(scene: Scene) -> None:
    _published(scene)
    assert scene.late().slices(scene.now) == []
    due = len(scene.due().slices(scene.now))
    scene.deposit.registration(REGION, CLUSTER, "uid-1", scene.tenant, received=scene.now - 100)
    scene.see([observe([at, "R", 500, 2**29]) for at in range(0, HOUR + 1, 60)], source="agent")

    told = lines(status(scene.engine, scene.due(), scene.late(), scene.now))
    scene.work_off()

    assert f"told of late, and run again by the billing process: 1 hour(s): {PODS}" in told
    assert _cpu(scene, scene.acme)[0] == 500 * 3600
    # The hour again, and the two beside it of which one is not there and the other is told nothing new.
    again = scene.states()
    assert again["published"] == 2 + due + 1
    scene.now += 61
    scene.work_off()
    assert (scene.states(), scene.late().slices(scene.now)) == (again, [])


def _silence(scene: Scene) -> None:
    """The cluster is heard in H and in the third hour after it, and not in between; each hour is run when it is due."""
    scene.deposit.registration(REGION, CLUSTER, "uid-1", scene.tenant, received=H + 100)
    for hour in (H, H + 3 * HOUR):
        seen = [observe([hour - H + at, "R", 100, 1]) for at in (60, 120)]
        scene.see(seen, received=hour + 130, source="agent")
        scene.hear(hour)
    for number in range(4):
        scene.now = H + (number + 1) * HOUR + 1_000
        scene.work_off()
    scene.now += 600


def test_what_ran_in_a_silence_is_billed_once_the_cluster_is_heard_again(one_scene: Scene) -> None:
    _silence(one_scene)

    assert _cpu(one_scene, one_scene.acme) == {0: 100 * 3540, 1: 100 * 3600, 2: 100 * 3600, 3: 100 * 120}
    assert one_scene.late().slices(one_scene.now) == []


def test_an_end_that_is_told_late_changes_the_hours_after_it_as_well(one_scene: Scene) -> None:
    _silence(one_scene)

    one_scene.see([observe([HOUR + 1_800, "F", 100, 1], finished_at=HOUR + 1_800)], source="agent")
    assert one_scene.late().slices(one_scene.now) == [Slice(H + HOUR, REGION, CLUSTER)]
    one_scene.work_off()

    assert _cpu(one_scene, one_scene.acme) == {0: 100 * 3540, 1: 100 * 1800}
    assert one_scene.late().slices(one_scene.now) == []


def _late_build(scene: Scene) -> None:
    received = {"received_at": scene.now - 100}
    scene.deposit.build(REGION, scene.tenant, build_id="b1", started_at=H + 60, finished_at=H + 150, **received)


def _builds(scene: Scene) -> dict[int, int]:
    """By hour after H, the seconds of builds that count."""
    rows = [row for row in scene.ledger.rows(scene.acme, EVERYTHING) if row.meter is Meter.BUILD]
    return {(row.hour - H) // HOUR: row.quantity for row in rows}


def test_a_build_of_several_hours_is_billed_whole_although_it_is_told_of_at_its_end(one_scene: Scene) -> None:
    end = H + 3 * HOUR + 1_200
    for number in range(3):
        one_scene.now = H + (number + 1) * HOUR + 1_000
        one_scene.work_off()
    one_scene.deposit.build(
        REGION, one_scene.tenant, build_id="b1", started_at=H + 600, finished_at=end, received_at=end + 2
    )
    one_scene.now = end + HOUR
    one_scene.work_off()

    assert _builds(one_scene) == {0: 3_000, 1: 3_600, 2: 3_600, 3: 1_200}


def test_a_build_that_two_regions_tell_of_is_put_aside_in_both(one_scene: Scene) -> None:
    told = {"build_id": "b1", "started_at": H + 60, "finished_at": H + 660}
    one_scene.deposit.build(REGION, one_scene.tenant, **told, received_at=H + 700)
    one_scene.now = H + HOUR + 1_000
    one_scene.work_off()
    assert _builds(one_scene) == {0: 600}

    one_scene.now += HOUR
    one_scene.deposit.build("ams", one_scene.tenant, **told, received_at=one_scene.now - 100)
    assert one_scene.late().slices(one_scene.now) == [BUILDS]
    one_scene.work_off()
    (again,) = one_scene.run(Slice(H, "ams"))

    assert _builds(one_scene) == {}
    assert "b1 (reports_disagree)" in again.message


def _late_heartbeats(scene: Scene) -> None:
    scene.hear(H + HOUR, received=scene.now - 100)


def _late_owner(scene: Scene) -> None:
    scene.deposit.registration(REGION, CLUSTER, "nobodys", scene.tenant, received=scene.now - 100)


@pytest.mark.parametrize(
    ("tell", "expected"),
    [
        pytest.param(_late_build, [BUILDS], id="a build"),
        pytest.param(_late_heartbeats, [Slice(H + HOUR, REGION, CLUSTER)], id="that the agent was there"),
        pytest.param(_late_owner, [PODS], id="whose a pod is"),
    ],
)
def test_whatever_is_told_late_is_found(one_scene: Scene, tell: Callable[[Scene], None], expected: list[Slice]) -> None:
    one_scene.see([observe([at, "R", 100, 5], "nobodys") for at in (60, 120)], received=H + 200, source="agent")
    one_scene.now = H + 2 * HOUR + 1_000
    one_scene.work_off()
    one_scene.now += 2 * HOUR
    before = one_scene.hashes()
    tell(one_scene)

    assert one_scene.late().slices(one_scene.now) == expected
    one_scene.work_off()
    one_scene.now += 61

    assert one_scene.late().slices(one_scene.now) == []
    after = [each for each in one_scene.hashes() if each not in before]
    assert expected[0] in {Slice(hour, REGION, cluster) for cluster, hour, _ in after} or tell is _late_heartbeats
    completeness = one_scene.publications.completeness(Slice(H + HOUR, REGION).period, [CLUSTER])
    assert str(completeness.percent) == ("100.00" if tell is _late_heartbeats else "0.00")


def test_an_hour_that_a_law_blocks_is_not_tried_every_minute_and_one_too_old_not_at_all(one_scene: Scene) -> None:
    one_scene.deposit.node(REGION, CLUSTER, "node-1", H, 1_000, 2**40, received=H)
    _published(one_scene)
    one_scene.now -= HOUR
    one_scene.work_off()
    one_scene.now += HOUR
    one_scene.see([observe([at, "R", 2_000, 1]) for at in range(0, 1_200, 60)], source="agent")

    one_scene.work_off()
    assert one_scene.states()["blocked"] == 1
    one_scene.work_off()
    assert one_scene.states()["blocked"] == 1
    assert one_scene.late().slices(one_scene.now) == [PODS]
    one_scene.now += one_scene.schedule.retry_s + 1
    one_scene.work_off()
    assert one_scene.states()["blocked"] == 2
    one_scene.schedule = one_scene.schedule.model_copy(update={"look_back_s": HOUR})
    assert one_scene.late().slices(one_scene.now) == []
