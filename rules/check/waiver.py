"""What is excused: findings of a check, in some files, until a date; and the findings of an earlier day."""

from __future__ import annotations

import fnmatch
import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from core.errors import BadRequest
from rules.check.finding import Finding
from rules.check.node import Unreadable, documents
from rules.check.registry import BY_ID, EXPIRED, UNUSED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rules.check.node import Node

_KEYS: Final = frozenset({"check", "path", "contains", "until", "reason"})
_NEEDED: Final = ("check", "until", "reason")
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Waiver:
    """Excuses findings of `check` in files that match `path`, whose message holds `contains`, up to the day `until`."""

    line: int
    check: str
    until: date
    reason: str
    path: str = "*"
    contains: str = ""

    def covers(self, finding: Finding) -> bool:
        """Whether the finding is one that it is about."""
        return (
            finding.check == self.check
            and fnmatch.fnmatchcase(finding.path, self.path)
            and self.contains in finding.message
        )


def waivers(text: str, shown: str) -> list[Waiver]:
    """The waivers of a file: `waivers: [{check, until, reason, path, contains}]`.

    Raises:
        BadRequest: it is no such file; the message lists everything that is wrong with it.
    """
    try:
        roots = documents(text)
    except Unreadable as failure:
        raise BadRequest(f"{shown}:{failure.line}: {failure.why}") from failure
    found: list[Waiver] = []
    problems: list[str] = []
    for root in roots:
        problems += [
            f"{shown}:{line}: {key} is unknown; write waivers" for key, line in root.keys.items() if key != "waivers"
        ]
        for node in root.each("waivers"):
            wrong = list(_problems(node))
            problems += [f"{shown}:{node.line}: {problem}" for problem in wrong]
            if not wrong:
                found.append(_waiver(node))
    if problems:
        raise BadRequest("\n".join(problems))
    return found


def _problems(node: Node) -> Iterator[str]:
    if node.tag != "map":
        yield "a waiver is a map of check, until and reason"
        return
    yield from (f"{key} is unknown; known are {', '.join(sorted(_KEYS))}" for key in node.entries if key not in _KEYS)
    yield from (f"{key} is missing" for key in _NEEDED if not node.string(key))
    if node.string("check") and node.string("check") not in BY_ID:
        yield f"check: there is no {node.string('check')}"
    try:
        date.fromisoformat(node.string("until") or "2000-01-01")
    except ValueError:
        yield f"until: {node.string('until')} is no date; write YYYY-MM-DD"


def _waiver(node: Node) -> Waiver:
    return Waiver(
        node.line,
        node.string("check"),
        date.fromisoformat(node.string("until")),
        node.string("reason"),
        node.string("path", default="*"),
        node.string("contains"),
    )


def waived(findings: Iterable[Finding], excuses: Sequence[Waiver], shown: str, today: date) -> list[Finding]:
    """The findings that are left; an expired waiver excuses nothing and is one itself, and so is an unused one."""
    every = list(findings)
    left = [one for one in every if not any(waiver.until >= today and waiver.covers(one) for waiver in excuses)]
    for waiver in excuses:
        used = any(map(waiver.covers, every))
        if used and waiver.until < today:
            message = f"{waiver.check} was waived until {waiver.until}: {waiver.reason}"
            left.append(Finding(shown, waiver.line, EXPIRED.id, message))
        elif not used:
            left.append(Finding(shown, waiver.line, UNUSED.id, f"nothing is found that it excuses ({waiver.check})"))
    return left


def baseline(findings: Iterable[Finding]) -> str:
    """The findings of today as a file, by which later runs know them again wherever their lines have gone."""
    rows = [{"check": one.check, "path": one.path, "message": one.message} for one in findings]
    return json.dumps({"version": _VERSION, "findings": rows}, indent=1, ensure_ascii=False) + "\n"


def beyond(findings: Iterable[Finding], text: str, shown: str) -> list[Finding]:
    """The findings that a baseline does not have; of the same finding twice, the second is new when it has one.

    Raises:
        BadRequest: the text is no baseline.
    """
    try:
        content = json.loads(text)
        if content["version"] != _VERSION:
            raise BadRequest(f"{shown}: version {content['version']} is unknown; write it again")
        known = Counter((row["check"], row["path"], row["message"]) for row in content["findings"])
    except (ValueError, KeyError, TypeError) as failure:
        raise BadRequest(f"{shown}: no baseline; write one with --write-baseline") from failure
    left = []
    for one in findings:
        key = (one.check, one.path, one.message)
        if known[key] > 0:
            known[key] -= 1
        else:
            left.append(one)
    return left
