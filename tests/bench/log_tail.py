"""How long a record is on its way to those who follow it: alone, and among 500 tails of one process."""

from __future__ import annotations

import json
import selectors
import socket
import statistics
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tests.bench.log_store import busy_projects
from tests.query import platform
from tests.query.logs import samples
from tests.query.logs.reference import Sample

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from tests.bench.log_store import Bench, Row

TAILS: Final = 500
RECORDS: Final = 25
MOST_P95_SECONDS: Final = 2.0
_OPEN_SECONDS: Final = 120
_PATIENCE_SECONDS: Final = 60


def measure(place: Bench) -> list[Row]:
    """Latencies of one tail and of many."""
    client = place.server.writer()
    rows = [*_followed(place, client, 1, "one tail"), *_followed(place, client, TAILS, f"{TAILS} tails")]
    client.close()
    return rows


def _followed(place: Bench, client: Client, amount: int, name: str) -> list[Row]:
    """Follow with `amount` tails over all busy projects, and put a record into each project again and again."""
    projects = busy_projects()
    latencies: list[float] = []
    with selectors.DefaultSelector() as selector:
        tails = [_Tail(place, projects[number % len(projects)]) for number in range(amount)]
        try:
            for tail in tails:
                tail.await_open()
                selector.register(tail.socket, selectors.EVENT_READ, tail)
            used = sorted({tail.project for tail in tails})
            for number in range(RECORDS):
                now = time.time()
                samples.insert(client, [_record(project, number) for project in used])
                missing = amount
                deadline = now + _PATIENCE_SECONDS
                while missing:
                    for key, _ in selector.select(timeout=1):
                        got = key.data.records()
                        latencies += [time.time() - now] * got
                        missing -= got
                    if time.time() > deadline:
                        raise AssertionError(f"{missing} of {amount} tails got no record")
        finally:
            for tail in tails:
                tail.socket.close()
    p95 = statistics.quantiles(latencies, n=20)[-1]
    return [
        (f"{name}: record to client, median", f"{statistics.median(latencies):.2f} s", "", True),
        (f"{name}: record to client, p95", f"{p95:.2f} s", f"<= {MOST_P95_SECONDS:g} s", p95 <= MOST_P95_SECONDS),
    ]


def _record(project: str, number: int) -> Sample:
    return Sample(
        project, "production", platform.SERVICE_A1, time.time_ns(), number + 1, body=json.dumps({"n": number})
    )


class _Tail:
    """A client that follows a project."""

    def __init__(self, place: Bench, project: str) -> None:
        parts = urlsplit(place.door.url)
        self.project = project
        self.socket = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=_OPEN_SECONDS)
        credential = f"Authorization: Bearer {place.owner}"
        head = f"GET /v1/projects/{project}/logs/tail HTTP/1.1\r\nHost: x\r\n{credential}\r\n\r\n"
        self.socket.sendall(head.encode())
        self._received = b""

    def await_open(self) -> None:
        """Wait until the tail has begun."""
        while b"event: open" not in self._received or not self._received.endswith(b"\n\n\r\n"):
            self._received += self.socket.recv(1 << 16)
        self._received = b""

    def records(self) -> int:
        """How many records have come in since the last call."""
        piece = self.socket.recv(1 << 16)
        if not piece:
            raise AssertionError("a tail was ended")
        # A record's data never comes apart from its name, but the name may come apart.
        text = self._received + piece
        self._received = text[-16:] if b'"timestamp"' not in text[-16:] else b""
        return text.count(b'"timestamp"')
