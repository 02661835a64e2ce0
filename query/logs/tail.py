"""`/logs/tail`: records as they come in, as server-sent events; a position in the order of coming in resumes it.

Each record's event has its position as id. A client that reconnects with `Last-Event-ID` gets what follows, no more and
no less. Nothing is held for a client: the next records are read when it has taken the last ones, and one that is too
slow is told how many it did not get.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import orjson

from core.errors import CallerError, StarmeterError, TooBusy, Unavailable
from core.scope import Action
from query.logs import condition, moment
from query.logs.arguments import OverLimitError
from query.logs.condition import Condition, alternatives, compiled
from query.logs.cursor import BadCursorError, Cursor, Kind
from query.logs.feed import Place, feed_of
from query.logs.record import AT, ID, record

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from query.logs.door import LogDoor
    from query.logs.expression import Expression
    from query.logs.feed import Tails
    from query.logs.read import Read
    from query.logs.reader import Row

NAMES: Final = ("q", "start")
MEDIA_TYPE: Final = "text/event-stream"

_SEEN, _PASSES = 12, 13
_AT_ONCE: Final = 500
_REMEMBERED: Final = 10_000
# Polls a second of all tails of a process together.
_POLLS: Final = 200
_MILLI: Final = 1_000_000
_RETRY_MILLISECONDS: Final = 1_000
# How far back a tail may begin, and how late a record may be by its own time.
_OLDEST: Final = moment.DAY


class Tail:
    """One client's tail.

    Raises:
        BadRequest: an argument or the last event's id is wrong.
    """

    def __init__(self, read: Read, door: LogDoor, tails: Tails, last_event: str) -> None:
        self._read = read
        self._door = door
        self._tails = tails
        self._expression = read.arguments.expression()
        self._feed = feed_of(read)
        # All tails of one grant ask at the same moments, those of different ones at different moments.
        self._phase = hash(self._feed.grant) % max(int(read.settings.poll_seconds * 1000), 1)
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
            if piece and await self._ended():
                continue  # the store took its time: what it answered is not for who may not see it any more
            if piece:
                said = time.monotonic()
                yield piece
            elif time.monotonic() - said >= settings.heartbeat_seconds:
                said = time.monotonic()
                yield b": heartbeat\nid: %b\n\n" % self._id().encode()
            if not is_full:
                await self._wait(self._pause())

    async def _wait(self, seconds: float) -> None:
        """Wait for the next poll, or until the caller may not go on: that must not wait for the store's sake."""
        until, most = time.monotonic() + seconds, self._read.settings.check_seconds
        while (rest := until - time.monotonic()) > 0:
            await asyncio.sleep(min(rest, most))
            if rest > most and await self._ended():
                return

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
        until = self._settled()
        if until <= self._position.start:
            return b"", False
        if until - self._position.start > self._lag:
            async with self._door.place(self._read):
                return await self._drop(until), False
        place = Place(self._feed.grant, self._position, until)
        within = self._within(until)
        rows, number = await self._tails.rows(
            place, self._feed.query, self._expression, lambda filters: self._rows(within, filters)
        )
        is_full = len(rows) == _AT_ONCE
        events = []
        for row in rows:
            self._position = Cursor(Kind.TAIL, row[_SEEN], 0, row[AT], row[ID])
            if (len(row) == _PASSES or row[_PASSES][number]) and self._is_new(row):
                events.append(_event(None, record(row), self._id()))
        if not is_full:
            # Whatever else came in before it is settled: the next poll need not look there again.
            self._position = Cursor(Kind.TAIL, until, 0, 0, 0)
        return b"".join(events), is_full

    async def _rows(self, within: list[Condition], filters: Sequence[Expression | None]) -> Sequence[Row]:
        reader = self._read.reader
        async with self._door.place(self._read):
            if len(filters) == 1:
                return await reader.rows("tail", [*within, *compiled(filters[0])], limit=_AT_ONCE)
            return await reader.rows("tail_shared", within, either=alternatives(filters), limit=_AT_ONCE)

    def _grid(self) -> int:
        """Milliseconds between the moments at which tails ask: more when there are many to be read for."""
        poll = max(int(self._read.settings.poll_seconds * 1000), 1)
        return poll * -(-self._tails.reads * 1000 // (_POLLS * poll))

    def _settled(self) -> int:
        """Up to when records are shown: the last moment of the feed's own grid by which all are visible."""
        grid, settle = self._grid(), int(self._read.settings.settle_seconds * 1000)
        return (time.time_ns() // _MILLI - settle - self._phase) // grid * grid + self._phase

    def _pause(self) -> float:
        """Seconds until the next such moment."""
        settle = int(self._read.settings.settle_seconds * 1000)
        return max((self._settled() + self._grid() + settle) / 1000 - time.time(), 0.01)

    async def _drop(self, until: int) -> bytes:
        """Leave out what the client was too slow for, and tell it how much that was."""
        rows = await self._read.reader.rows("tail_count", [*self._within(until), *compiled(self._expression)])
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
        return [came_in]

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
