"""How long a record is on its way to those who follow it: `python -m tests.bench.log_tail` measures it alone.

One tail by itself; then 500 of one process over 50 projects, ten of each: once with one filter for all ten, once with
ten different ones. Each project gets one record at a time. A tail that is told to reconnect does so, from where it was.
Processor time is counted of each process, for it tells on a busy machine, too, what a second of following costs, and
that it is not the clients' process that is waited for.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import socket
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from tests.bench.log_store import bench, busy_projects
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
_ID: Final = re.compile(rb"id: (\S+)")


def measure(place: Bench) -> list[Row]:
    """Latencies of one tail and of many."""
    client = place.server.writer()
    rows = [
        *_followed(place, client, 1, "one tail"),
        *_followed(place, client, TAILS, f"{TAILS} tails, the same filter"),
        *_followed(place, client, TAILS, f"{TAILS} tails, different filters", filters=TAILS),
    ]
    client.close()
    return rows


def _followed(place: Bench, client: Client, amount: int, name: str, *, filters: int = 1) -> list[Row]:
    """Follow with `amount` tails over all busy projects, and put a record into each project again and again."""
    projects = busy_projects()
    latencies: list[float] = []
    with selectors.DefaultSelector() as selector:
        tails = [_Tail(place, projects[number % len(projects)], number % filters) for number in range(amount)]
        try:
            for tail in tails:
                tail.await_open()
                tail.attend(selector)
            used = sorted({tail.project for tail in tails})
            before = _spent(place)
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
            spent = _spent(place)
        finally:
            for tail in tails:
                tail.socket.close()
    p95 = statistics.quantiles(latencies, n=20)[-1]
    reconnects = sum(tail.reconnects for tail in tails)
    return [
        *(
            (f"{name}: processor time a round, {what}", f"{(spent[what] - before[what]) / RECORDS:.2f} s", "", True)
            for what in spent
        ),
        (f"{name}: reconnects", f"{reconnects}", "0", reconnects == 0),
        (f"{name}: record to client, median", f"{statistics.median(latencies):.2f} s", "", True),
        (f"{name}: record to client, p95", f"{p95:.2f} s", f"<= {MOST_P95_SECONDS:g} s", p95 <= MOST_P95_SECONDS),
    ]


def _spent(place: Bench) -> dict[str, float]:
    """Seconds of processor time so far: of the store, of the front-door, of the clients."""
    tick = os.sysconf("SC_CLK_TCK")
    spent = {}
    for what, pid in (("the store", place.server.pid), ("the front-door", place.door.pid), ("clients", os.getpid())):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        spent[what] = (int(fields[11]) + int(fields[12])) / tick
    return spent


def _record(project: str, number: int) -> Sample:
    return Sample(
        project, "production", platform.SERVICE_A1, time.time_ns(), number + 1, body=json.dumps({"n": number})
    )


class _Tail:
    """A client that follows a project under one of many filters, all of which let every record through."""

    def __init__(self, place: Bench, project: str, number: int) -> None:
        self._place = place
        self.project = project
        self._filter = quote(f"-absent{number}")
        self._last = b""
        self.reconnects = 0
        self._selector: selectors.BaseSelector | None = None
        self.socket = self._connected()

    def _connected(self) -> socket.socket:
        parts = urlsplit(self._place.door.url)
        self._received = b""
        connection = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=_OPEN_SECONDS)
        path = f"/v1/projects/{self.project}/logs/tail?q={self._filter}"
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self._place.owner}\r\n"
        resumed = b"Last-Event-ID: %b\r\n" % self._last if self._last else b""
        connection.sendall(head.encode() + resumed + b"\r\n")
        return connection

    def await_open(self) -> None:
        """Wait until the tail has begun."""
        while b"event: open" not in self._received or not self._received.endswith(b"\n\n\r\n"):
            piece = self.socket.recv(1 << 16)
            if not piece:
                raise AssertionError(f"a tail was not begun: {self._received[:300]!r}")
            self._received += piece
        self._last = _ID.findall(self._received)[-1]
        self._received = b""

    def attend(self, selector: selectors.BaseSelector) -> None:
        """Be told by a selector when something has come in."""
        self._selector = selector
        selector.register(self.socket, selectors.EVENT_READ, self)

    def records(self) -> int:
        """How many records have come in since the last call."""
        piece = self.socket.recv(1 << 16)
        if not piece:
            raise AssertionError("a tail was ended")
        *whole, self._received = (self._received + piece).split(b"\n\n")
        for event in whole:
            self._last = (_ID.findall(event) or [self._last])[-1]
        if any(b"event: reconnect" in event for event in whole):
            self._reconnect()
        return sum(b'"timestamp"' in event for event in whole)

    def _reconnect(self) -> None:
        if self._selector is not None:
            self._selector.unregister(self.socket)
            self.socket.close()
            self.reconnects += 1
            self.socket = self._connected()
            self.await_open()
            self.attend(self._selector)


def main() -> int:
    """Print the table; 0 when every target is met."""
    with tempfile.TemporaryDirectory() as name:
        limits = {"tails": 1_000, "tail_seconds": 600}
        with bench(Path(name), begun=datetime(2026, 1, 1, tzinfo=UTC), limits=limits) as place:
            rows = measure(place)
    for what, measured, target, met in rows:
        sys.stdout.write(f"{what:<55} {measured:>10}   {target:<10} {'' if met else 'MISSED'}\n")
    return 0 if all(met for *_, met in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
