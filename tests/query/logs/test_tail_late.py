"""A record is stamped when its insert begins: one whose insert takes long is shown all the same, and once."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

from tests.query import platform
from tests.query.logs import samples
from tests.query.logs.reference import Sample
from tests.query.logs.serving import log_door
from tests.query.logs.tailing import QUICK, tailing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.compose.clickhouse.serving import Server
    from tests.query.logs.serving import LogDoor
    from tests.query.logs.tailing import Event
    from tests.query.platform import Tokens

pytestmark = pytest.mark.timeout(180)

SLOW: Final = 24
_ATTEMPTS: Final = 10
# Sleeps over each record: all are stamped when it begins, and visible when it is over, six seconds later.
_SLOWLY: Final = """
INSERT INTO starmeter.logs (project_id, environment, service_id, retention_days, timestamp, id, source, severity, pod)
SELECT {project:UUID}, 'slow', {service:UUID}, 30, fromUnixTimestamp64Nano({start:Int64} + toInt64(number)),
    {first:UInt64} + number, 'app', 9, 'slow'
FROM numbers({amount:UInt64}) WHERE NOT ignore(sleepEachRow(0.25))
"""
_RUNNING: Final = (
    "SELECT count() FROM system.processes WHERE query LIKE '%INSERT%sleepEachRow%' AND query NOT LIKE '%LIKE%'"
)


@pytest.fixture(scope="module")
def quick(
    tmp_path_factory: pytest.TempPathFactory, log_server: Server, control: tuple[str, Tokens]
) -> Iterator[LogDoor]:
    folder = tmp_path_factory.mktemp("late-door")
    with log_door(folder, {"near": log_server.reader_url}, control=control, logs=QUICK) as door:
        yield door


class _Insert:
    """A slow insert under way."""

    def __init__(self, server: Server, first: int) -> None:
        self.ids = {f"{first + n:016x}" for n in range(SLOW)}
        self._server = server
        self._first = first
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        with contextlib.closing(server.writer()) as client:
            while not self.is_over and client.query(_RUNNING).result_rows == [(0,)]:
                time.sleep(0.05)

    def _run(self) -> None:
        values = {"project": platform.PROJECT_A, "service": platform.SERVICE_A1, "start": time.time_ns()}
        with contextlib.closing(self._server.writer()) as client:
            client.command(_SLOWLY, values | {"first": self._first, "amount": SLOW}, settings={"max_block_size": 1})

    @property
    def is_over(self) -> bool:
        return not self._thread.is_alive()

    def await_end(self) -> None:
        self._thread.join()


class _Clock:
    """Records of right now, again and again, that a tail shows in their turn."""

    def __init__(self, server: Server, first: int) -> None:
        self.ids: list[str] = []
        self._client = server.writer()
        self._number = first

    def tick(self) -> str:
        self._number += 1
        place = (platform.PROJECT_A, "slow", platform.SERVICE_A1, time.time_ns(), self._number)
        samples.insert(self._client, [Sample(*place, pod="quick")])
        self.ids.append(f"{self._number:016x}")
        return self.ids[-1]

    def close(self) -> None:
        self._client.close()


class _Tailed:
    """What tails of one environment have shown, one after the other."""

    def __init__(self, door: LogDoor, server: Server, first: int) -> None:
        self._door = door
        self._server = server
        self._first = first
        self.last = ""
        self.shown: list[str] = []
        self.expected: list[str] = []

    @contextlib.contextmanager
    def following(self) -> Iterator[Iterator[Event]]:
        """A tail that goes on where the last one was cut."""
        with self._door.client() as client, tailing(client, last=self.last, q="@environment:slow") as stream:
            self._note(next(stream))
            yield stream

    def follow(self, stream: Iterator[Event], wanted: set[str], *, most: int = 10**6) -> None:
        """Until some records have been shown, or as many records as `most`."""
        before = len(self.shown)
        while not wanted <= set(self.shown) and len(self.shown) < before + most:
            self._note(next(stream))

    def _note(self, event: Event) -> None:
        self.last = str(event.get("id", self.last))
        assert event.get("event") in {None, "open"}
        if "data" in event and event.get("event") is None:
            self.shown.append(event["data"]["id"])

    def overtaken(self, stream: Iterator[Event], clock: _Clock) -> _Insert:
        """An insert that runs still when the tail has shown a record that came in after it."""
        for attempt in range(_ATTEMPTS):
            slow = _Insert(self._server, self._first + 100 * attempt)
            self.expected += sorted(slow.ids)
            self.follow(stream, {clock.tick()})
            if not slow.is_over:
                return slow
            self.follow(stream, slow.ids)
        raise AssertionError("no tail is quicker than six seconds")


def test_a_record_whose_insert_takes_long_is_shown_out_of_turn(quick: LogDoor, log_server: Server) -> None:
    tailed = _Tailed(quick, log_server, 50_000)
    with tailed.following() as stream, contextlib.closing(_Clock(log_server, 40_000)) as clock:
        slow = tailed.overtaken(stream, clock)
        slow.await_end()
        tailed.follow(stream, {clock.tick(), *slow.ids})
        tailed.follow(stream, {clock.tick()})

    assert Counter(tailed.shown) == Counter([*clock.ids, *tailed.expected])


def test_a_record_whose_insert_takes_long_is_shown_once_over_connections(quick: LogDoor, log_server: Server) -> None:
    tailed = _Tailed(quick, log_server, 150_000)
    with contextlib.closing(_Clock(log_server, 140_000)) as clock:
        with tailed.following() as stream:
            slow = tailed.overtaken(stream, clock)
        slow.await_end()
        with tailed.following() as stream:
            tailed.follow(stream, slow.ids, most=7)
        with tailed.following() as stream:
            tailed.follow(stream, {clock.tick(), *slow.ids})
        with tailed.following() as stream:
            tailed.follow(stream, {clock.tick()})

    assert Counter(tailed.shown) == Counter([*clock.ids, *tailed.expected])


def test_old_records_that_came_in_at_once_are_not_late(quick: LogDoor, log_server: Server) -> None:
    tailed = _Tailed(quick, log_server, 0)
    begin = time.time_ns() - 86_400 * samples.SECOND
    place = (platform.PROJECT_A, "slow", platform.SERVICE_A1)
    # A day old, one after the other, while the tail is running.
    old = [Sample(*place, begin + n * samples.SECOND // 4, 200_000 + n) for n in range(-20, 80)]
    with contextlib.closing(_Clock(log_server, 210_000)) as clock, contextlib.closing(log_server.writer()) as client:
        samples.insert(client, old)
        with tailed.following() as stream:
            for _ in range(6):
                tailed.follow(stream, {clock.tick()})

    assert tailed.shown == clock.ids
