"""What has come in of one grant, as tails read it: once for as many of them as stand at one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from query.logs import condition, moment
from query.logs.condition import Condition, alternatives, compiled
from query.logs.feed import Shown
from query.logs.record import AT, ID, record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from query.logs.arrivals import Arrivals
    from query.logs.door import LogDoor
    from query.logs.expression import Expression
    from query.logs.feed import Place, Tails
    from query.logs.read import Read

# Records of one read.
AT_ONCE: Final = 500
MILLI: Final = 1_000_000
# How far back a tail may begin, and how late a record may be by its own time.
OLDEST: Final = moment.DAY

_SEEN, _PASSES = 12, 13


class Incoming:
    """The reads of one tail; each of them takes a place among its project's reads.

    Every call raises what `LogReader` raises, and `TooBusy` when the project has no place for another read.
    """

    def __init__(self, read: Read, door: LogDoor, tails: Tails) -> None:
        self._read = read
        self._door = door
        self._tails = tails
        self._expression = read.arguments.expression()

    async def arrivals(self, since: int, after: int, until: int) -> tuple[int, Arrivals]:
        """How much came in at each moment from `since` on (milliseconds), whatever the filter; and before which time.

        That is `until` or another time beyond `after`.
        """
        return await self._tails.arrivals(self._read.scope.only, after, until, lambda: self._looked(since, until))

    async def past(self, since: int, until: int) -> Arrivals:
        """The same of a range that is over."""
        return await self._tails.past(self._read.scope.only, since, until, lambda: self._looked(since, until))

    async def _looked(self, since: int, until: int) -> Arrivals:
        came_in = {"seen": max(since, 0), "until": until, "floor": _floor(since)}
        within = Condition(condition.fixed("arrived"), came_in)
        async with self._door.place(self._read):
            rows = await self._read.reader.rows("tail_arrivals", [within])
        return {stamp: (amount, digest) for _, stamp, amount, digest in rows}

    async def records(self, place: Place) -> tuple[Sequence[Shown], int]:
        """The first `AT_ONCE` records of a place, in the order of coming in; and which of `passes` is this tail's."""
        within = _within(place)

        async def ask(filters: Sequence[Expression | None]) -> Sequence[Shown]:
            reader = self._read.reader
            async with self._door.place(self._read):
                if len(filters) == 1:
                    rows = await reader.rows("tail", [*within, *compiled(filters[0])], limit=AT_ONCE)
                else:
                    # What is few need not be narrowed to what passes: a store plans that for longer than it reads.
                    either, is_narrowed = alternatives(filters), not place.is_small
                    rows = await reader.rows(
                        "tail_shared", within, either=either, is_narrowed=is_narrowed, limit=AT_ONCE
                    )
            # Written once, for as many clients as there are.
            return [
                Shown(one[_SEEN], one[AT], one[ID], orjson.dumps(record(one)), one[_PASSES] if one[_PASSES:] else None)
                for one in rows
            ]

        return await self._tails.rows(place, self._read.arguments.query, self._expression, ask)

    async def amount(self, place: Place) -> int:
        """How many records of a place the filter lets through."""
        async with self._door.place(self._read):
            rows = await self._read.reader.rows("tail_count", [*_within(place), *compiled(self._expression)])
        return sum(amount for _, amount in rows)


def _within(place: Place) -> list[Condition]:
    seen, at, number = place.begin
    came_in = {"seen": seen, "until": place.until, "after": at, "after_id": number, "floor": _floor(seen)}
    within = [Condition(condition.fixed("ingested"), came_in)]
    if place.stamps:
        within.append(Condition(condition.fixed("stamps"), {"stamps": list(place.stamps)}))
    return within


def _floor(stamp: int) -> int:
    return max(stamp * MILLI - OLDEST, 0)
