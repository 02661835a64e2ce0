"""`/logs/tail`: records as they come in, as server-sent events; a position in the order of coming in resumes it.

Each record's event has its position as id. A client that reconnects with `Last-Event-ID` gets what follows, no more and
no less. Nothing is held for a client: the next records are read when it has taken the last ones, and one that is too
slow is told how many it did not get.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import orjson

from core.errors import CallerError, StarmeterError, TooBusy, Unavailable
from core.scope import Action
from query.logs import condition, moment
from query.logs.arguments import OverLimitError
from query.logs.condition import Condition, compiled
from query.logs.cursor import BadCursorError, Cursor, Kind
from query.logs.record import AT, ID, record

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from query.logs.door import LogDoor
    from query.logs.read import Read

NAMES: Final = ("q", "start")
MEDIA_TYPE: Final = "text/event-stream"

_SEEN: Final = 12
_AT_ONCE: Final = 500
_REMEMBERED: Final = 10_000
# Polls a second of all tails of a process together.
_POLLS: Final = 200
_MILLI: Final = 1_000_000
_RETRY_MILLISECONDS: Final = 1_000
# How far back a tail may begin, and how late a record may be by its own time.
_OLDEST: Final = moment.DAY


class Tails:
    """How many tails there are, of each project and of all."""

    def __init__(self) -> None:
        self._running: dict[str, int] = {}

    @property
    def total(self) -> int:
        """Of all projects."""
        return sum(self._running.values())

    @asynccontextmanager
    async def place(self, read: Read) -> AsyncIterator[None]:
        """A place among the project's tails.

        Raises:
            TooBusy: the project has as many as it may.
        """
        project, most = read.scope.only.project_id, read.settings.limits.tails
        count = self._running.get(project, 0)
        if count >= most:
            raise TooBusy(f"{most} tails of this project are running; end one or retry later", retry_after=5)
        self._running[project] = count + 1
        try:
            yield
        finally:
            self._running[project] -= 1
            if not self._running[project]:
                del self._running[project]


class Tail:
    """One client's tail.

    Raises:
        BadRequest: an argument or the last event's id is wrong.
    """

    def __init__(self, read: Read, door: LogDoor, tails: Tails, last_event: str) -> None:
        self._read = read
        self._door = door
        self._tails = tails
        self._filter = compiled(read.arguments.expression())
        now = time.time_ns()
        start = read.arguments.moment("start")
        self._position = Cursor(Kind.TAIL, (now if start is None else start) // _MILLI, 0, 0, 0)
        if last_event:
            self._position, _ = read.signer.read(last_event, "Last-Event-ID")
            if self._position.kind is not Kind.TAIL:
                raise BadCursorError("Last-Event-ID: of another kind of read; leave it out to begin anew")
        behind = now // _MILLI - self._position.start
        if behind > _OLDEST // _MILLI:
            raise OverLimitError("start: a tail begins at most a day ago; search for what is older")
        # Who resumes may be that far behind, and catch up.
        self._lag = max(behind, 0) + read.settings.limits.tail_lag_seconds * 1000
        self._shown: deque[tuple[int, int]] = deque()
        self._known: set[tuple[int, int]] = set()

    async def events(self) -> AsyncGenerator[bytes, None]:
        """The events, until the time is up or the scope is not what it was."""
        settings = self._read.settings
        yield b"retry: %d\n" % _RETRY_MILLISECONDS + _event("open", {}, self._id())
        deadline = time.monotonic() + settings.limits.tail_seconds
        said = time.monotonic()
        while True:
            if ended := await self._ended():
                yield _event("end", {"reason": ended}, self._id())
                return
            if time.monotonic() >= deadline:
                yield _event("reconnect", {}, self._id())
                return
            try:
                piece, is_full = await self._poll()
            except TooBusy:
                piece, is_full = b"", False  # the project's other reads come first
            except (Unavailable, CallerError) as failure:
                yield _event("reconnect", {"reason": failure.code}, self._id())
                return
            if piece:
                said = time.monotonic()
                yield piece
            elif time.monotonic() - said >= settings.heartbeat_seconds:
                said = time.monotonic()
                yield b": heartbeat\nid: %b\n\n" % self._id().encode()
            if not is_full:
                await asyncio.sleep(max(settings.poll_seconds, self._tails.total / _POLLS))

    async def _ended(self) -> str:
        """Why the caller may not go on; empty while it may."""
        read = self._read
        try:
            scope = await self._door.access.scope(read.credentials, Action.READ_LOGS, read.path)
        except StarmeterError as failure:
            return failure.code
        return "" if scope.version == read.scope.version else "scope_changed"

    async def _poll(self) -> tuple[bytes, bool]:
        """The events of what has come in since the last time, and whether there may be more already."""
        until = time.time_ns() // _MILLI - int(self._read.settings.settle_seconds * 1000)
        if until <= self._position.start:
            return b"", False
        async with self._door.place(self._read):
            if until - self._position.start > self._lag:
                return await self._drop(until), False
            rows = await self._read.reader.rows("tail", self._within(until), limit=_AT_ONCE)
        is_full = len(rows) == _AT_ONCE
        events = []
        for row in rows:
            self._position = Cursor(Kind.TAIL, row[_SEEN], 0, row[AT], row[ID])
            if self._is_new(row):
                events.append(_event(None, record(row), self._id()))
        if not is_full:
            # Whatever else came in before it is settled: the next poll need not look there again.
            self._position = Cursor(Kind.TAIL, until, 0, 0, 0)
        return b"".join(events), is_full

    async def _drop(self, until: int) -> bytes:
        """Leave out what the client was too slow for, and tell it how much that was."""
        rows = await self._read.reader.rows("tail_count", self._within(until))
        missed = sum(amount for _, amount in rows)
        span = (moment.written(self._position.start * _MILLI), moment.written(until * _MILLI))
        self._position = Cursor(Kind.TAIL, until, 0, 0, 0)
        self._lag = self._read.settings.limits.tail_lag_seconds * 1000
        return _event("dropped", {"records": missed, "from": span[0], "to": span[1]}, self._id()) if missed else b""

    def _within(self, until: int) -> list[Condition]:
        place = self._position
        came_in = Condition(
            condition.fixed("ingested"),
            {
                "seen": place.start,
                "until": until,
                "after": place.at,
                "after_id": place.id,
                "floor": max(place.start * _MILLI - _OLDEST, 0),
            },
        )
        return [came_in, *self._filter]

    def _is_new(self, row: Sequence[Any]) -> bool:
        """Whether a record was not shown before: one that is delivered twice comes in twice."""
        key = (row[AT], row[ID])
        if key in self._known:
            return False
        self._known.add(key)
        self._shown.append(key)
        if len(self._shown) > _REMEMBERED:
            self._known.discard(self._shown.popleft())
        return True

    def _id(self) -> str:
        return self._read.signer.write(self._position)


def _event(name: str | None, data: object, position: str) -> bytes:
    head = b"" if name is None else b"event: %b\n" % name.encode()
    return head + b"id: %b\ndata: %b\n\n" % (position.encode(), orjson.dumps(data))
