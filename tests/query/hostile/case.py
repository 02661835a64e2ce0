"""One hostile request, the technique it tries, and the only answers it may get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.query.hostile.request import Request


@dataclass(frozen=True, slots=True)
class Refused:
    """4xx, decided by the door itself: no store is asked."""


@dataclass(frozen=True, slots=True)
class Same:
    """4xx, or byte for byte the answer of the honest read named `base`."""

    base: str


@dataclass(frozen=True, slots=True)
class Alone:
    """4xx, or what a store that holds nothing but A's data answers to this very request."""


@dataclass(frozen=True, slots=True)
class Confined:
    """Anything but a failure, and nothing in it that is only others'; what counts is what leaves the door."""


@dataclass(frozen=True, slots=True)
class Case:
    """`technique` is its number in the bypass catalogue, or a word for what has none; `name` tells the rest."""

    technique: str
    name: str
    request: Request
    expected: Refused | Same | Alone | Confined
