"""What one run of checks found, and how much it looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.check.finding import Finding
    from rules.check.source import Kind


@dataclass(frozen=True, slots=True)
class Inspection:
    """How far the checks of a running region came: ids that ran, or did not and why; how many questions were asked.

    `skipped` are those for which something was not given, `unanswered` those whose program should have answered.
    """

    region: str
    ran: tuple[str, ...]
    skipped: Mapping[str, str]
    unanswered: Mapping[str, str]
    asked: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run found, in order, and how much it looked at.

    `files` were read, of which `unrecognised` hold nothing that is known; `documents` are the others' by path. Of a
    running region there are no files, but an `inspection`.
    """

    findings: tuple[Finding, ...]
    files: int = 0
    documents: tuple[tuple[str, Kind], ...] = ()
    unrecognised: int = 0
    inspection: Inspection | None = None
