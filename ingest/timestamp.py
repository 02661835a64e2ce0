"""Points in time as log agents write them, in nanoseconds since 1970."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

_TEXT: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9})\d*)?[ ]?(Z|z|[+-]\d\d:?\d\d)?", re.ASCII
)
_NANO: Final = 1_000_000_000
# Numbers without a unit: what each order of magnitude can only mean for a time between 1973 and 2286.
_UNITS: Final = ((10**11, _NANO), (10**14, 10**6), (10**17, 10**3), (10**20, 1))


def nanoseconds(value: object) -> int | None:
    """The time that `value` says; `None` when it is no time.

    It may be RFC 3339 text (UTC when it names no zone), or a number of seconds, milli-, micro- or nanoseconds.
    """
    if type(value) is str:
        return _of_text(value)
    match value:
        case bool():
            return None
        case int():
            return _of_number(value)
        case float() if 0 < value < 10**11:
            seconds = int(value)
            # A float of seconds is good to a fraction of a microsecond only; its own digits say no more.
            return seconds * _NANO + round((value - seconds) * 10**6) * 10**3
        case _:
            return None


def _of_number(value: int) -> int | None:
    if value <= 0:
        return None
    for bound, unit in _UNITS:
        if value < bound:
            return value * unit
    return None


def _of_text(text: str) -> int | None:
    # As container runtimes write nearly all of them: with nine digits and a Z.
    if len(text) == 30 and text[19] == "." and text[29] == "Z" and text[20:29].isdecimal() and text.isascii():  # noqa: PLR2004 - its length
        seconds = _utc(text[:19])
        if seconds is not None:
            return seconds * _NANO + int(text[20:29])
    match = _TEXT.fullmatch(text)
    if match is None:
        return _of_number(int(text)) if text.isascii() and text.isdecimal() and len(text) < 20 else None  # noqa: PLR2004 - the digits of 2**64
    day, clock, fraction, zone = match.groups()
    seconds = _seconds(day, clock, zone or "Z")
    if seconds is None:
        return None
    return seconds * _NANO + (int(fraction.ljust(9, "0")) if fraction else 0)


# Nearly all records of a request are of the same few seconds.
@lru_cache(maxsize=4096)
def _utc(text: str) -> int | None:
    match = _TEXT.fullmatch(text)
    return _seconds(match[1], match[2], "Z") if match and text[10] == "T" else None


@lru_cache(maxsize=4096)
def _seconds(day: str, clock: str, zone: str) -> int | None:
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone in 'Zz' else zone}")
    except ValueError:
        return None
    return int(moment.astimezone(UTC).timestamp()) if moment.year > 1 else None
