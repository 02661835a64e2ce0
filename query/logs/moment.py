"""Points in time as nanoseconds since 1970: read from RFC 3339 or unix numbers, written as RFC 3339."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from core.errors import BadRequest
from query.moment import seconds_long

SECOND: Final = 1_000_000_000
DAY: Final = 86_400 * SECOND
# What the store's column and a signed 64-bit number both hold: until April 2262.
LATEST: Final = 2**63 - 1

_RFC3339: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_LONGEST_TEXT: Final = 64
_SECONDS: Final = re.compile(r"([0-9]{1,10})\.([0-9]{1,9})", re.ASCII)
_INTEGER: Final = re.compile(r"[0-9]{1,19}", re.ASCII)
# The unit of an integer by its number of digits: seconds until the year 5138, and so on.
_UNITS: Final = ((11, SECOND), (14, 1_000_000), (17, 1_000), (19, 1))


def nanoseconds(name: str, text: str) -> int:
    """A point in time.

    Raises:
        BadRequest: it is neither RFC 3339 nor a unix number of s, ms, µs or ns, or lies outside 1970 to 2262.
    """
    if _INTEGER.fullmatch(text):
        value = int(text) * next(unit for digits, unit in _UNITS if len(text) <= digits)
    elif match := _SECONDS.fullmatch(text):
        value = int(match[1]) * SECOND + int(match[2].ljust(9, "0"))
    elif match := _RFC3339.fullmatch(text):
        try:
            whole = datetime.fromisoformat(f"{match[1]}T{match[2]}{match[4].upper()}")
            value = int(whole.timestamp()) * SECOND + int((match[3] or "").ljust(9, "0"))
        except (ValueError, OverflowError):
            raise BadRequest(f"{name}: no such date or time") from None
    else:
        raise BadRequest(f"{name}: not a time; write RFC 3339, as in 2026-01-31T12:00:00Z, or unix s, ms, µs or ns")
    if not 0 <= value <= LATEST:
        raise BadRequest(f"{name}: out of range; write a time from 1970 to 2262")
    return value


def length(name: str, text: str) -> float:
    """A positive span of time in seconds, as `query.moment.seconds_long` reads it.

    Raises:
        BadRequest: it is none, or has more digits than any has.
    """
    if len(text) > _LONGEST_TEXT:
        raise BadRequest(f"{name}: longer than {_LONGEST_TEXT} characters; write a duration such as 30s")
    return seconds_long(name, text)


def written(value: int) -> str:
    """RFC 3339 in UTC with nine digits of a second."""
    seconds, fraction = divmod(value, SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"
