"""Levels of severity: the names people write, and the numbers of OpenTelemetry's that are stored."""

from __future__ import annotations

from typing import Final

UNSPECIFIED: Final = "unspecified"
# The lowest number of each; the highest is the one below the next.
_LOWEST: Final = {UNSPECIFIED: 0, "trace": 1, "debug": 5, "info": 9, "warn": 13, "error": 17, "fatal": 21}
_HIGHEST: Final = dict(zip(_LOWEST, (*(low - 1 for low in list(_LOWEST.values())[1:]), 255), strict=True))
_ALIASES: Final = {"warning": "warn", "err": "error", "critical": "fatal", "none": UNSPECIFIED}

NAMES: Final = tuple(_LOWEST)
_BY_NUMBER: Final = tuple(next(name for name in reversed(NAMES) if number >= _LOWEST[name]) for number in range(256))


def bounds(name: str) -> tuple[int, int] | None:
    """The numbers of a level, both included; `None` when it is none. Case does not matter."""
    lower = name.lower()
    canonical = _ALIASES.get(lower, lower)
    return (_LOWEST[canonical], _HIGHEST[canonical]) if canonical in _LOWEST else None


def name_of(number: int) -> str:
    """The level of a stored number (0 to 255)."""
    return _BY_NUMBER[number]


# The level of each number from 0 to the last level's lowest, as which all higher ones count.
SCALE: Final = tuple(name_of(number) for number in range(max(_LOWEST.values()) + 1))
