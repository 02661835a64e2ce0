"""The choices of metering that a finance team may want to change; they are part of a run's identity."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tail(StrEnum):
    """How much of a scrape interval is billed after the last sight of a pod whose end nobody saw."""

    NONE = "none"
    HALF = "half"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class MeteringPolicy:
    """All in seconds.

    `max_gap_s`: a longer hole between two sights of a running pod is billed and flagged. `skew_s`: a clock may be
    wrong by this much before what it stamped is put aside. `longest_build_s`: a longer build is put aside.
    """

    scrape_interval_s: int = 30
    max_gap_s: int = 150
    tail: Tail = Tail.NONE
    bill_pending: bool = False
    skew_s: int = 300
    longest_build_s: int = 6 * 3600

    @property
    def tail_s(self) -> int:
        """The tail in seconds, rounded down."""
        match self.tail:
            case Tail.NONE:
                return 0
            case Tail.HALF:
                return self.scrape_interval_s // 2
            case Tail.FULL:
                return self.scrape_interval_s
