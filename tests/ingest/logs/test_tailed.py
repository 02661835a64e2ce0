"""A live tail shows what ingest takes, however long it waited in the spool."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core.control import connect
from core.registry import Registry
from sql import load
from tests.ingest.logs.serving import NOWHERE, ingest, kill, until
from tests.ingest.logs.world import SHOP, Platform, fixed, record
from tests.query.logs.serving import log_door
from tests.query.logs.tailing import tailing
from tests.query.platform import Tokens

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.compose.clickhouse.serving import Server
    from tests.ingest.logs.serving import Store
    from tests.query.logs.serving import LogDoor

_SETTLE_SECONDS = 3.0


def test_records_that_waited_for_the_store_are_shown_once_beside_those_that_come(
    tmp_path: Path, server: Server, store: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    platform = Platform.create(tmp_path_factory.mktemp("own"))
    engine = connect(platform.url)
    Registry(engine).set_workspace_role(fixed("acme"), "owner", "owner")
    token = Registry(engine).issue_token("owner", "tail", now=datetime.now(UTC)).text
    engine.dispose()
    tokens = Tokens(**dict.fromkeys((field.name for field in fields(Tokens)), token))
    # By it a front-door proves its isolation; whoever empties the table takes it, too.
    server.writer().command(load("logs/0002_canary"))
    urls = dict.fromkeys(("near", "fra1"), server.reader_url)
    logs = {"settle_seconds": _SETTLE_SECONDS, "poll_seconds": 0.2, "heartbeat_seconds": 0.3}
    waited, came = ([f"{name} {number}" for number in range(5)] for name in ("waited", "came"))
    shown: Counter[str] = Counter()
    # What ends the front-door ends the tail, too.
    with (
        ThreadPoolExecutor(1) as pool,
        log_door(tmp_path / "door", urls, control=(platform.url, tokens), logs=logs) as door,
    ):
        opened = threading.Event()
        tail = pool.submit(_follow, door, opened, shown, {*waited, *came})
        assert opened.wait(40)
        with ingest(tmp_path / "ingest", platform, NOWHERE) as first:
            for body in waited:
                assert first.post("/fluentbit", [record(body)]).json()["accepted"] == 1
            acknowledged = time.monotonic()
            kill(first)
        until(lambda: time.monotonic() > acknowledged + _SETTLE_SECONDS + 1, "the tail has not gone past")
        with ingest(tmp_path / "ingest", platform, server.writer_url, batch_seconds=1.0) as second:
            for body in came:
                assert second.post("/fluentbit", [record(body)]).json()["accepted"] == 1
                time.sleep(0.4)
            second.settle()
        until(tail.done, "it has not shown all")
        tail.result()

    assert shown == Counter([*waited, *came])
    assert store.bodies() == [*came, *waited]


def _follow(door: LogDoor, opened: threading.Event, shown: Counter[str], all_of_them: set[str]) -> None:
    """Read a tail until it has shown all, and a while longer for what it would show twice."""
    with door.client(project_id=SHOP) as client, tailing(client) as stream:
        for event in stream:
            if event.get("event") == "open":
                opened.set()
            elif "event" not in event and "data" in event:
                shown[event["data"]["body"]] += 1
            elif {*shown} == all_of_them:
                return
