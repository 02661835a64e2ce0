"""How much a cluster may have kept as dead letters, and how much more it sent: told by one letter for each window.

Whoever owns a record pays for it by an allowance; nobody owns a dead letter, so that the cluster that sent it does.
What of them waits for the store is bounded besides, or one agent without labels would fill the spool that all tenants
share.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict, Field

from ingest.allowance import Use
from ingest.entry import LetterReason, Protocol
from ingest.letters import Letters, letter_id

if TYPE_CHECKING:
    from collections.abc import Iterable

_NANO: Final = 1_000_000_000
_MILLI: Final = 1_000_000
# About what a letter takes beside its payload.
_FRAME_BYTES: Final = 128


class LetterLimits(BaseModel):
    """What one cluster may have kept as dead letters a second, averaged over a window, and of the spool at a time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    records_per_second: float = Field(default=200, gt=0)
    bytes_per_second: float = Field(default=4_000_000, gt=0)
    window_seconds: int = Field(default=10, ge=1)
    spool_share: float = Field(default=0.1, gt=0, le=1)


NO_LIMIT: Final = LetterLimits(records_per_second=1e12, bytes_per_second=1e15, spool_share=1.0)


class Rest(NamedTuple):
    """What a cluster sent beyond its limits in the window that began at `begin` (nanoseconds): records, bytes."""

    cluster: str
    begin: int
    left: list[int]


class Quota:
    """The dead letters of a region's clusters; to be used by one thread, and told by `turn` how the spool stands."""

    def __init__(self, limits: LetterLimits, spool_bytes: float) -> None:
        self._limits = limits
        self._width = limits.window_seconds * _NANO
        self._records = limits.records_per_second * limits.window_seconds
        self._bytes = limits.bytes_per_second * limits.window_seconds
        self._most_held = limits.spool_share * spool_bytes
        self._file = 0
        # By cluster: the latest window and what it had in it; what of it waits in the spool, in all and by file.
        self._taken: dict[str, tuple[int, list[int]]] = {}
        self._held: dict[str, list[int]] = {}
        self._files: dict[str, deque[tuple[int, list[int]]]] = {}
        self._rests: dict[tuple[str, int], Rest] = {}

    def turn(self, oldest: int, current: int) -> None:
        """Letters go to the spool's file number `current` from now on, and those before `oldest` are in the store."""
        self._file = current
        for cluster, files in self._files.items():
            held = self._held[cluster]
            while files and files[0][0] < oldest:
                _, (records, size) = files.popleft()
                held[0] -= records
                held[1] -= size

    def take(self, cluster: str, payload: bytes, now: int) -> tuple[bool, list[Use]]:
        """Whether a letter may be kept that came at `now`, and what is to be given back if it is not kept after all."""
        size = len(payload) + _FRAME_BYTES
        begin = now // self._width * self._width
        since, taken = self._taken.get(cluster, (-1, []))
        if since != begin:
            _, taken = self._taken[cluster] = begin, [0, 0]
        held = self._held.setdefault(cluster, [0, 0])
        if taken[0] < self._records and taken[1] + size <= self._bytes and held[1] + size <= self._most_held:
            used = [taken, held, self._of_file(cluster)]
        else:
            used = [self._rests.setdefault((cluster, begin), Rest(cluster, begin, [0, 0])).left]
        for one in used:
            one[0] += 1
            one[1] += size
        return len(used) > 1, [Use(one, size) for one in used]

    def _of_file(self, cluster: str) -> list[int]:
        files = self._files.setdefault(cluster, deque())
        if not files or files[-1][0] != self._file:
            files.append((self._file, [0, 0]))
        return files[-1][1]

    def due(self, now: int, *, is_last: bool) -> list[Rest]:
        """What is to be told: of the windows that are over, or of all."""
        return [rest for rest in self._rests.values() if rest.left[0] and (is_last or rest.begin + self._width <= now)]

    def told(self, rests: Iterable[Rest]) -> None:
        """Forget what was told."""
        for rest in rests:
            del self._rests[rest.cluster, rest.begin]

    def letters(self, rests: Iterable[Rest], region: str) -> Letters:
        """One letter for each, which counts what was not kept."""
        letters = Letters(region)
        seconds = self._limits.window_seconds
        for cluster, begin, (records, size) in rests:
            since = datetime.fromtimestamp(begin // _NANO, UTC).isoformat()
            payload = orjson.dumps({"records": records, "bytes": size, "since": since, "seconds": seconds})
            number = letter_id(cluster, Protocol.NDJSON, payload)
            detail = (
                f"{records} more records of the cluster were no one's or unreadable; mend its agents or their labels"
            )
            about = LetterReason.OVER_LIMIT, detail, cluster, Protocol.NDJSON, payload
            letters.append(number, (begin + self._width) // _MILLI, *about)
        return letters
