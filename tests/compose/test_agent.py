"""The simulated agent and builder: what they tell, and when."""

from __future__ import annotations

from typing import Final

import orjson

from compose.agent import Agent, Builder
from compose.cluster.builds import builds
from compose.cluster.inventory import EVICTION_SECONDS

NOW: Final = 1_767_225_600


def test_a_report_tells_all_pods_and_what_is_gone_since_the_last_one() -> None:
    agent = Agent("fra1")
    seen: list[set[str]] = []
    gone: set[str] = set()
    for at in range(NOW, NOW + 2 * EVICTION_SECONDS, 15):
        report = orjson.loads(agent.report(at))
        seen.append({pod["metadata"]["uid"] for pod in report["pods"]})
        gone |= {pod["metadata"]["uid"] for pod in report["deleted"]}

    assert report["heartbeat"] is True
    assert len(gone) >= 4
    assert gone == set.union(*seen) - seen[-1]


def test_each_build_is_told_at_its_start_and_at_its_end_once() -> None:
    builder = Builder("fra1", NOW)
    told = [orjson.loads(body) for at in range(NOW + 15, NOW + 7_200, 15) for body in builder.deliveries(at)]
    ids = [one["delivery_id"] for one in told]
    whole = [one.id for one in builds("fra1", NOW, NOW + 6_000)]

    assert len(set(ids)) == len(ids)
    assert {f"{one}-{when}" for one in whole for when in ("start", "end")} <= set(ids)
    assert {one["build"]["state"] for one in told if one["delivery_id"].endswith("-start")} == {"running"}
