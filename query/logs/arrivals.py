"""Arrivals: how many records came in at each moment, and what of that one tail has accounted for.

A store stamps a record when its insert begins and shows it when that is over: the order of the stamps is not the order
in which records become visible. So a tail remembers, by stamp, how much it has accounted for. What a stamp has beyond
that is late, and is shown after all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    # How many records, and a digest of which they are: an exclusive or, so that it is one of parts as well.
    Total = tuple[int, int]
    # By the time they came in, in milliseconds.
    Arrivals = Mapping[int, Total]

NOTHING: Final = (0, 0)


def total(arrivals: Iterable[Total]) -> Total:
    """All of them together."""
    amount, digest = NOTHING
    for more, other in arrivals:
        amount, digest = amount + more, digest ^ other
    return amount, digest


def without(whole: Total, part: Total) -> Total:
    """What is left of a whole."""
    return whole[0] - part[0], whole[1] ^ part[1]


class Accounted:
    """What of a grant's arrivals a tail has shown or left out, from `since` (milliseconds) on."""

    def __init__(self, since: int) -> None:
        self.since = since
        self._known: dict[int, Total] = {}
        self._owed: set[int] = set()
        self._total: Total | None = NOTHING

    @property
    def total(self) -> Total:
        """All of it together."""
        if self._total is None:
            self._total = total(self._known.values())
        return self._total

    def late(self, found: Arrivals, before: int) -> list[int]:
        """The stamps before a time at which more came in than is accounted for."""
        known = self._known
        # Fewer are no news: they have expired, or the store that answered is behind the one that did before.
        grown = (stamp for stamp, one in found.items() if stamp < before and one[0] > known.get(stamp, NOTHING)[0])
        return sorted({*self._owed, *grown})

    def note(self, found: Arrivals, start: int, end: int) -> None:
        """Account for what came in from `start` on and before `end`."""
        self._mark({stamp: one for stamp, one in found.items() if start <= stamp < end})

    def mend(self, found: Arrivals, stamps: Iterable[int]) -> None:
        """Account for what came in late at these stamps."""
        stamps = set(stamps)
        self._owed -= stamps
        self._mark({stamp: found[stamp] for stamp in stamps if stamp in found})

    def forget(self, before: int) -> None:
        """Leave out what came in before a time: nothing of it becomes visible any more."""
        if before > self.since:
            self.since = before
            self._known = {stamp: one for stamp, one in self._known.items() if stamp >= before}
            self._total = None

    def restore(self, found: Arrivals, shown: Total) -> int:
        """Take up what another connection had accounted for: `shown`, of what is found now.

        What is missing is late. Returns how many records are missing of which it cannot be said which they are.
        """
        missing = without(total(found.values()), shown)
        self._mark(dict(found))
        if missing[0] <= 0:
            return 0  # if anything, records have gone
        stamps = _explained(found, missing)
        for stamp in stamps:
            del self._known[stamp]
        self._owed |= stamps
        return 0 if stamps else missing[0]

    def _mark(self, more: Arrivals) -> None:
        if more:
            self._known.update(more)
            self._total = None


def _explained(found: Arrivals, missing: Total) -> set[int]:
    """The stamps that make up what is missing: neighbours, as when a store came to a halt, or any two; or none."""
    stamps = sorted(found)
    running: Total = NOTHING
    reached: dict[Total, int] = {running: 0}
    for number, stamp in enumerate(stamps, 1):
        amount, digest = found[stamp]
        running = running[0] + amount, running[1] ^ digest
        begin = reached.get(without(running, missing))
        if begin is not None:
            return set(stamps[begin:number])
        reached[running] = number
    by_total = {one: stamp for stamp, one in found.items()}
    for stamp, one in found.items():
        other = by_total.get(without(missing, one), stamp)
        if other != stamp:
            return {stamp, other}
    return set()
