"""A node that seems to hold too much: what an hour of it needs before it is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from billing.hour import HOUR
from billing.runs.override import Overrides
from billing.runs.record import RunState
from core.errors import BadRequest
from tests.billing.pods import observe
from tests.billing.runs.scene import CLUSTER, EVERYTHING, NOW, REGION, H

if TYPE_CHECKING:
    from tests.billing.runs.scene import Scene


def test_a_resize_that_no_node_has_given_yet_stops_no_hour(one_scene: Scene) -> None:
    one_scene.pod("resizing", cpu_m=3_000)
    one_scene.pod("other", cpu_m=2_500)
    one_scene.deposit.node(REGION, CLUSTER, "node-1", H, 4_000, 2**40, received=H)
    (blocked,) = one_scene.run()
    container = {"name": "web", "allocatedResources": {"cpu": "1", "memory": "512Mi"}}
    document = {
        "spec": {"containers": [{"name": "web", "resources": {"requests": {"cpu": "3", "memory": "512Mi"}}}]},
        "status": {"containerStatuses": [container]},
    }
    one_scene.deposit.document(REGION, CLUSTER, "resizing", orjson.dumps(document).decode(), received=H)

    (published,) = one_scene.run()

    assert (blocked.state, published.state) == (RunState.BLOCKED, RunState.PUBLISHED)


def test_what_series_told_before_a_resize_is_what_a_node_has_given(one_scene: Scene) -> None:
    one_scene.pod("resizing", cpu_m=3_000)
    one_scene.pod("other", cpu_m=2_500)
    one_scene.see([observe([-1_800, "R", 1_000, 2**29], "resizing")])
    one_scene.deposit.node(REGION, CLUSTER, "node-1", H, 4_000, 2**40, received=H)

    assert one_scene.run()[0].state is RunState.PUBLISHED


def test_an_hour_whose_node_law_somebody_sets_aside_is_published_and_says_who(one_scene: Scene) -> None:
    one_scene.pod("uid-1", cpu_m=800)
    one_scene.pod("uid-2", cpu_m=800)
    one_scene.deposit.node(REGION, CLUSTER, "node-1", H, 1_000, 2**40, received=H)
    overrides = Overrides(one_scene.engine, clock=lambda: one_scene.now)
    (blocked,) = one_scene.run()

    overrides.set_aside(CLUSTER, H + HOUR, "another hour", "ada")
    assert one_scene.run()[0].state is RunState.BLOCKED
    overrides.set_aside(CLUSTER, H, "the node shrank under its pods", "ada")
    (published,) = one_scene.run()

    assert (blocked.state, published.state) == (RunState.BLOCKED, RunState.PUBLISHED)
    assert published.message == ("a node holds no more than it has: set aside by ada: the node shrank under its pods")
    told = overrides.of(CLUSTER, H)
    assert told is not None
    assert (told.by, told.at) == ("ada", NOW)
    assert len(one_scene.ledger.rows(one_scene.acme, EVERYTHING)) == 4


@pytest.mark.parametrize(
    ("given", "named"),
    [
        pytest.param((" ", H, "why", "ada"), "cluster: is empty", id="no cluster"),
        pytest.param((CLUSTER, H, " ", "ada"), "reason: is empty", id="no reason"),
        pytest.param((CLUSTER, H, "why", ""), "by: is empty", id="nobody"),
        pytest.param((CLUSTER, H + 1, "why", "ada"), "hour: is within an hour", id="within an hour"),
    ],
)
def test_a_law_is_set_aside_only_by_somebody_for_a_reason(
    one_scene: Scene, given: tuple[str, int, str, str], named: str
) -> None:
    with pytest.raises(BadRequest, match=f"^{named}"):
        Overrides(one_scene.engine).set_aside(*given)
