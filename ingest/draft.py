"""What a delivery comes to: each of its records accepted, rejected, limited or a duplicate, and nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.allowance import Limited, Use
    from ingest.entry import LetterReason
    from ingest.letters import Letters
    from ingest.rows import Records


class Outcome(StrEnum):
    """The four ends; every record that arrives has exactly one."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    LIMITED = "limited"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a record may be: bytes of its body, seconds ahead of our clock, and when the store is asked for it.

    A record is looked up in the store when it is older than `recheck_seconds`, or than what is remembered plus
    `skew_seconds` (clocks of nodes may be ahead of ours).
    """

    body_bytes: int = 256 * 1024
    ahead_seconds: int = 3_600
    recheck_seconds: int = 30
    skew_seconds: int = 5


@dataclass(slots=True)
class Draft:
    """What a delivery comes to, before it is durable. `limited` tells whose records were left out and why.

    `unkept` counts those that would be dead letters, were their cluster not over its limit of them.
    """

    records: Records
    letters: Letters
    duplicates: int = 0
    reasons: Counter[LetterReason] = field(default_factory=Counter)
    limited: list[Limited] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    doubtful: int = 0
    unkept: int = 0
    is_unreadable: bool = False

    @property
    def outcomes(self) -> Counter[Outcome]:
        """How many records had which outcome; an outcome that none had is left out."""
        return +Counter(
            {
                Outcome.ACCEPTED: len(self.records),
                Outcome.REJECTED: len(self.letters),
                Outcome.LIMITED: len(self.limited) + self.unkept,
                Outcome.DUPLICATE: self.duplicates,
            }
        )
