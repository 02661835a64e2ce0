"""`/logs/tail`: records as they come in, as server-sent events; a position in the order of coming in resumes it.

Each record's event has its position as id. A client that reconnects with `Last-Event-ID` gets what follows, no more and
no less. Nothing is held for a client: the next records are read when it has taken the last ones, and one that is too
slow is told how many it did not get. A record that became visible long after it was stamped comes out of turn, but it
comes (`query.logs.arrivals`).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from typing import TYPE_CHECKING, Final

import orjson

from core.errors import StarmeterError, TooBusy
from core.scope import Action
from query.logs import moment, problem
from query.logs.arguments import OverLimitError
from query.logs.arrivals import Accounted
from query.logs.feed import Place
from query.logs.incoming import AT_ONCE, MILLI, OLDEST, Incoming
from query.logs.position import Position
from query.logs.rhythm import Rhythm
from query.verification import IsolationError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from query.logs.arrivals import Arrivals
    from query.logs.door import LogDoor
    from query.logs.feed import Shown, Tails
    from query.logs.read import Read

NAMES: Final = ("q", "start")
MEDIA_TYPE: Final = "text/event-stream"

_REMEMBERED: Final = 10_000
# Stamps whose records are read for at a time.
_STAMPS: Final = 500
_RETRY_MILLISECONDS: Final = 1_000

_log = logging.getLogger("query.logs.tail")


class Tail:
    """One client's tail.

    Raises:
        BadRequest: an argument or the last event's id is wrong.
    """

    def __init__(self, read: Read, door: LogDoor, tails: Tails, last_event: str) -> None:
        self._read = read
        self._door = door
        self._grant = read.scope.only
        self._incoming = Incoming(read, door, tails)
        self._rhythm = Rhythm(read.settings, tails, self._grant)
        now = time.time_ns()
        start = read.arguments.moment("start")
        stamp = (now if start is None else start) // MILLI
        self._resumed = Position.read(read.signer, last_event) if last_event else Position(stamp, since=stamp)
        self._position = self._resumed
        behind = now // MILLI - self._position.stamp
        if behind > OLDEST // MILLI:
            raise OverLimitError("start: a tail begins at most a day ago; search for what is older")
        # Who resumes may be that far behind, and catch up.
        self._lag = max(behind, 0) + read.settings.limits.tail_lag_seconds * 1000
        self._accounted = Accounted(stamp)
        self._is_begun = False
        # The stamps of late records that are being shown.
        self._mending: list[int] = []
        self._shown: deque[tuple[int, int]] = deque()
        self._known: set[tuple[int, int]] = set()

    async def events(self) -> AsyncGenerator[bytes, None]:
        """The events, until the time is up or the scope is not what it was."""
        settings = self._read.settings
        yield b"retry: %d\n" % _RETRY_MILLISECONDS + self._event("open", {})
        deadline = time.monotonic() + settings.limits.tail_seconds
        said = time.monotonic()
        while True:
            if ended := await self._ended():
                yield self._event("end", {"reason": ended})
                return
            if time.monotonic() >= deadline:
                yield self._event("reconnect", {})
                return
            try:
                piece, is_full = await self._poll()
            except StarmeterError as failure:
                if isinstance(failure, IsolationError):
                    raise
                _log.warning("a tail was told to reconnect", extra={"reason": failure.message})
                yield self._event("reconnect", {"reason": problem.document(failure)["code"]})
                return
            if piece and await self._ended():
                continue  # the store took its time: what it answered is not for who may not see it any more
            if piece:
                said = time.monotonic()
                yield piece
            elif time.monotonic() - said >= settings.heartbeat_seconds:
                said = time.monotonic()
                yield b": heartbeat\nid: %b\n\n" % self._id()
            if not is_full:
                await self._wait(self._rhythm.pause)

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
        until = self._rhythm.settled
        if until <= self._position.stamp:
            return b"", False
        late = int(self._read.settings.late_seconds * 1000)
        try:
            until, found = await self._incoming.arrivals(until - late, self._position.stamp, until)
            return await self._next(found, until - late, until)
        except TooBusy:
            return b"", False  # the project's other reads come first

    async def _next(self, found: Arrivals, since: int, until: int) -> tuple[bytes, bool]:
        """The next events, given what came in from `since` on, and whether there may be more."""
        if not self._is_begun and (lost := await self._begin(found, since)):
            return lost, True
        self._accounted.forget(since)
        here = self._position
        if until - here.stamp > self._lag:
            return await self._drop(found, until), False
        # What is late comes when all else was shown: a position is either within it, or within what is new.
        is_between = bool(here.late) or not (here.at or here.id)
        if is_between and (self._mending or self._accounted.late(found, here.stamp)):
            return await self._late(found), True
        return await self._in_turn(found, since, until)

    async def _in_turn(self, found: Arrivals, since: int, until: int) -> tuple[bytes, bool]:
        """The events of what came in after the last one."""
        here = self._position
        place = Place(self._grant, here.turn, until)
        if here.stamp >= since:
            # No others: what becomes visible while this is read is late, and accounted for when it is found.
            stamps = sorted(stamp for stamp in found if stamp >= here.stamp)[:_STAMPS]
            if not stamps:
                self._move(found, until)
                return b"", False
            until = min(until, stamps[-1] + 1)
            place = self._at(stamps, here.turn, found)
        rows, number = await self._incoming.records(place)
        pieces = []
        for one in rows:
            self._move(found, one.stamp, one.at, one.id)
            pieces.append(self._of(one, number))
        is_full = len(rows) == AT_ONCE
        if not is_full:
            # Whatever else came in before it is settled: the next poll need not look there again.
            self._move(found, until)
        return b"".join(pieces), is_full

    async def _begin(self, found: Arrivals, since: int) -> bytes:
        """Account for all that is visible at the beginning, but for what became so since the last connection."""
        place = self._resumed
        before: Arrivals = {}
        if place.since < place.stamp:
            before = await self._incoming.past(place.since, place.stamp)
        self._accounted = Accounted(min(since, place.since))
        self._accounted.note(found, 0, min(place.since, place.stamp))
        amount = self._accounted.restore(before, place.total)
        self._is_begun = True
        return self._missed(amount, place.since, place.stamp)

    async def _late(self, found: Arrivals) -> bytes:
        """The events of records that became visible when their turn was over."""
        here, accounted = self._position, self._accounted
        if not self._mending:
            self._mending = accounted.late(found, here.stamp)[:_STAMPS]
        stamps = self._mending
        begin = (here.late, here.at, here.id) if here.late else (stamps[0], 0, 0)
        rows, number = await self._incoming.records(self._at(stamps, begin, found))
        pieces = []
        for one in rows:
            self._position = Position(here.stamp, one.at, one.id, one.stamp, accounted.since, accounted.total)
            pieces.append(self._of(one, number))
        if len(rows) < AT_ONCE:
            accounted.mend(found, stamps)
            self._mending = []
            self._position = Position(here.stamp, since=accounted.since, total=accounted.total)
        return b"".join(pieces)

    def _at(self, stamps: list[int], begin: tuple[int, int, int], found: Arrivals) -> Place:
        """What came in at some moments, from a record on."""
        # What an earlier connection owes may be older than what was looked for: how much that is, is not known.
        is_small = all(stamp in found for stamp in stamps) and sum(found[stamp][0] for stamp in stamps) < AT_ONCE
        return Place(self._grant, begin, stamps[-1] + 1, tuple(stamps), is_small)

    def _of(self, one: Shown, number: int) -> bytes:
        """The event of a record, if it passes and was not shown before: one that is delivered twice comes in twice."""
        key = (one.at, one.id)
        if (one.passes is not None and not one.passes[number]) or key in self._known:
            return b""
        self._known.add(key)
        self._shown.append(key)
        if len(self._shown) > _REMEMBERED:
            self._known.discard(self._shown.popleft())
        return b"id: %b\ndata: %b\n\n" % (self._id(), one.text)

    def _move(self, found: Arrivals, stamp: int, at: int = 0, number: int = 0) -> None:
        """Stand at a record that came in at `stamp`, or before all of them."""
        here, accounted = self._position, self._accounted
        if stamp > here.stamp:
            accounted.note(found, here.stamp, stamp)
        self._position = Position(stamp, at, number, since=accounted.since, total=accounted.total)

    async def _drop(self, found: Arrivals, until: int) -> bytes:
        """Leave out what the client was too slow for, and tell it how much that was."""
        here = self._position
        amount = await self._incoming.amount(Place(self._grant, here.turn, until))
        self._mending = []
        self._move(found, until)
        self._lag = self._read.settings.limits.tail_lag_seconds * 1000
        return self._missed(amount, here.stamp, until)

    def _missed(self, amount: int, start: int, end: int) -> bytes:
        """Say that records of a range were not shown; nothing when none were missed."""
        span = {"from": moment.written(start * MILLI), "to": moment.written(end * MILLI)}
        return self._event("dropped", {"records": amount, **span}) if amount else b""

    def _id(self) -> bytes:
        return self._position.written(self._read.signer).encode()

    def _event(self, name: str, data: object) -> bytes:
        return b"event: %b\nid: %b\ndata: %b\n\n" % (name.encode(), self._id(), orjson.dumps(data))
