"""Dead letters that can be attributed by now become records; the others stay."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING
from uuid import uuid4

from core.control import connect
from core.registry import Registry
from tests.ingest.logs.serving import ingest
from tests.ingest.logs.test_formats import otlp, otlp_json
from tests.ingest.logs.world import LABELS, SHOP, Platform, of, record

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.compose.clickhouse.serving import Server
    from tests.ingest.logs.serving import Store


def _replay(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "starmeter", "ingest", "replay", "--config", str(folder / "ingest.toml"), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_letters_of_a_service_that_exists_by_now_become_records_once(
    tmp_path: Path, server: Server, store: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    platform = Platform.create(tmp_path_factory.mktemp("own"))
    new = str(uuid4())
    labels = of(SHOP, new)
    with ingest(tmp_path, platform, server.writer_url) as running:
        running.post("/fluentbit", [record("by fluent bit", labels=labels), record("x", labels=None)])
        running.post("/ndjson", record("by vector", labels=labels))
        running.post("", otlp(["by otlp"], labels).SerializeToString(), Content_Type="application/x-protobuf")
        as_json = otlp_json([{"stringValue": "by json"}])
        as_json["resourceLogs"][0]["resource"]["attributes"] = [
            {"key": f"k8s.pod.label.{key}", "value": {"stringValue": value}} for key, value in labels.items()
        ]
        running.post("", as_json)
        running.settle()
        assert [reason for reason, _ in store.letters()] == ["no_labels", *["unknown_service"] * 4]
        engine = connect(platform.url)
        Registry(engine).create_service(SHOP, "new", service_id=new)
        engine.dispose()

        tried = _replay(tmp_path, "--dry-run", "--region", "fra1", "--json")
        assert store.bodies() == []
        done = _replay(tmp_path, "--region", "fra1")
        again = _replay(tmp_path, "--region", "fra1", "--reason", "unknown_service")

    assert "Traceback" not in tried.stderr + done.stderr + again.stderr, done.stderr
    assert json.loads(tried.stdout) == {
        "region": "fra1",
        "dry_run": True,
        "letters": 4,
        "records": 4,
        "known": 0,
        "still": {"no_labels": 1},
    }
    assert done.stdout == "fra1: 4 dead letters became 4 records (0 known)\nfra1: 1 stay: no_labels\n"
    assert again.stdout == "fra1: 0 dead letters became 0 records (0 known)\n"
    assert [tried.returncode, done.returncode, again.returncode] == [1, 1, 0]
    assert store.bodies() == ["by fluent bit", "by json", "by otlp", "by vector"]
    assert store.rows("SELECT DISTINCT toString(l.service_id) FROM starmeter.logs AS l") == [(new,)]
    assert store.rows(
        "SELECT d.reason, count(), countIf(d.replayed_at IS NOT NULL), max(d.revision) "
        "FROM starmeter.dead_letters AS d FINAL GROUP BY d.reason ORDER BY d.reason"
    ) == [("no_labels", 1, 0, 0), ("unknown_service", 4, 4, 1)]
    assert LABELS


def test_a_replay_tells_what_is_wrong_with_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "ingest.toml").write_text('spol = "x"\n')
    told = _replay(tmp_path)

    assert told.returncode == 2
    assert "spol: unknown key" in told.stderr
    assert "Traceback" not in told.stderr
