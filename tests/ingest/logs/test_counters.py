"""The counters of outcomes add up to what was received, in every format."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.ingest.logs.serving import ingest
from tests.ingest.logs.test_formats import otlp, otlp_json
from tests.ingest.logs.world import LABELS, SHOP, WEB, of, record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.compose.clickhouse.serving import Server
    from tests.ingest.logs.serving import Store
    from tests.ingest.logs.world import Platform

_OUTCOMES = ("accepted", "rejected", "limited", "duplicate")
_WINDOW = 10**10


def _fluent(sent: list[tuple[str, int, dict[str, str]]]) -> list[dict[str, Any]]:
    return [record(body, at=at, labels=labels) for body, at, labels in sent]


def _otlp(sent: list[tuple[str, int, dict[str, str]]]) -> bytes:
    whole = otlp([])
    for body, at, labels in sent:
        one = otlp([body], labels)
        one.resource_logs[0].scope_logs[0].log_records[0].time_unix_nano = at
        whole.MergeFrom(one)
    return bytes(whole.SerializeToString())


def _otlp_json(sent: list[tuple[str, int, dict[str, str]]]) -> bytes:
    resources = []
    for body, at, labels in sent:
        (one,) = otlp_json([{"stringValue": body}], timeUnixNano=str(at))["resourceLogs"]
        told = [{"key": f"k8s.pod.label.{key}", "value": {"stringValue": value}} for key, value in labels.items()]
        resources.append({**one, "resource": {"attributes": told}})
    return orjson.dumps({"resourceLogs": resources})


@pytest.mark.parametrize(
    ("path", "media_type", "encode"),
    [
        pytest.param("/fluentbit", "application/json", lambda sent: orjson.dumps(_fluent(sent)), id="fluent bit"),
        pytest.param(
            "/ndjson", "application/x-ndjson", lambda sent: b"\n".join(map(orjson.dumps, _fluent(sent))), id="vector"
        ),
        pytest.param("", "application/x-protobuf", _otlp, id="otlp"),
        pytest.param("", "application/json", _otlp_json, id="otlp in json"),
    ],
)
def test_outcomes_add_up_to_the_records_received(  # noqa: PLR0917 - fixtures and the format's parts
    tmp_path: Path,
    platform: Platform,
    server: Server,
    store: Store,
    path: str,
    media_type: str,
    encode: Callable[[list[tuple[str, int, dict[str, str]]]], bytes],
) -> None:
    # So long ago that the store is asked for each, and in one window.
    at = (time.time_ns() // _WINDOW - 12) * _WINDOW
    labels = [of(SHOP, WEB, "gone") if number % 8 == 7 else LABELS for number in range(120)]
    body = encode([(f"{number:03d}", at + number, labels[number]) for number in range(120)])
    found = []
    for times in (2, 1):
        with ingest(tmp_path, platform, server.writer_url, limits={"records_per_second": 8}) as running:
            for _ in range(times):
                assert running.post(path, body, Content_Type=media_type).status_code == 200
            running.settle()
            found.append({one: running.metric("ingest_records_total", region="fra1", outcome=one) for one in _OUTCOMES})

    # Delivered twice to one process, and once more to the next, which knows nothing but what is in the store.
    assert found == [
        {"accepted": 80, "rejected": 15, "limited": 2 * 25, "duplicate": 80 + 15},
        {"accepted": 0, "rejected": 15, "limited": 25, "duplicate": 80},
    ]
    assert [sum(one.values()) for one in found] == [2 * 120, 120]
    assert len(store.bodies()) == 80
    assert len(store.letters()) >= 15
