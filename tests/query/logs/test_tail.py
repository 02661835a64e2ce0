"""Live tails: every record once, over reconnects too; ends when the caller may not go on; a slow client is told."""

from __future__ import annotations

import json
import socket
import time
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.query import platform
from tests.query.logs import samples
from tests.query.logs.reference import Sample
from tests.query.logs.serving import log_door
from tests.query.logs.tailing import QUICK, tailing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client

    from tests.compose.clickhouse.serving import Server
    from tests.query.logs.serving import LogDoor
    from tests.query.platform import Tokens

MAX_BEATS = 6


@pytest.fixture(scope="module")
def quick(
    tmp_path_factory: pytest.TempPathFactory, log_server: Server, ours: list[Sample], control: tuple[str, Tokens]
) -> Iterator[LogDoor]:
    """A front-door whose tails are quick and few, before a store that has records already."""
    assert ours
    logs = QUICK | {"limits": {"tails": 3, "tail_lag_seconds": 2}}
    with log_door(
        tmp_path_factory.mktemp("tail-door"), {"near": log_server.reader_url}, control=control, logs=logs
    ) as door:
        yield door


def fresh(seed: int, count: int, mark: str = "") -> list[Sample]:
    """Records of right now."""
    return samples.random_samples(
        platform.PROJECT_A, (platform.SERVICE_A1,), count, end=samples.now(), seed=seed, mark=mark
    )


def ids(some: list[Sample]) -> Counter[str]:
    return Counter(f"{one.id:016x}" for one in some)


def test_new_records_come_once_and_no_one_elses(quick: LogDoor, log_writer: Client) -> None:
    new = fresh(101, 40)
    theirs = samples.random_samples(
        platform.PROJECT_B, (platform.SERVICE_A1,), 40, end=samples.now(), seed=102, mark=platform.SECRET
    )
    with quick.client() as client, tailing(client) as stream:
        opened = next(stream)
        samples.insert(log_writer, theirs)
        samples.insert(log_writer, new)
        found: Counter[str] = Counter()
        for event in stream:
            if "data" in event:
                found[event["data"]["id"]] += 1
                assert event["data"]["project_id"] == platform.PROJECT_A
            elif found.total() >= len(new):
                break

    assert opened["event"] == "open"
    assert ids(new) == found


def test_tails_that_share_a_feed_each_show_every_record_once(quick: LogDoor, log_writer: Client) -> None:
    with quick.client() as client, tailing(client) as one, tailing(client) as two, tailing(client, q="-zz") as three:
        streams = (one, two, three)
        for stream in streams:
            next(stream)
        found: list[Counter[str]] = [Counter() for _ in streams]
        new = [fresh(150 + batch, 20) for batch in range(3)]
        for batch in new:
            samples.insert(log_writer, batch)
            for stream, seen in zip(streams, found, strict=True):
                before = seen.total()
                while seen.total() < before + len(batch):
                    event = next(stream)
                    if "data" in event:
                        seen[event["data"]["id"]] += 1

    assert [ids([one for batch in new for one in batch])] * 3 == found


def test_a_filter_narrows_a_tail(quick: LogDoor, log_writer: Client) -> None:
    with quick.client() as client, tailing(client, q="@pod:web-1wanted") as stream:
        next(stream)
        new = fresh(111, 30, "wanted")
        samples.insert(log_writer, [*fresh(112, 10), *new])
        expected = ids([one for one in new if one.pod == "web-1wanted"])
        found: Counter[str] = Counter()
        while found.total() < expected.total():
            event = next(stream)
            if "data" in event:
                found[event["data"]["id"]] += 1

    assert expected == found


def test_no_gap_and_no_duplicate_over_reconnects(quick: LogDoor, log_writer: Client) -> None:
    inserted: list[Sample] = []
    found: Counter[str] = Counter()
    last = ""
    with quick.client() as client:
        with tailing(client) as stream:
            last = next(stream)["id"]
        for attempt in range(25):
            new = fresh(1000 + attempt, 12)
            samples.insert(log_writer, new)
            inserted += new
            with tailing(client, last=last) as stream:
                next(stream)
                # Cut in the middle of things: after a few records, at a place that differs each time.
                for event in stream:
                    last = str(event.get("id", last))
                    if "data" in event:
                        found[event["data"]["id"]] += 1
                        if found.total() % 7 == attempt % 7:
                            break
                    elif "comment" in event:
                        break
        with tailing(client, last=last) as stream:
            for event in stream:
                if event.get("event") is None and "data" in event:
                    found[event["data"]["id"]] += 1
                elif "comment" in event:
                    break

    assert ids(inserted) == found


def test_a_heartbeat_moves_the_position_on(quick: LogDoor) -> None:
    with quick.client() as client, tailing(client, q="nothing-has-this-word") as stream:
        opened, *beats = islice(stream, 1 + MAX_BEATS)

    assert [beat["comment"] for beat in beats] == ["heartbeat"] * MAX_BEATS
    # On a busy machine a heartbeat may fall due before the store was asked again: it then stays where it was.
    assert len({opened["id"], *(beat["id"] for beat in beats)}) >= 3


def test_a_project_has_a_number_of_tails(quick: LogDoor) -> None:
    with quick.client() as client:
        with tailing(client) as one, tailing(client) as two, tailing(client) as three:
            assert [next(stream)["event"] for stream in (one, two, three)] == ["open"] * 3
            refused = client.get("logs/tail")
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with client.stream("GET", "logs/tail") as again:
                if again.status_code == 200:
                    break
            time.sleep(0.1)

    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert again.status_code == 200


def test_a_slow_client_is_told_what_it_did_not_get(quick: LogDoor, log_writer: Client) -> None:
    parts = urlsplit(quick.url)
    request = (
        f"GET /v1/projects/{platform.PROJECT_A}/logs/tail?q=%40container%3Amainslow HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {quick.tokens.viewer}\r\n\r\n"
    )
    received = b""
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(30)
        slow.connect((parts.hostname or "", parts.port or 0))
        slow.sendall(request.encode())
        received += slow.recv(2048)
        body = "x" * 4000
        total = 0
        for seed in range(8):
            batch = [
                Sample(
                    platform.PROJECT_A, "production", platform.SERVICE_A1, samples.now(), seed * 1000 + n + 1,
                    container="mainslow", body=body,
                )
                for n in range(1000)
            ]  # fmt: skip
            samples.insert(log_writer, batch)
            total += len(batch)
        time.sleep(3.5)
        # On a busy machine it may be too slow more than once.
        while not received.endswith(b"\n\n\r\n") or sum(counted(received)) < total:
            received += slow.recv(1 << 20)

    shown, dropped = counted(received)
    assert shown + dropped == total
    assert dropped > 0


def counted(received: bytes) -> tuple[int, int]:
    """How many records were shown, and how many were said to have been dropped."""
    blocks = received.split(b"event: dropped")[1:]
    dropped = [json.loads(block.partition(b"data: ")[2].partition(b"\n")[0])["records"] for block in blocks]
    return received.count(b'"container":"mainslow"'), sum(dropped)


@pytest.mark.parametrize("last", ["x", "A" * 96])
def test_a_forged_position_is_refused(quick: LogDoor, last: str) -> None:
    with quick.client() as client:
        answer = client.get("logs/tail", headers={"Last-Event-ID": last})
        page = client.get("logs", params={"limit": 1}).json()
        other = client.get("logs/tail", headers={"Last-Event-ID": page["next_cursor"]})
        old = client.get("logs/tail", params={"start": "2026-01-01T00:00:00Z"})

    assert [answer.status_code, other.status_code, old.status_code] == [400, 400, 422]
