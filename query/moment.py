"""Times and durations as the Prometheus API writes them, read strictly and written canonically."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from core.errors import BadRequest

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,20}(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
_RFC3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_FRACTION: Final = re.compile(r"\.([0-9]{1,9})")
# At most twelve digits: Python refuses to read thousands of them, and 100 years are the most that is answered.
_DURATION: Final = re.compile("".join(rf"(?:([0-9]{{1,12}}){unit})?" for unit in ("y", "w", "d", "h", "m", "s", "ms")))
_SECONDS: Final = (31_536_000.0, 604_800.0, 86_400.0, 3_600.0, 60.0, 1.0, 0.001)
_LATEST: Final = 253_402_300_799.0  # the end of year 9999
_LONGEST: Final = 100 * 31_536_000.0


def seconds_at(name: str, text: str) -> float:
    """A point in time as unix seconds, from a unix number or RFC 3339.

    Raises:
        BadRequest: it is neither, or lies outside years 1 to 9999.
    """
    if _NUMBER.fullmatch(text):
        seconds = float(text)
    elif _RFC3339.fullmatch(text):
        # The standard library reads at most microseconds.
        text = _FRACTION.sub(lambda match: "." + match[1][:6].ljust(6, "0"), text)
        try:
            seconds = datetime.fromisoformat(text.upper().replace(" ", "T")).timestamp()
        except (ValueError, OverflowError):
            raise BadRequest(f"{name}: no such date or time") from None
    else:
        raise BadRequest(f"{name}: not a time; write unix seconds or RFC 3339, as in 2026-01-31T12:00:00Z")
    if not -_LATEST <= seconds <= _LATEST:
        raise BadRequest(f"{name}: out of range; write unix seconds, not milliseconds")
    return seconds


def seconds_long(name: str, text: str) -> float:
    """A positive span of time as seconds, from a number of seconds or a Prometheus duration such as `1m30s`.

    Raises:
        BadRequest: it is neither, or not between a millisecond and 100 years.
    """
    if _NUMBER.fullmatch(text):
        seconds = float(text)
    elif text and (match := _DURATION.fullmatch(text)):
        seconds = sum(
            int(count) * unit for count, unit in zip(match.groups(), _SECONDS, strict=True) if count is not None
        )
    else:
        raise BadRequest(f"{name}: not a duration; write seconds or a duration such as 30s, 5m or 1h30m")
    if not 0.001 <= seconds <= _LONGEST:  # noqa: PLR2004 - the store's resolution is a millisecond
        raise BadRequest(f"{name}: must be at least 1ms and at most 100y")
    return seconds


def written(seconds: float) -> str:
    """Seconds as sent upstream: a plain decimal with millisecond resolution."""
    text = f"{seconds:.3f}"
    return text.rstrip("0").rstrip(".")
