"""Billing's time: whole UTC seconds since 1970, hours, days and months of UTC, periods that exclude their end."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from core.errors import BadRequest

HOUR: Final = 3_600
DAY: Final = 86_400
_DECEMBER: Final = 12
_SPELLING: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def hour_of(second: int) -> int:
    """The beginning of the UTC hour that a second is in."""
    return second - second % HOUR


def day_of(second: int) -> int:
    """The beginning of the UTC day that a second is in."""
    return second - second % DAY


def iso(second: int) -> str:
    """As `2026-01-31T00:00:00Z`."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def date(second: int) -> str:
    """The UTC day as `2026-01-31`."""
    return iso(second)[:10]


def parse(text: str, field: str) -> int:
    """A UTC second from its one spelling.

    Raises:
        BadRequest: another spelling, another zone, or a fraction of a second; the message names `field`.
    """
    try:
        # By itself strptime takes 2026-3-1T0:0:0z and other scripts' digits as well.
        spelt = text if _SPELLING.fullmatch(text) else ""
        instant = datetime.strptime(spelt, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise BadRequest(f"{field}: {text[:40]!r} is no UTC time; write it as 2026-01-31T00:00:00Z") from None
    return int(instant.timestamp())


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A half-open span of whole UTC hours.

    Raises:
        BadRequest: a bound within an hour, or an end that is not after the start.
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        for field in ("start", "end"):
            if getattr(self, field) % HOUR:
                raise BadRequest(f"{field}: {iso(getattr(self, field))} is within an hour; use a whole UTC hour")
        if self.end <= self.start:
            raise BadRequest(f"end: {iso(self.end)} is not after {iso(self.start)}; a period excludes its end")

    def __contains__(self, second: int) -> bool:
        return self.start <= second < self.end

    @property
    def hours(self) -> int:
        """How many hours it has; a month of UTC has no daylight saving."""
        return (self.end - self.start) // HOUR

    def __str__(self) -> str:
        return f"[{iso(self.start)}, {iso(self.end)})"


def month(year: int, number: int) -> Period:
    """A calendar month of UTC."""
    following = (year + 1, 1) if number == _DECEMBER else (year, number + 1)
    return Period(calendar.timegm((year, number, 1, 0, 0, 0)), calendar.timegm((*following, 1, 0, 0, 0)))


def month_of(second: int) -> Period:
    """The calendar month of UTC that a second is in."""
    return _month_of_day(day_of(second))


def months(period: Period) -> list[Period]:
    """The calendar months of UTC that a period touches."""
    found = [month_of(period.start)]
    while found[-1].end < period.end:
        found.append(month_of(found[-1].end))
    return found


@lru_cache(maxsize=4096)
def _month_of_day(day: int) -> Period:
    # Remembered, since rating asks for it line by line.
    instant = datetime.fromtimestamp(day, UTC)
    return month(instant.year, instant.month)
