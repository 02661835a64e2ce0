"""What each tenant may log, and what it is told of the rest."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from core.tenant import Tenant
from ingest.allowance import Allowances, Limits, Use
from ingest.owner import Owner
from tests.ingest.logs.serving import NOWHERE, ingest, kill, until
from tests.ingest.logs.world import LAB, LAB_WEB, SHOP, WEB, WORKER, of, record, rfc3339

if TYPE_CHECKING:
    from pathlib import Path

    from tests.compose.clickhouse.serving import Server
    from tests.ingest.logs.serving import Store
    from tests.ingest.logs.world import Platform

SECOND = 10**9
_HERE, _BESIDE = (Owner(Tenant(SHOP, "production", one), 1, 30, b"", b"", one.encode(), b"") for one in (WEB, WORKER))


def test_what_is_left_out_is_told_in_the_tenant_s_own_log_view(
    tmp_path: Path, platform: Platform, server: Server, store: Store
) -> None:
    limits = {"records_per_second": 10, "window_seconds": 10}
    # The beginning of a window, so that all of them are in one.
    at = (time.time_ns() // (10 * SECOND) - 1) * 10 * SECOND
    noisy = [record(f"noise {number:03d}", at=at + number * 10**6) for number in range(250)]
    with ingest(tmp_path, platform, server.writer_url, limits=limits) as running:
        answer = running.post("/fluentbit", noisy)
        quiet = running.post("/fluentbit", [record("quiet", labels=of(LAB, LAB_WEB))])
        until(lambda: running.metric("ingest_notices_total", region="fra1") == 1, "nobody was told")
        running.settle()
        outcomes = [
            running.metric("ingest_records_total", region="fra1", outcome=one) for one in ("accepted", "limited")
        ]

    assert answer.json() == {"accepted": 100, "rejected": 0, "limited": 150, "duplicate": 0}
    assert quiet.json()["accepted"] == 1
    assert outcomes == [101, 150]
    assert store.bodies() == [*(f"noise {number:03d}" for number in range(100)), "quiet"]
    ((project, service, body, attributes, severity),) = store.rows(
        "SELECT toString(l.project_id), toString(l.service_id), l.body, l.attributes, l.severity "
        "FROM starmeter.logs AS l WHERE l.source = 'platform'"
    )
    first, last = (f"{rfc3339(at + number * 10**6)[:23]}Z" for number in (100, 249))
    assert (project, service, severity) == (SHOP, WEB, 13)
    assert attributes == {
        "event": "records_limited",
        "records": "150",
        "bytes": str(150 * len("noise 000")),
        "first": first,
        "last": last,
        "reason": "the limit of 10 records a second",
    }
    assert body == (
        f"150 log records (1350 bytes) between {first} and {last} were left out: "
        "over the limit of 10 records a second for a service in an environment"
    )


def test_a_process_that_ends_tells_what_is_still_to_be_told(
    tmp_path: Path, platform: Platform, server: Server, store: Store
) -> None:
    of_project = {SHOP: {"records_per_second": 0.1, "window_seconds": 10}}
    at = (time.time_ns() // (10 * SECOND) - 1) * 10 * SECOND
    settings = {f"project_limits.{SHOP}": of_project[SHOP], "batch_seconds": 60.0}
    with ingest(tmp_path, platform, server.writer_url, **settings) as running:
        answer = running.post("/fluentbit", [record(f"{number}", at=at + number) for number in range(3)])
        other = running.post("/fluentbit", [record(f"{n}", at=at + n, labels=of(LAB, LAB_WEB)) for n in range(3)])
        running.process.terminate()
        until(lambda: not running.process.running, "it did not end")

    assert (answer.json()["limited"], other.json()["limited"]) == (2, 0)
    assert [body[:13] for body in store.bodies("platform")] == ["2 log records"]


def test_what_was_left_out_is_told_after_a_kill(
    tmp_path: Path, platform: Platform, server: Server, store: Store
) -> None:
    limits = {"records_per_second": 10, "window_seconds": 10}
    at = (time.time_ns() // (10 * SECOND) - 1) * 10 * SECOND
    with ingest(tmp_path, platform, NOWHERE, limits=limits) as running:
        for start, count in ((0, 150), (200, 70)):
            noisy = [record(f"noise {number:03d}", at=at + number) for number in range(start, start + count)]
            limited = running.post("/fluentbit", noisy).json()["limited"]
        kill(running)
    with ingest(tmp_path, platform, server.writer_url, limits=limits) as running:
        running.settle()
        told = running.metric("ingest_notices_total", region="fra1")

    assert limited == 70
    events = store.rows("SELECT l.attributes['records'] FROM starmeter.logs AS l WHERE l.source = 'platform'")
    assert told == len(events)
    assert sum(int(records) for (records,) in events) == 50 + 70


def test_an_allowance_is_counted_by_the_records_own_time() -> None:
    allowances = Allowances(Limits(records_per_second=1, window_seconds=10), {})
    # A backlog of an hour that arrives at once is within the limit.
    assert all(type(allowances.take(_HERE, second * SECOND, 1)) is Use for second in range(3600))
    assert allowances.take(_HERE, 0, 1) == "the limit of 1 records a second"
    assert type(allowances.take(_BESIDE, 0, 1)) is Use


def test_bytes_are_limited_besides_and_what_is_given_back_can_be_taken_again() -> None:
    allowances = Allowances(Limits(bytes_per_second=10, window_seconds=10), {})
    first = allowances.take(_HERE, 0, 60)
    assert isinstance(first, Use)
    assert allowances.take(_HERE, 0, 41) == "the limit of 10 bytes a second"
    assert type(allowances.take(_HERE, 0, 40)) is Use
    allowances.give_back([first])
    assert type(allowances.take(_HERE, 0, 60)) is Use
    assert allowances.take(_HERE, 0, 1) == "the limit of 10 bytes a second"
