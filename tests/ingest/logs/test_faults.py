"""What is acknowledged is stored once, whatever ends when: ingest, the store, the disk, the delivery."""

from __future__ import annotations

import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
from sqlalchemy import text

from compose.clickhouse.store import Store as StoreProcess
from compose.home import Home
from compose.process import free_port
from core.control import connect
from tests.compose.clickhouse.serving import Server
from tests.ingest.logs.serving import NOWHERE, Store, ingest, kill, until
from tests.ingest.logs.world import LAB, LAB_WEB, Platform, batch, names, of, record

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.ingest.logs.serving import Running


def test_records_acknowledged_before_a_kill_are_stored_by_the_next_process(
    tmp_path: Path, platform: Platform, server: Server, store: Store
) -> None:
    sent = batch("kept", 1500)
    with ingest(tmp_path, platform, NOWHERE) as first:
        assert [first.post("/fluentbit", sent[i : i + 300]).json()["accepted"] for i in range(0, 1500, 300)] == [
            300
        ] * 5
        until(lambda: first.metric("ingest_store_failures", region="fra1") > 0, "it did not try")
        assert httpx.get(f"{first.url}/readyz").json()["regions"]["fra1"].startswith("the log store does not take")
        kill(first)
    assert store.bodies() == []
    with ingest(tmp_path, platform, server.writer_url) as second:
        # The agent, which may have had no answer, sends all of it again, and in another order.
        again = [*sent]
        random.Random(7).shuffle(again)
        assert second.post("/fluentbit", again).status_code == 200
        second.settle()
        duplicates = second.metric("ingest_records_total", region="fra1", outcome="duplicate")

    assert store.bodies() == names("kept", 1500)
    assert duplicates == 1500


def test_a_kill_at_any_moment_loses_and_doubles_nothing(
    tmp_path: Path, platform: Platform, server: Server, store: Store
) -> None:
    sent = batch("killed", 4000)
    # Of such a size that some are read in columns, and that many are on their way.
    parts = [part for i in range(0, len(sent), 200) for part in (sent[i : i + 50], sent[i + 50 : i + 200])]
    acknowledged = 0
    for number in range(3):
        with ingest(tmp_path, platform, server.writer_url) as running, ThreadPoolExecutor(4) as pool:
            answers = [pool.submit(_post, running, part) for part in parts[acknowledged:]]
            delay = 0.05 + 0.1 * number
            time.sleep(delay)
            kill(running)
            # Whatever was not answered in order is sent again, answered or not.
            for answer in answers:
                if not answer.result():
                    break
                acknowledged += 1
    with ingest(tmp_path, platform, server.writer_url) as running:
        assert all(_post(running, part) for part in parts[acknowledged:])
        running.settle()

    assert store.bodies() == names("killed", 4000)


def _post(running: Running, part: list[dict[str, object]]) -> bool:
    try:
        return running.post("/fluentbit", part).status_code == 200
    except httpx.TransportError:
        return False


def test_a_store_killed_during_batches_gets_each_record_once(tmp_path: Path, platform: Platform) -> None:
    process = StoreProcess(Home(tmp_path), "clickhouse", free_port(), tmp_path / "store")
    reader = process.writer_url()
    count = 20_000
    with process.process(migrated=True) as serving:
        with ingest(tmp_path / "ingest", platform, process.writer_url(), batch_records=1000) as running:
            for part in range(0, count, 1000):
                at = time.time_ns()
                body = [record(f"survives {part + i:05d}", at=at + i) for i in range(1000)]
                assert running.post("/fluentbit", body).json()["accepted"] == 1000
                if part in {4000, 11_000}:
                    os.kill(serving.pid, signal.SIGKILL)
                    until(lambda: not serving.running, "it did not end")
                if part in {8000, 15_000}:
                    serving.start()
                    serving.wait_ready()
            running.settle()
        found = Store(Server(process.writer_url(), reader))
        bodies = found.bodies()
        volume = found.rows("SELECT sum(v.records) FROM starmeter.logs_volume_1m AS v WHERE v.source = 'app'")
        found.close()

    assert bodies == names("survives", count)
    # What histograms are drawn from counts each once, too.
    assert volume == [(count,)]


def test_everything_three_times_and_out_of_order_at_once(
    tmp_path: Path, platform: Platform, server: Server, store: Store
) -> None:
    sent = batch("twice", 2000)
    # The largest are read in columns.
    parts = [sent[i : i + size] for size in (37, 101, 450) for i in range(0, 2000, size)]
    random.Random(3).shuffle(parts)
    with ingest(tmp_path, platform, server.writer_url) as running:
        with ThreadPoolExecutor(8) as pool:
            answers = [answer.json() for answer in pool.map(lambda part: running.post("/fluentbit", part), parts)]
        running.settle()

    assert sum(answer["accepted"] for answer in answers) == 2000
    assert sum(answer["duplicate"] for answer in answers) == 4000
    assert store.bodies() == names("twice", 2000)


def test_records_of_long_ago_delivered_to_a_process_that_forgot_them_are_found_in_the_store(
    tmp_path: Path, platform: Platform, server: Server, store: Store
) -> None:
    at = time.time_ns() - 86_400 * 10**9
    sent = [record(f"old {number:05d}", at=at + number * 10**7) for number in range(2500)]
    with ingest(tmp_path, platform, server.writer_url, remembered_records=2) as running:
        for part in (sent[:1500], sent, sent[1000:], [*reversed(sent)]):
            assert running.post("/fluentbit", part).status_code == 200
            running.settle()
        outcomes = [
            running.metric("ingest_records_total", region="fra1", outcome=one) for one in ("accepted", "duplicate")
        ]

    assert store.bodies() == names("old", 2500)
    assert outcomes == [2500, 1500 + 1500 + 2500]


def test_a_process_that_is_asked_to_end_empties_its_spool_first(
    tmp_path: Path, platform: Platform, server: Server, store: Store
) -> None:
    with ingest(tmp_path, platform, server.writer_url, batch_seconds=60.0) as running:
        assert running.post("/fluentbit", batch("ended", 20)).json()["accepted"] == 20
        assert store.bodies() == []
        running.process.terminate()
        until(lambda: not running.process.running, "it did not end")

    assert store.bodies() == names("ended", 20)


def test_while_the_control_store_fails_known_tenants_are_taken_and_others_wait(
    tmp_path: Path, server: Server, store: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    own = Platform.create(tmp_path_factory.mktemp("own"))
    engine = connect(own.url)
    new = record("not known yet", labels=of(LAB, LAB_WEB))
    with ingest(tmp_path, own, server.writer_url) as running:
        assert running.post("/fluentbit", [record("known")]).json()["accepted"] == 1
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE projects RENAME TO gone"))
        # What was known when it was asked is asked again, and stays in force.
        until(lambda: "is taken as it was last known" in _log(tmp_path, running), "nobody asked")
        waits = running.post("/fluentbit", [new, record("beside it")])
        assert (waits.status_code, waits.headers["retry-after"]) == (503, "5")
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE gone RENAME TO projects"))
        assert running.post("/fluentbit", [new, record("beside it")]).json()["accepted"] == 2
        running.settle()
    engine.dispose()

    assert {"known", "not known yet", "beside it"} <= set(store.bodies())
    assert store.letters() == []


def _log(folder: Path, running: Running) -> str:
    assert running.post("/fluentbit", [record("known, too")]).status_code == 200
    return (folder / "ingest.log").read_text()
