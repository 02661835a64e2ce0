"""One broken promise: which case showed it, what kind it is, and what was seen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.query.hostile.case import Case


class Kind(StrEnum):
    """What went wrong, worst first."""

    FOREIGN = "another tenant's text in an answer"
    VALUE = "an answer that A's own data cannot give"
    UPSTREAM = "an upstream request outside the law"
    ACCEPTED = "an answer where a refusal is due"
    DIFFERENT = "another answer than the honest one, of A's own data"
    INSIDES = "an error that shows the insides"
    FAILED = "neither an answer nor a refusal"


LEAKS = frozenset({Kind.FOREIGN, Kind.VALUE})


@dataclass(frozen=True, slots=True)
class Finding:
    """Reads well in the output of a failed test."""

    kind: Kind
    case: Case
    seen: str

    def __str__(self) -> str:
        return f"{self.kind.name} [{self.case.technique}] {self.case.name}: {self.seen}"
