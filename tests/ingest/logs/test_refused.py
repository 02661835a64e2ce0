"""A batch that the store refuses for what is in it: it is set aside, shown, and tried again when somebody asks."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx

from core.tenant import Tenant
from ingest.owner import APP, owner_of
from ingest.rows import Records
from ingest.segment import Kind, block
from tests.ingest.logs.serving import ingest, until
from tests.ingest.logs.world import SHOP, WEB, batch, names

if TYPE_CHECKING:
    from pathlib import Path

    from tests.compose.clickhouse.serving import Server
    from tests.ingest.logs.serving import Store
    from tests.ingest.logs.world import Platform


def _file(count: int, *, is_wrong: bool) -> bytes:
    """A spool's file of records named `again`; a wrong one holds what is no project's id."""
    owner = owner_of(Tenant(SHOP, "production", WEB), APP, 30)
    records = Records("fra1")
    now = time.time_ns()
    for number, body in enumerate(names("again", count)):
        at = now + number
        records.append(owner, at, at, 9, "pod", "web", b"", b"", body, {}, "", False)
    table = records.table()
    if is_wrong:
        table = table.set_column(0, "project_id", [["no id"] * count])
    return block(Kind.RECORDS, table)


def _refused(folder: Path, *options: str) -> tuple[int, list[dict[str, object]]]:
    command = [sys.executable, "-m", "starmeter", "ingest", "refused", "--config", str(folder / "ingest.toml")]
    done = subprocess.run([*command, "--json", *options], capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_a_refused_batch_waits_in_sight_holds_up_no_other_and_is_stored_when_tried_again(
    tmp_path: Path, platform: Platform, server: Server, store: Store
) -> None:
    folder = tmp_path / "spool" / "fra1"
    folder.mkdir(parents=True)
    (folder / f"{1:020d}.segment").write_bytes(_file(40, is_wrong=True))
    log = tmp_path / "ingest.log"
    with ingest(tmp_path, platform, server.writer_url, batch_seconds=0.1) as running:
        until(lambda: running.metric("ingest_batches_set_aside", region="fra1") == 1, "it was not set aside")
        # Others go on, and what is set aside still counts as being in the spool.
        assert running.post("/fluentbit", batch("later", 5)).json()["accepted"] == 5
        until(lambda: store.bodies() == names("later", 5), "the next batch was held up")
        assert running.metric("ingest_spool_bytes", region="fra1") > 0
        assert "a batch is set aside; `starmeter ingest refused` shows it" in log.read_text()

        shown = {"region": "fra1", "file": f"{1:020d}.refused", "records": 40, "letters": 0}
        assert _refused(tmp_path) == (1, [{**shown, "again": False}])
        # Nothing was mended yet: it is refused, and waits again.
        assert _refused(tmp_path, "--again") == (0, [{**shown, "again": True}])
        until(lambda: log.read_text().count("a batch is set aside") == 2, "it was not tried again")
        until(lambda: running.metric("ingest_batches_set_aside", region="fra1") == 1, "it was not set aside")
        (folder / str(shown["file"])).write_bytes(_file(40, is_wrong=False))
        assert _refused(tmp_path, "--again", "--region", "fra1")[0] == 0
        until(lambda: len(store.bodies()) == 45, "it was not stored")
        until(lambda: httpx.get(f"{running.url}/readyz").json()["regions"]["fra1"] == "ok", "it fails")
        assert running.metric("ingest_batches_set_aside", region="fra1") == 0
        assert _refused(tmp_path) == (0, [])

    assert store.bodies() == [*names("again", 40), *names("later", 5)]
    assert list(folder.glob("*.*")) == []


def test_a_region_that_is_not_configured_is_named(tmp_path: Path, platform: Platform, server: Server) -> None:
    with ingest(tmp_path, platform, server.writer_url):
        command = [sys.executable, "-m", "starmeter", "ingest", "refused", "--config", str(tmp_path / "ingest.toml")]
        done = subprocess.run([*command, "--region", "x"], capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 2
    assert "region: x is not in" in done.stderr
