"""Findings for people, programs, code hosts and build servers: text, JSON, SARIF 2.1.0, JUnit."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

from rules.catalogue import VERSION
from rules.check.finding import Severity
from rules.check.registry import BY_ID, CHECKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.finding import Finding
    from rules.check.run import Outcome

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


class Format(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"


def render(outcome: Outcome, form: Format) -> str:
    """The outcome in one of the formats, ending with a line break."""
    match form:
        case Format.TEXT:
            return "".join(f"{line}\n" for line in _text(outcome))
        case Format.JSON:
            return json.dumps(_json(outcome), indent=1, ensure_ascii=False) + "\n"
        case Format.SARIF:
            return json.dumps(_sarif(outcome), indent=1, ensure_ascii=False) + "\n"
        case Format.JUNIT:
            return _junit(outcome)


def _text(outcome: Outcome) -> Iterator[str]:
    """Why and fix stand at the first finding of each check."""
    explained: set[str] = set()
    for one in outcome.findings:
        check = BY_ID[one.check]
        warning = " (warning)" if check.severity is Severity.WARNING else ""
        yield f"{one.path}:{one.line}: {one.check} {check.name}{warning}: {one.message}"
        if one.check not in explained:
            explained.add(one.check)
            yield f"    why: {check.why}"
            yield f"    fix: {check.fix} ({check.link})"
    found = _counted(len(outcome.findings), "finding") if outcome.findings else "no findings"
    documents = _counted(len(outcome.documents), "configuration")
    yield f"{found} in {documents} of {_counted(outcome.files, 'file')}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _row(one: Finding) -> dict[str, object]:
    check = BY_ID[one.check]
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


def _json(outcome: Outcome) -> dict[str, object]:
    return {
        "version": 1,
        "catalogue": VERSION,
        "files": outcome.files,
        "configurations": [{"path": path, "kind": str(kind)} for path, kind in outcome.documents],
        "findings": [_row(one) for one in outcome.findings],
    }


def _sarif(outcome: Outcome) -> dict[str, object]:
    rules = [
        {
            "id": check.id,
            "name": check.name,
            "shortDescription": {"text": check.why},
            "help": {
                "text": f"{check.fix} See {check.link}.",
                "markdown": f"{check.fix} See [{check.id}]({check.link}).",
            },
            "defaultConfiguration": {"level": str(check.severity)},
        }
        for check in CHECKS
    ]
    indices = {check.id: number for number, check in enumerate(CHECKS)}
    results = [
        {
            "ruleId": one.check,
            "ruleIndex": indices[one.check],
            "level": str(BY_ID[one.check].severity),
            "message": {"text": one.message},
            "locations": [
                {"physicalLocation": {"artifactLocation": {"uri": one.path}, "region": {"startLine": one.line}}}
            ],
        }
        for one in outcome.findings
    ]
    driver = {"name": "starmeter rules check", "semanticVersion": VERSION, "rules": rules}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _junit(outcome: Outcome) -> str:
    """A case for each file that was checked, and one more for each finding after a file's first."""
    paths = sorted({path for path, _ in outcome.documents} | {one.path for one in outcome.findings})
    cases: list[str] = []
    for path in paths:
        of_file = [one for one in outcome.findings if one.path == path]
        if not of_file:
            cases.append(f'  <testcase classname={quoteattr(path)} name="every check"/>')
        cases += map(_failure, of_file)
    head = f'<testsuite name="starmeter rules check" tests="{len(cases)}" failures="{len(outcome.findings)}">'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *cases, "</testsuite>", ""])


def _failure(one: Finding) -> str:
    check = BY_ID[one.check]
    name = quoteattr(f"{one.check} {check.name} (line {one.line})")
    text = escape(f"{one.path}:{one.line}\n{check.why}\n{check.fix} ({check.link})")
    message = quoteattr(one.message)
    return (
        f"  <testcase classname={quoteattr(one.path)} name={name}>"
        f"<failure message={message} type={quoteattr(str(check.severity))}>{text}</failure></testcase>"
    )
