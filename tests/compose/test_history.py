"""A past of the demonstration: the evidence that its agents would have sent, once."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import pytest
from pydantic import SecretStr

from billing.hour import DAY, Period
from billing.ledger.store import Ledger as UsageLedger
from compose.agent import Agent
from compose.cluster.builds import builds
from compose.cluster.inventory import Cluster
from compose.demo import REGIONS
from compose.history import History
from ingest.usage import pod_report
from ingest.usage.store import Evidence
from tests.ingest.usage.ledger import Ledger, ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START: Final = 1_767_225_600
_PAST: Final = Period(START, START + 7_200)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    folder: Path = tmp_path_factory.mktemp("ledger")
    with ledger(folder) as opened:
        evidence, store = Evidence(SecretStr(opened.url)), UsageLedger.at(opened.url)
        done: list[int] = []
        sights = [History(evidence, store).write(_PAST, done.append) for _ in range(2)]
        evidence.close()
        store.close()
        assert done == [1, 2, 1, 2]
        # What is told already is not even made again.
        assert (sights[0] > 0, sights[1]) == (True, 0)
        yield opened


def test_history_tells_at_a_second_what_the_agent_would_have_told(written: Ledger) -> None:
    columns = "uid, phase::String, cpu_m, memory_b, node, toUnixTimestamp(started_at), toUnixTimestamp(finished_at)"
    for second in (START + 10, START + 1_850, START + 3_690):
        told = pod_report.read(Agent("fra1").report(second)).pods
        expected = sorted(
            (one.uid, one.phase.name.lower(), one.cpu_m, one.memory_b, one.node, one.started_at, one.finished_at)
            for one in (pod.sight for pod in told)
        )

        found = written.rows(columns, f"pod_observations WHERE observed_at = {second} AND region = 'fra1'")
        assert expected == found


def test_no_pod_comes_or_goes_unseen_and_none_for_longer_than_two_minutes(written: Ledger) -> None:
    seen: dict[str, list[int]] = {}
    for uid, second in written.rows("uid, toUnixTimestamp(observed_at)", "pod_observations WHERE region = 'fra1'"):
        seen.setdefault(uid, []).append(second)
    holes = [later - earlier for seconds in seen.values() for earlier, later in itertools.pairwise(seconds)]

    assert {pod.uid for at in range(START, _PAST.end, 15) for pod in Cluster("fra1").known(at)} == seen.keys()
    assert max(holes) <= 120


def test_every_slot_has_a_heartbeat_and_every_build_its_end_and_twice_is_once(written: Ledger) -> None:
    assert written.rows("region, count()", "heartbeats GROUP BY region") == [("fra1", 240), ("nyc1", 240)]
    ones = [one for region in REGIONS for one in builds(region, START, _PAST.end)]
    assert written.rows("build_id", "build_events WHERE state >= 'succeeded'") == sorted((one.id,) for one in ones)
    assert written.rows("count() - uniqExact(uid, observed_at)", "pod_observations") == [(0,)]
    assert written.rows("count() - uniqExact(uid)", "pod_registrations") == [(0,)]


def test_a_long_past_is_told_day_by_day() -> None:
    assert History.days(Period(START, START + 31 * DAY)) == 31 * len(REGIONS)
