"""What a tenant is told, in its own log view, of records that were left out: how many, of which time, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ingest import level
from ingest.allowance import Dropped
from ingest.owner import platform_owner
from ingest.rows import record_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.owner import Owner
    from ingest.rows import Records

_NANO: Final = 1_000_000_000
_MILLI: Final = 1_000_000
# Where the event came from, in the columns that name a pod and its container.
_ORIGIN: Final = "starmeter"


class Notices:
    """Collects what is left out and tells each tenant once every `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._nanoseconds = int(seconds * _NANO)
        self._dropped: dict[bytes, tuple[Owner, Dropped]] = {}

    def note(self, limited: Iterable[tuple[Owner, str, int, int]], now: int) -> None:
        """Count records that were limited: whose, over which limit, of which time and size."""
        for owner, reason, timestamp, size in limited:
            found = self._dropped.get(owner.seed)
            if found is None:
                found = self._dropped[owner.seed] = (owner, Dropped(reason, now, timestamp, timestamp))
            found[1].note(timestamp, size)

    def due(self, now: int) -> float | None:
        """In how many seconds somebody must be told; `None` when there is nothing to tell."""
        if not self._dropped:
            return None
        _, first = next(iter(self._dropped.values()))
        return max(0.0, (first.began + self._nanoseconds - now) / _NANO)

    def write(self, records: Records, now: int, *, all_of_them: bool = False) -> list[Owner]:
        """Add the events that are due to `records`; returns whom they tell, for `told`."""
        told = []
        for owner, dropped in self._dropped.values():
            if not all_of_them and dropped.began + self._nanoseconds > now:
                break
            first, last = _text(dropped.first), _text(dropped.last)
            body = (
                f"{dropped.records} log records ({dropped.size} bytes) between {first} and {last} were left out: "
                f"over {dropped.reason} for a service in an environment"
            )
            own = platform_owner(owner)
            records.append(
                own,
                record_id(own.seed, dropped.last, _ORIGIN, "ingest", b"", f"{body} {now}"),
                dropped.last,
                now // _MILLI,
                level.WARN,
                _ORIGIN,
                "ingest",
                b"",
                b"",
                body,
                {
                    "event": "records_limited",
                    "records": str(dropped.records),
                    "bytes": str(dropped.size),
                    "first": first,
                    "last": last,
                    "reason": dropped.reason,
                },
                "",
                False,
            )
            told.append(owner)
        return told

    def told(self, owners: Iterable[Owner]) -> None:
        """Begin anew for these, whose events are durable."""
        for owner in owners:
            del self._dropped[owner.seed]


def _text(nanoseconds: int) -> str:
    whole = datetime.fromtimestamp(nanoseconds // _NANO, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{nanoseconds % _NANO // _MILLI:03d}Z"
