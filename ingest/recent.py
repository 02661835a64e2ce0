"""Which records were taken lately: the memory by which one that is delivered again is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Recent:
    """The ids of the latest `capacity` records at most, and at least half as many.

    `horizon` is the time (nanoseconds) since which every id is remembered. A record whose own timestamp is later cannot
    have been taken before it, so that for such a record the memory is the whole truth; for an older one only the store
    knows.
    """

    def __init__(self, capacity: int, now: int) -> None:
        self._half = max(1, capacity // 2)
        self._older: set[int] = set()
        self._newer: set[int] = set()
        self.horizon = now
        self._newer_since = now

    def __contains__(self, number: int) -> bool:
        return number in self._newer or number in self._older

    def add(self, number: int, now: int) -> None:
        """Remember an id that is taken at `now`."""
        if len(self._newer) >= self._half:
            self._older, self._newer = self._newer, set()
            self.horizon, self._newer_since = self._newer_since, now
        self._newer.add(number)

    def has_room(self, count: int) -> bool:
        """Whether so many ids can be remembered before others are given up, hence before the horizon moves."""
        return len(self._newer) + count <= self._half

    def known(self, numbers: set[int]) -> set[int]:
        """Those of the ids that are remembered."""
        return (numbers & self._newer) | (numbers & self._older)

    def add_all(self, numbers: Iterable[int]) -> None:
        """Remember ids for which there is room."""
        self._newer.update(numbers)

    def forget(self, numbers: Iterable[int]) -> None:
        """Undo `add`, for records that could not be kept after all."""
        for number in numbers:
            self._newer.discard(number)
            self._older.discard(number)
