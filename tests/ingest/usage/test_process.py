"""Usage taken by a whole ingest process, as it is configured and started."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from pydantic import ValidationError

from compose.process import free_port
from ingest.usage.settings import UsageSettings
from ingest.usage.signature import HEADER, sign
from tests.ingest.logs.serving import ingest
from tests.ingest.usage.manifests import AT, delivery, pod, report
from tests.ingest.usage.serving import SECRET

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ingest.logs.world import Platform
    from tests.ingest.usage.ledger import Ledger


def test_a_process_takes_pods_and_builds_by_its_settings(tmp_path: Path, store: Ledger, platform: Platform) -> None:
    (tmp_path / "ledger").write_text(store.url)
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    usage = {"ledger_url_file": "ledger", "build_secret_file": "secret"}
    logs = f"http://writer:x@127.0.0.1:{free_port()}"
    with ingest(tmp_path, platform, logs, usage=usage) as running:
        told = running.url.removesuffix("/v1/logs")
        bearer = {"Authorization": f"Bearer {platform.near}"}
        pods = httpx.post(f"{told}/v1/usage/pods", json=report(pod(), at=AT + 90), headers=bearer, timeout=30)
        body = json.dumps(delivery()).encode()
        signed = {HEADER: sign(SECRET.encode(), body, int(time.time()))}
        build = httpx.post(f"{told}/v1/usage/builds", content=body, headers=signed, timeout=30)
        paths = httpx.get(f"{told}/openapi.json", timeout=30).json()["paths"]

        assert (pods.status_code, build.status_code) == (200, 200)
        assert {"/v1/usage/pods", "/v1/usage/builds"} < paths.keys()
        assert running.metric("ingest_usage_requests_total", kind="pods", code="200") == 1
    assert len(store.rows("*", "pod_observations")) == len(store.rows("*", "build_events")) == 1


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        pytest.param({"build_secret": "short"}, "too short", id="a secret that can be guessed"),
        pytest.param({"previous_build_secret": SECRET}, "of no use without build_secret", id="an old one alone"),
        pytest.param({"secrets": [SECRET]}, "extra", id="an unknown key"),
    ],
)
def test_settings_that_are_not_safe_are_refused(given: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        UsageSettings.model_validate({"ledger_url": "http://writer:x@127.0.0.1:8123", **given})
