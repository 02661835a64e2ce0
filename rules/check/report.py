"""Findings for people, programs, code hosts and build servers: text, JSON, SARIF 2.1.0, JUnit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from rules.check.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.check.check import Check
    from rules.check.finding import Finding
    from rules.check.outcome import Inspection, Outcome

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


class Format(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"


@dataclass(frozen=True, slots=True)
class Reporter:
    """Writes outcomes; `checks` describe whatever may be found, `version` is the catalogue's."""

    checks: Sequence[Check]
    version: str

    def render(self, outcome: Outcome, form: Format) -> str:
        """The outcome in one of the formats, ending with a line break."""
        match form:
            case Format.TEXT:
                return "".join(f"{line}\n" for line in self._text(outcome))
            case Format.JSON:
                return json.dumps(self._json(outcome), indent=1, ensure_ascii=False) + "\n"
            case Format.SARIF:
                return json.dumps(self._sarif(outcome), indent=1, ensure_ascii=False) + "\n"
            case Format.JUNIT:
                return self._junit(outcome)

    def _check(self, one: Finding) -> Check:
        return next(check for check in self.checks if check.id == one.check)

    def _text(self, outcome: Outcome) -> Iterator[str]:
        """Why and fix stand at the first finding of each check."""
        explained: set[str] = set()
        for one in outcome.findings:
            check = self._check(one)
            warning = " (warning)" if check.severity is Severity.WARNING else ""
            place = one.path if outcome.inspection is not None else f"{one.path}:{one.line}"
            yield f"{place}: {one.check} {check.name}{warning}: {one.message}"
            if one.check not in explained:
                explained.add(one.check)
                yield f"    why: {check.why}"
                yield f"    fix: {check.fix} ({check.link})"
        found = _counted(len(outcome.findings), "finding") if outcome.findings else "no findings"
        if outcome.inspection is not None:
            yield from _inspected(outcome.inspection, found)
            return
        left = f", {outcome.unrecognised} of them not recognised" if outcome.unrecognised else ""
        documents = _counted(len(outcome.documents), "configuration")
        yield f"{found} in {documents} of {_counted(outcome.files, 'file')}{left}"

    def _json(self, outcome: Outcome) -> dict[str, object]:
        content: dict[str, object] = {
            "version": 1,
            "catalogue": self.version,
            "files": outcome.files,
            "unrecognised": outcome.unrecognised,
            "configurations": [{"path": path, "kind": str(kind)} for path, kind in outcome.documents],
            "findings": [self._row(one) for one in outcome.findings],
        }
        inspection = outcome.inspection
        if inspection is not None:
            content["live"] = {
                "region": inspection.region,
                "ran": list(inspection.ran),
                "skipped": dict(inspection.skipped),
                "unanswered": dict(inspection.unanswered),
                "queries_sent": inspection.asked,
            }
        return content

    def _row(self, one: Finding) -> dict[str, object]:
        check = self._check(one)
        return {
            "check": one.check,
            "name": check.name,
            "severity": str(check.severity),
            "path": one.path,
            "line": one.line,
            "message": one.message,
            "why": check.why,
            "fix": check.fix,
            "link": check.link,
        }

    def _sarif(self, outcome: Outcome) -> dict[str, object]:
        indices = {check.id: number for number, check in enumerate(self.checks)}
        results = [
            {
                "ruleId": one.check,
                "ruleIndex": indices[one.check],
                "level": str(self._check(one).severity),
                "message": {"text": one.message},
                "locations": [
                    {
                        "physicalLocation": {
                            "artifactLocation": {"uri": quote(one.path, safe="/:")},
                            "region": {"startLine": one.line},
                        }
                    }
                ],
            }
            for one in outcome.findings
        ]
        driver = {
            "name": "starmeter rules check",
            "semanticVersion": self.version,
            "rules": list(map(_sarif_rule, self.checks)),
        }
        run: dict[str, object] = {"tool": {"driver": driver}, "results": results}
        if outcome.inspection is not None:
            run["invocations"] = [_invocation(outcome.inspection)]
        return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}

    def _junit(self, outcome: Outcome) -> str:
        """A case for each file that was checked, and one more for each finding after a file's first."""
        if outcome.inspection is None:
            paths = sorted({path for path, _ in outcome.documents} | {one.path for one in outcome.findings})
            clean = [path for path in paths if all(one.path != path for one in outcome.findings)]
            cases = [_case(path, "every check") for path in clean]
        else:
            cases = list(_uneventful(outcome.inspection, {one.check for one in outcome.findings}))
        cases += map(self._failure, outcome.findings)
        errors = 0 if outcome.inspection is None else len(outcome.inspection.unanswered)
        skipped = 0 if outcome.inspection is None else len(outcome.inspection.skipped)
        counts = f'tests="{len(cases)}" failures="{len(outcome.findings)}" errors="{errors}" skipped="{skipped}"'
        head = f'<testsuite name="starmeter rules check" {counts}>'
        return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *cases, "</testsuite>", ""])

    def _failure(self, one: Finding) -> str:
        check = self._check(one)
        text = escape(f"{one.path}:{one.line}\n{check.why}\n{check.fix} ({check.link})")
        kind = quoteattr(str(check.severity))
        inner = f"<failure message={quoteattr(one.message)} type={kind}>{text}</failure>"
        return _case(one.path, f"{one.check} {check.name} (line {one.line})", inner)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _inspected(inspection: Inspection, found: str) -> Iterator[str]:
    yield from (f"{check} skipped: {why}" for check, why in inspection.skipped.items())
    yield from (f"{check} unanswered: {why}" for check, why in inspection.unanswered.items())
    ran = _counted(len(inspection.ran), "check")
    yield f"{found} in region {inspection.region} by {ran}, {inspection.asked} queries sent"


def _sarif_rule(check: Check) -> dict[str, object]:
    return {
        "id": check.id,
        "name": check.name,
        "shortDescription": {"text": check.why},
        "help": {
            "text": f"{check.fix} See {check.link}.",
            "markdown": f"{check.fix} See [{check.id}]({check.link}).",
        },
        "defaultConfiguration": {"level": str(check.severity)},
    }


def _invocation(inspection: Inspection) -> dict[str, object]:
    notes = [(check, "note", f"skipped: {why}") for check, why in inspection.skipped.items()]
    notes += [(check, "error", f"unanswered: {why}") for check, why in inspection.unanswered.items()]
    return {
        "executionSuccessful": not inspection.unanswered,
        "toolExecutionNotifications": [
            {"level": level, "message": {"text": text}, "associatedRule": {"id": check}} for check, level, text in notes
        ],
    }


def _uneventful(inspection: Inspection, found: set[str]) -> Iterator[str]:
    """A case for each live check without a finding: it passed, was skipped, or was not answered."""
    place = f"live:{inspection.region}"
    yield from (_case(place, check) for check in inspection.ran if check not in found)
    for kind, reasons in (("skipped", inspection.skipped), ("error", inspection.unanswered)):
        yield from (_case(place, check, f"<{kind} message={quoteattr(why)}/>") for check, why in reasons.items())


def _case(place: str, name: str, inner: str = "") -> str:
    head = f"  <testcase classname={quoteattr(place)} name={quoteattr(name)}"
    return f"{head}>{inner}</testcase>" if inner else f"{head}/>"
