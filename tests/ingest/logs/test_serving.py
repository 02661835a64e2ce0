"""The process itself: a wrong configuration refuses to start, and what it does is counted."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.ingest.logs.serving import configured
from tests.ingest.logs.world import record

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ingest.logs.serving import Running
    from tests.ingest.logs.world import Platform


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(("batch_seconds", "batch_second"), "batch_second: unknown key", id="misspelt key"),
        pytest.param(("batch_seconds = 0.2", "batch_records = 10"), "batch_records: ", id="an insert a line"),
        pytest.param(("127.0.0.1:", "127.0.0.1/"), "listen: write it as host:port", id="no port"),
        pytest.param(('name = "nyc1"', 'name = "fra1"'), "regions: two regions have the same name", id="twice"),
        pytest.param(
            ('logs_url_file = "logs_url"', 'logs_url = "http://x:1"'), "region fra1: the log store", id="no user"
        ),
        pytest.param(("logs_url_file", "log_url_file"), "log_url: unknown key", id="misspelt secret"),
        pytest.param(
            ("[[regions]]", "[project_limits.x]\n[[regions]]", 1), "project_limits: x is not", id="no project id"
        ),
        pytest.param(
            ("[[regions]]", "[limits]\nwindow_seconds = 0\n[[regions]]", 1), "limits.window_seconds: ", id="no window"
        ),
        pytest.param(("/spool", "/logs_url/spool"), "spool: ", id="no folder"),
    ],
)
def test_a_wrong_configuration_refuses_to_start_and_names_the_key(
    tmp_path: Path, platform: Platform, change: tuple[Any, ...], said: str
) -> None:
    config = configured(tmp_path, platform, "http://writer:secret@127.0.0.1:1", 1)
    config.write_text(config.read_text().replace(*change))
    command = [sys.executable, "-m", "starmeter", "serve", "ingest", "--config", str(config)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert ended.returncode == 2, ended.stderr
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "secret" not in ended.stderr


def test_requests_are_counted_by_format_and_status(running_ingest: Running) -> None:
    running_ingest.post("/ndjson", record("counted"))
    running_ingest.post("/ndjson", b"unreadable")
    running_ingest.post("/ndjson", b"", token="x")
    running_ingest.post("/ndjson", b"", Content_Encoding="br")

    assert [
        running_ingest.metric("ingest_requests_total", protocol="ndjson", code=code)
        for code in ("200", "400", "401", "415")
    ] == [1, 1, 1, 1]
