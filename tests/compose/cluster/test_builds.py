"""The simulated builds: the same whenever they are asked for."""

from __future__ import annotations

from collections import Counter
from typing import Final

import orjson

from compose.cluster.builds import SLOT_SECONDS, builds
from compose.demo import deployments
from ingest.usage import build_report

NOW: Final = 1_767_225_600
_DAYS: Final = 7 * 86_400


def test_a_stretch_of_time_has_the_builds_of_its_parts() -> None:
    whole = list(builds("fra1", NOW, NOW + 10_000))
    parts = [
        one for start in range(NOW, NOW + 10_000, 777) for one in builds("fra1", start, min(start + 777, NOW + 10_000))
    ]

    assert whole == parts
    assert len({one.id for one in whole}) == len(whole) >= 10_000 // SLOT_SECONDS - 1


def test_builds_of_all_services_end_well_fail_and_are_given_up() -> None:
    ones = list(builds("fra1", NOW, NOW + _DAYS))
    states = Counter(one.state for one in ones)

    assert states.keys() == {"succeeded", "failed", "cancelled"}
    assert states["succeeded"] > states["failed"] > states["cancelled"] > 0
    assert {one.tenant for one in ones} == {one.tenant for one in deployments("fra1")}
    assert all(0 < one.finished - one.started <= 325 for one in ones)


def test_a_build_is_told_as_the_builder_tells_it() -> None:
    one = next(builds("nyc1", NOW, NOW + _DAYS))
    begun, over = (build_report.read(orjson.dumps(one.delivery(at))) for at in (one.started, one.finished))

    assert (begun.state.name, begun.started_at, begun.finished_at) == ("RUNNING", one.started, None)
    assert (over.state.name.lower(), over.started_at, over.finished_at) == (one.state, one.started, one.finished)
    assert begun.delivery_id != over.delivery_id
    assert begun.tenant == one.tenant
