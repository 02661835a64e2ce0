"""One run over a slice, on the real ledger and both control stores."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from billing.accounts.moment import moment
from billing.hour import HOUR
from billing.ledger.publication import PublicationKind
from billing.ledger.slice import Slice
from billing.meter import Meter
from billing.runs.record import RunKind, RunState
from core.errors import Unavailable
from core.registry import Registry
from core.tenant import Tenant
from tests.billing.pods import observe
from tests.billing.runs.scene import BUILDS, CLUSTER, EVERYTHING, NOW, PODS, REGION, H

if TYPE_CHECKING:
    from tests.billing.runs.scene import Scene


def _cpu(scene: Scene, workspace: str, until: int | None = None, *, estimates: bool = False) -> int:
    rows = scene.ledger.rows(workspace, EVERYTHING, until=until, estimates=estimates)
    return sum(row.quantity for row in rows if row.meter is Meter.CPU)


def test_a_run_publishes_whole_amounts_for_whoever_holds_the_project(scene: Scene) -> None:
    scene.pod(cpu_m=500)
    scene.hear()

    (outcome,) = scene.run()

    assert (outcome.state, outcome.message) == (RunState.PUBLISHED, "")
    assert [(row.meter, row.quantity, row.running_s) for row in scene.ledger.rows(scene.acme, EVERYTHING)] == [
        (Meter.CPU, 500 * 3600, 3600),
        (Meter.MEMORY, 2**29 * 3600, 3600),
    ]
    assert scene.ledger.rows(scene.evil, EVERYTHING) == []
    assert scene.publications.latest() == scene.ledger.latest() == 1
    assert str(scene.publications.completeness(PODS.period, [CLUSTER]).percent) == "100.00"


def test_the_same_inputs_publish_and_write_nothing(scene: Scene) -> None:
    scene.pod()
    first, again = scene.run()[0], scene.run(kind=RunKind.BACKFILL)[0]

    assert (first.state, again.state) == (RunState.PUBLISHED, RunState.UNCHANGED)
    assert scene.count() == 2
    assert scene.published() == [(PODS, "published")]
    assert scene.states() == {"published": 1, "unchanged": 1}


def test_late_evidence_moves_the_publication_and_leaves_what_was_pinned(scene: Scene) -> None:
    scene.pod(seconds=HOUR // 2)
    scene.run()
    scene.now += 7200
    scene.see([observe([HOUR, "R", 500, 2**29])], received=scene.now - 1)
    (late,) = scene.run(kind=RunKind.BACKFILL)

    assert late.state is RunState.PUBLISHED
    assert (_cpu(scene, scene.acme, until=1), _cpu(scene, scene.acme)) == (500 * 1800, 500 * 3600)
    assert scene.count() == 4


def test_evidence_that_was_received_after_the_cutoff_does_not_count(scene: Scene) -> None:
    scene.pod(seconds=HOUR // 2)
    scene.see([observe([HOUR, "R", 500, 2**29])], received=NOW)

    scene.run()

    assert _cpu(scene, scene.acme) == 500 * 1800


def test_a_broken_law_blocks_publication_and_is_named(scene: Scene) -> None:
    scene.pod("uid-1", cpu_m=800)
    scene.pod("uid-2", cpu_m=800)
    scene.deposit.node(REGION, CLUSTER, "node-1", H, 1_000, 2**40, received=H)

    (blocked,) = scene.run()

    assert blocked.state is RunState.BLOCKED
    assert blocked.message.startswith("a node holds no more than it has: cluster-1 node-1: 1600 m")
    assert (scene.published(), scene.count(), scene.states()) == ([], 0, {"blocked": 1})
    assert scene.due().ready(scene.now) == [BUILDS]
    scene.now += scene.schedule.retry_s + 1
    assert scene.due().ready(scene.now) == [BUILDS, PODS]
    scene.deposit.node(REGION, CLUSTER, "node-1", H + 60, 2_000, 2**40, received=NOW)
    assert scene.run()[0].state is RunState.PUBLISHED


def test_a_preview_says_what_a_run_would_change_and_writes_nothing(scene: Scene) -> None:
    scene.pod()
    (fresh,) = scene.batch().previews([PODS], RunKind.HOURLY)
    assert (scene.published(), scene.count(), scene.states()) == ([], 0, {})
    (made,) = scene.run()
    (same,) = scene.batch().previews([PODS], RunKind.HOURLY)
    scene.pod("uid-2", cpu_m=100)
    (more,) = scene.batch().previews([PODS], RunKind.HOURLY)

    assert fresh.state is RunState.PUBLISHED
    assert fresh.metered is not None
    assert made.metered is not None
    assert fresh.metered.rows_sha256 == made.metered.rows_sha256
    assert (same.state, same.changes) == (RunState.UNCHANGED, ())
    assert [(each.workspace_id, each.meter, each.before, each.after) for each in more.changes] == [
        (scene.acme, Meter.CPU, 500 * 3600, 600 * 3600),
        (scene.acme, Meter.MEMORY, 2**29 * 3600, 2**30 * 3600),
    ]


def test_what_a_person_should_look_at_is_counted_and_told(scene: Scene) -> None:
    scene.pod("uid-1")
    other = Tenant(scene.tenant.project_id, "staging", scene.tenant.service_id)
    scene.deposit.registration(REGION, CLUSTER, "uid-1", other, received=H + 1)
    scene.see([observe([at, "R", 100, 5], "nobodys") for at in (0, 60)])
    scene.see([observe([0, "G", 1, 5], "undead"), *(observe([at, "R", 1, 5], "undead") for at in (300, 600))])

    (outcome,) = scene.run()

    assert outcome.message == (
        "evidence put aside: undead (lives_after_its_end); labels name another tenant: uid-1; nobody's: nobodys"
    )
    assert {row.environment for row in scene.ledger.rows(scene.acme, EVERYTHING)} == {"production"}
    assert _cpu(scene, "__unattributed__") == 100 * 60
    assert scene.ledger.workspaces(EVERYTHING) == (scene.acme,)


def test_a_project_that_moves_is_paid_for_by_its_holder_of_the_hour(scene: Scene) -> None:
    scene.now += HOUR
    scene.pod(seconds=2 * HOUR)
    Registry(scene.engine).move_project(scene.tenant.project_id, scene.evil, moment(H + HOUR))

    scene.run(PODS, Slice(H + HOUR, REGION, CLUSTER))

    assert (_cpu(scene, scene.acme), _cpu(scene, scene.evil)) == (500 * 3600, 500 * 3600)


def test_builds_are_metered_by_the_second_and_contradictions_put_aside(scene: Scene) -> None:
    received = {"received_at": H + HOUR}
    scene.deposit.build(REGION, scene.tenant, build_id="b1", started_at=H - 30, finished_at=H + 90, **received)
    for end in (60, 70):
        scene.deposit.build(REGION, scene.tenant, build_id="b2", started_at=H, finished_at=H + end, **received)

    (outcome,) = scene.run(BUILDS)

    assert outcome.message == "builds put aside: b2 (reports_disagree)"
    (row,) = scene.ledger.rows(scene.acme, EVERYTHING)
    assert (row.meter, row.source_id, row.quantity, row.cluster) == (Meter.BUILD, "b1", 90, "")


def test_an_estimate_counts_until_something_is_published(scene: Scene) -> None:
    scene.pod(seconds=1200)
    scene.now = H + 1800
    scene.deposit.observations(REGION, [observe([1500, "R", 500, 2**29])], received=H + 1500)
    (estimated,) = scene.run(kind=RunKind.ESTIMATE)
    assert scene.run(kind=RunKind.ESTIMATE)[0].state is RunState.UNCHANGED

    assert estimated.state is RunState.PUBLISHED
    assert _cpu(scene, scene.acme) == 0
    scene.now = NOW
    assert scene.run(kind=RunKind.ESTIMATE)[0].state is RunState.PUBLISHED
    assert _cpu(scene, scene.acme, estimates=True) == 500 * 1500
    assert PODS in scene.due().slices(NOW)
    scene.run()
    assert _cpu(scene, scene.acme) == _cpu(scene, scene.acme, estimates=True) == 500 * 1500
    assert scene.run(kind=RunKind.ESTIMATE)[0].state is RunState.UNCHANGED
    assert [kind for _, kind in scene.published()] == ["estimate", "estimate", "published"]
    assert PublicationKind.ESTIMATE.value == "estimate"


class _Region:
    """A collector whose region is down until it is not; what it was asked for."""

    def __init__(self, *, is_down: bool) -> None:
        self.is_down = is_down
        self.asked: list[tuple[str, int]] = []

    def collect(self, region: str, hour: int) -> None:
        self.asked.append((region, hour))
        if self.is_down:
            raise Unavailable("region fra: the metrics store does not answer")


def test_a_region_that_is_down_leaves_its_hours_due_and_is_asked_once(scene: Scene) -> None:
    scene.pod()
    region, later = _Region(is_down=True), Slice(H + HOUR, REGION, CLUSTER)
    outcomes = scene.run(PODS, later, collector=region)

    assert [each.state for each in outcomes] == [RunState.FAILED, RunState.FAILED]
    assert (region.asked, scene.published()) == ([(REGION, H)], [])
    assert scene.states() == {"failed": 2}
    region.is_down = False
    assert [each.state for each in scene.run(PODS, later, collector=region)] == [RunState.PUBLISHED] * 2


class _Telling:
    """A collector whose region tells of a pod, in the very second in which it is asked."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def collect(self, region: str, hour: int) -> None:
        del region
        self.scene.see([observe([at - H, "R", 500, 2**29]) for at in range(hour, hour + HOUR + 1, 60)], self.scene.now)
        self.scene.hear(hour)


def test_what_a_run_collects_counts_in_that_run(one_scene: Scene) -> None:
    one_scene.deposit.registration(REGION, CLUSTER, "uid-1", one_scene.tenant, received=H)

    one_scene.run(collector=_Telling(one_scene))

    assert _cpu(one_scene, one_scene.acme) == 500 * 3600
    assert str(one_scene.publications.completeness(PODS.period, [CLUSTER]).percent) == "100.00"


def test_an_agent_that_told_everything_needs_no_series(scene: Scene) -> None:
    scene.pod()
    scene.hear()

    assert scene.run(collector=_Region(is_down=True))[0].state is RunState.PUBLISHED


def test_whoever_comes_next_copies_what_is_published_to_the_ledger(scene: Scene) -> None:
    scene.pod()
    scene.run()
    scene.deposit.clear_table("publications")
    assert scene.ledger.rows(scene.acme, EVERYTHING) == []

    scene.run()

    assert _cpu(scene, scene.acme) == 500 * 3600
    assert scene.count("publications") == 1


def test_no_later_label_changes_a_bill(one_scene: Scene) -> None:
    one_scene.pod()
    before = one_scene.run()[0]
    for number in range(3):
        other = Tenant(str(uuid4()), f"e{number}", str(uuid4()))
        one_scene.deposit.registration(REGION, CLUSTER, "uid-1", other, received=H + 1 + number)

    (after,) = one_scene.run(kind=RunKind.BACKFILL)

    assert before.metered is not None
    assert after.metered is not None
    assert before.metered.rows_sha256 == after.metered.rows_sha256
    assert (after.state, after.message) == (RunState.UNCHANGED, "labels name another tenant: uid-1")
