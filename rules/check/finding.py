"""What a check says: where, which check, and one sentence that names the culprit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Whether a finding breaks something, or is merely worth a look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A check's sentence about a line of a file; lines count from 1, `path` is as it was given."""

    path: str
    line: int
    check: str
    message: str


@dataclass(frozen=True, slots=True)
class Hit:
    """The same before it is known which file and which check it belongs to."""

    line: int
    message: str


def printable(text: str) -> str:
    """Text of others, such as a file's name, on one line, without what a terminal or XML takes for a command."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
