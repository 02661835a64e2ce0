"""What is due, by the control store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from billing.accounts.moment import moment
from billing.coverage import SliceState
from billing.hour import HOUR, Period
from billing.ledger.slice import BUILDS as BUILDS_CLUSTER
from billing.ledger.slice import Slice
from core.control import writing
from core.errors import BadRequest
from core.schema import clusters
from tests.billing.runs.scene import BUILDS, CLUSTER, NOW, PODS, REGION, H

if TYPE_CHECKING:
    from tests.billing.runs.scene import Scene


def test_an_hour_is_due_from_its_margin_on_oldest_first(one_scene: Scene) -> None:
    due = one_scene.due()
    closed = H + HOUR + one_scene.schedule.margin_s

    assert due.slices(closed - 1) == []
    assert due.slices(closed) == [BUILDS, PODS]
    assert [each.hour for each in due.slices(closed + HOUR)] == [H, H, H + HOUR, H + HOUR]


def test_what_is_published_is_not_due_and_the_watermark_stands_at_the_oldest_gap(one_scene: Scene) -> None:
    due = one_scene.due()
    now = NOW + 2 * HOUR
    one_scene.now = now
    assert due.watermark_age(now) == now - (H + HOUR)
    one_scene.run(PODS, BUILDS, Slice(H + 2 * HOUR, REGION, CLUSTER))

    assert due.slices(now) == [
        Slice(H + HOUR, REGION, BUILDS_CLUSTER),
        Slice(H + HOUR, REGION, CLUSTER),
        Slice(H + 2 * HOUR, REGION, BUILDS_CLUSTER),
    ]
    assert due.watermark_age(now) == now - (H + 2 * HOUR)
    one_scene.run(*due.slices(now))
    assert (due.slices(now), due.watermark_age(now)) == ([], 0)


def test_a_cluster_is_metered_from_its_first_hour_to_its_last(one_scene: Scene) -> None:
    one_scene.cluster("cluster-2", since=H + HOUR + 1)
    with writing(one_scene.engine) as connection:
        ended = clusters.update().where(clusters.c.name == CLUSTER).values(revoked_at=moment(H + HOUR))
        connection.execute(ended)

    hours = {(each.cluster, each.hour) for each in one_scene.due().slices(NOW + 2 * HOUR) if each.cluster}

    assert hours == {(CLUSTER, H), (CLUSTER, H + HOUR), ("cluster-2", H + HOUR), ("cluster-2", H + 2 * HOUR)}
    assert {each.hour for each in one_scene.due(since=H + 2 * HOUR).slices(NOW + 2 * HOUR)} == {H + 2 * HOUR}


def test_what_is_not_over_is_estimated(one_scene: Scene) -> None:
    assert one_scene.due().unfinished(H + 60) == [BUILDS, PODS]
    ended = {each.hour for each in one_scene.due().unfinished(H + HOUR + 60)}
    assert ended == {H, H + HOUR}


def test_completeness_names_what_is_missing_and_what_is_waived(one_scene: Scene) -> None:
    one_scene.hear()
    one_scene.run(PODS, BUILDS)
    two = Period(H, H + 2 * HOUR)

    found = one_scene.publications.completeness(two)

    assert [(each.cluster, each.hour, each.state) for each in found.incomplete] == [
        (CLUSTER, H + HOUR, SliceState.MISSING),
        ("fra/builds", H + HOUR, SliceState.MISSING),
    ]
    one_scene.publications.waive(CLUSTER, H + HOUR, "the cluster was off", "ada")
    one_scene.publications.waive("fra/builds", H + HOUR, "no builds", "ada")
    again = one_scene.publications.completeness(two)
    again.require()
    assert len(again.waived) == 2
    assert one_scene.publications.completeness(two, until=0).incomplete[0].hour == H
    with pytest.raises(BadRequest, match="hour: is within an hour"):
        one_scene.publications.waive(CLUSTER, H + 1, "x", "ada")
    with pytest.raises(BadRequest, match="reason: is empty"):
        one_scene.publications.waive(CLUSTER, H, " ", "ada")
