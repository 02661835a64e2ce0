"""Hours that a region's metrics store refuses to give: named failures, which hold up no other hour."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr

from billing.evidence.collector import MARGIN, Collector
from billing.hour import HOUR
from billing.ledger.slice import Slice
from billing.runs.record import RunState
from core.attribution import Attribution
from core.region import Region
from ingest.usage.store import Evidence
from tests.billing.runs.scene import CLUSTER, REGION, H

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.billing.runs.scene import Scene


class _Store(BaseHTTPRequestHandler):
    """Has no samples, and answers `status` when it is asked for the hour H."""

    status = 400
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        is_asked_for_h = form["start"][0] in {str(H - MARGIN), str(H)}
        self.send_response(self.status if is_asked_for_h else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _store(status: int) -> Iterator[str]:
    handler = type("_Answering", (_Store,), {"status": status})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "states"),
    [
        pytest.param(400, [RunState.FAILED, RunState.PUBLISHED], id="this hour alone"),
        pytest.param(422, [RunState.FAILED, RunState.PUBLISHED], id="this hour alone, in other words"),
        pytest.param(401, [RunState.FAILED, RunState.FAILED], id="nobody is let in"),
        pytest.param(500, [RunState.FAILED, RunState.FAILED], id="the store is broken"),
    ],
)
def test_a_refused_hour_fails_by_name_and_others_only_where_the_store_is_to_blame(
    one_scene: Scene, status: int, states: list[RunState]
) -> None:
    one_scene.now += HOUR
    evidence = Evidence(SecretStr(one_scene.ledger_url))
    with _store(status) as url:
        regions = [Region(name=REGION, metrics_url=url)]
        collector = Collector(regions, evidence, Attribution(one_scene.engine), clock=lambda: one_scene.now)
        outcomes = one_scene.run(*(Slice(H + n * HOUR, REGION, CLUSTER) for n in range(2)), collector=collector)
    evidence.close()

    assert [each.state for each in outcomes] == states
    assert outcomes[0].message == f"region {REGION}: the metrics store refuses an export (status {status})"
    assert one_scene.states() == {state.value: states.count(state) for state in states}
