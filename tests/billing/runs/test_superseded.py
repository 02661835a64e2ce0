"""Estimates that something newer has taken the place of: they go, and nothing else does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billing.hour import HOUR
from billing.ledger.store import Ledger
from billing.runs.publication import superseded
from billing.runs.record import RunKind, RunState
from billing.runs.superseded import drop_superseded
from compose.process import free_port
from core.control import reading
from tests.billing.pods import observe
from tests.billing.runs.scene import BUILDS, EVERYTHING, NOW, PODS, REGION, H

if TYPE_CHECKING:
    import pytest

    from billing.usage import UsageRow
    from tests.billing.runs.scene import Scene

STEP = 300
# The whole hour after that in which the last of `H`'s estimates had its place taken.
LATER = H + 3 * HOUR


def _estimate_an_hour(scene: Scene) -> None:
    """Every five minutes, each time with something new: twelve times two rows."""
    scene.deposit.registration(REGION, PODS.cluster, "uid-1", scene.tenant, received=H)
    for scene.now in range(H + STEP, H + HOUR + 1, STEP):
        seen = range(scene.now - STEP - H, scene.now - H, 60)
        scene.see([observe([at, "R", 500, 2**29]) for at in seen], received=scene.now - 1)
        assert scene.run(kind=RunKind.ESTIMATE)[0].state is RunState.PUBLISHED


def _rows(scene: Scene, until: int | None = None, *, estimates: bool = True) -> list[UsageRow]:
    return scene.ledger.rows(scene.acme, EVERYTHING, until=until, estimates=estimates)


def test_after_an_hour_of_estimates_the_ledger_has_the_published_rows_alone(scene: Scene) -> None:
    _estimate_an_hour(scene)
    scene.now = NOW
    scene.see([observe([at, "R", 500, 2**29]) for at in (HOUR - 60, HOUR)], received=NOW - 1)
    assert scene.run()[0].state is RunState.PUBLISHED
    published, last = _rows(scene, estimates=False), _rows(scene, until=12)
    assert (scene.count(), scene.count("publications")) == (26, 13)

    scene.now = H + 2 * HOUR
    scene.run(kind=RunKind.ESTIMATE)
    # Whoever reads as of a publication of the last hour, page by page, goes on with it.
    assert _rows(scene, until=12) == last != published
    assert scene.count() == 6
    scene.now = LATER
    scene.run(kind=RunKind.ESTIMATE)

    assert scene.published() == [(PODS, "published")]
    assert (scene.count(), scene.count("publications")) == (2, 1)
    assert _rows(scene, estimates=False) == _rows(scene) == published
    assert scene.ledger.latest() == scene.publications.latest() == 13
    # What it was made of is still known to be the same.
    assert scene.run(kind=RunKind.BACKFILL)[0].state is RunState.UNCHANGED


def test_the_last_estimate_of_an_hour_that_is_not_published_stays(one_scene: Scene) -> None:
    _estimate_an_hour(one_scene)
    newest = _rows(one_scene)

    one_scene.now = H + 1_000 * HOUR
    one_scene.run(BUILDS, kind=RunKind.ESTIMATE)

    assert one_scene.published() == [(PODS, "estimate"), (BUILDS, "estimate")]
    assert one_scene.count() == 2
    assert _rows(one_scene) == newest
    assert _rows(one_scene, estimates=False) == []


def test_what_was_interrupted_is_done_again_to_the_same_end(scene: Scene) -> None:
    _estimate_an_hour(scene)
    newest = _rows(scene)
    with reading(scene.engine) as connection:
        found = superseded(connection, LATER, 100)
    # The ledger has dropped them, and the process has died before the control store could forget them.
    scene.ledger.drop_estimates(found)
    assert (len(found), scene.count(), len(scene.published())) == (11, 2, 12)

    dropped = [drop_superseded(scene.engine, scene.ledger, LATER, at_once=6) for _ in range(3)]

    assert dropped == [6, 5, 0]
    assert scene.published() == [(PODS, "estimate")]
    assert (scene.count(), scene.count("publications")) == (2, 1)
    assert _rows(scene) == newest


def test_a_ledger_that_does_not_answer_leaves_them_to_the_next_time(
    one_scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    _estimate_an_hour(one_scene)
    lost = Ledger.at(f"http://writer:secret@127.0.0.1:{free_port()}")

    assert drop_superseded(one_scene.engine, lost, LATER) == 0

    assert "superseded estimates are not dropped yet" in caplog.messages
    assert len(one_scene.published()) == 12


def test_what_is_due_does_not_wait_for_it(one_scene: Scene) -> None:
    _estimate_an_hour(one_scene)

    one_scene.now = LATER
    one_scene.run()

    assert len(one_scene.published()) == 13
