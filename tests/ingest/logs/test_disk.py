"""The spool's disk: a block cut off, a spool that is full, a disk that is full. Nothing acknowledged is lost."""

from __future__ import annotations

import random
import resource
from typing import TYPE_CHECKING

import httpx

from tests.ingest.logs.serving import NOWHERE, ingest, kill
from tests.ingest.logs.world import batch, names, record

if TYPE_CHECKING:
    from pathlib import Path

    from tests.compose.clickhouse.serving import Server
    from tests.ingest.logs.serving import Store
    from tests.ingest.logs.world import Platform


def test_a_truncated_last_block_costs_nothing_that_was_acknowledged(
    tmp_path: Path, platform: Platform, server: Server, store: Store
) -> None:
    with ingest(tmp_path, platform, NOWHERE, batch_seconds=60.0) as first:
        for name in ("first", "second", "last"):
            assert first.post("/fluentbit", [record(name)]).json()["accepted"] == 1
        kill(first)
    (path,) = (tmp_path / "spool" / "fra1").glob("*.segment")
    whole = path.read_bytes()
    # As if it had been killed while it wrote the last one, whose sender therefore got no answer.
    path.write_bytes(whole[:-7])
    with ingest(tmp_path, platform, server.writer_url) as second:
        second.settle()
        assert store.bodies() == ["first", "second"]
        assert second.post("/fluentbit", [record("last")]).json()["accepted"] == 1
        second.settle()

    assert store.bodies() == ["first", "last", "second"]
    assert "a block that was never acknowledged is left out" in (tmp_path / "ingest.log").read_text()


def test_a_full_spool_refuses_with_a_time_to_try_again_and_recovers(
    tmp_path: Path, platform: Platform, server: Server, store: Store
) -> None:
    accepted = 0
    with ingest(tmp_path, platform, NOWHERE, spool_bytes=100_000) as running:
        for part in range(0, 5000, 500):
            answer = running.post("/fluentbit", batch(f"part {part:04d} {random.Random(part).random()}", 500))
            if answer.status_code == 503:
                break
            accepted += answer.json()["accepted"]
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "10"
        assert "spool is full" in answer.json()["detail"]
        otlp = running.post("", {"resourceLogs": []})
        assert (otlp.status_code, otlp.json()["code"], otlp.headers["retry-after"]) == (503, 14, "10")
        assert httpx.get(f"{running.url}/readyz").json()["regions"]["fra1"] == "the spool is full"
        # The other region's way in is its own.
        assert running.post("/fluentbit", [], token=platform.far).status_code == 200
        assert 500 <= accepted < 5000
    with ingest(tmp_path, platform, server.writer_url, spool_bytes=100_000) as running:
        running.settle()
        assert running.post("/fluentbit", batch("after", 1)).json()["accepted"] == 1
        running.settle()

    assert len(store.bodies()) == accepted + 1


def test_a_disk_that_is_full_refuses_then_recovers_and_loses_nothing_acknowledged(
    tmp_path: Path, platform: Platform, server: Server, store: Store
) -> None:
    before, during, after = (batch(name, 300) for name in ("before", "during", "after"))
    with ingest(tmp_path, platform, server.writer_url, batch_seconds=60.0) as running:
        assert running.post("/fluentbit", before).json()["accepted"] == 300
        unlimited = resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE)
        # No file of the process can grow beyond this, its log included.
        resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (512, unlimited[1]))
        for _ in range(3):
            refused = running.post("/fluentbit", during)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
            assert refused.json()["detail"] == "the spool cannot be written; try again"
        resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, unlimited)
        # What was refused was not remembered either: it is accepted, not taken for a duplicate.
        assert running.post("/fluentbit", during).json()["accepted"] == 300
        resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (512, unlimited[1]))
        assert running.post("/fluentbit", after).status_code == 503
        kill(running)
    with ingest(tmp_path, platform, server.writer_url) as running:
        assert running.post("/fluentbit", after).json()["accepted"] == 300
        running.settle()

    assert store.bodies() == sorted(names("before", 300) + names("during", 300) + names("after", 300))
