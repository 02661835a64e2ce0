"""One call of `starmeter rules check`: what is checked unless told otherwise, what is excused, what is written."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import BadRequest
from rules.catalogue import VERSION
from rules.check import waiver
from rules.check.outcome import Inspection, Outcome
from rules.check.registry import CHECKS
from rules.check.report import Format, Reporter
from rules.check.run import check
from rules.render.artefact import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from rules.live import Report


@dataclass(frozen=True, slots=True)
class Excuses:
    """Files of waivers and of earlier findings, and where to write the findings of today."""

    waivers: Path | None = None
    baseline: Path | None = None
    write_baseline: Path | None = None


class Ending(IntEnum):
    """How a call ends; the numbers are exit codes."""

    CLEAN = 0
    FINDINGS = 1
    NOTHING_CHECKED = 2
    UNANSWERED = 3


def run(paths: Sequence[Path] | None, form: str, excuses: Excuses, today: date) -> tuple[str, Ending]:
    """Check files and report; the catalogue behind the checks must be in order.

    Raises:
        BadRequest: a path is not there, or a file of excuses is none.
    """
    with _uncollected():
        outcome = check(paths or _rendered())
    return answer(outcome, form, excuses, today)


def run_live(report: Report, form: str, excuses: Excuses, today: date) -> tuple[str, Ending]:
    """Report on what is running in the words of the static checks.

    Raises:
        BadRequest: a file of excuses is none.
    """
    inspection = Inspection(
        report.region,
        tuple(check.value for check in report.ran),
        {check.value: why for check, why in report.skipped.items()},
        {check.value: why for check, why in report.unanswered.items()},
        report.asked,
    )
    return answer(Outcome(report.as_findings(), inspection=inspection), form, excuses, today)


def answer(outcome: Outcome, form: str, excuses: Excuses, today: date) -> tuple[str, Ending]:
    """The report on what is left when excuses are taken off, and how the call ends.

    Raises:
        BadRequest: a file of excuses is none.
    """
    left = list(outcome.findings)
    if excuses.waivers is not None:
        shown = excuses.waivers.as_posix()
        left = waiver.waived(left, waiver.waivers(_read(excuses.waivers), shown), shown, today)
    if excuses.write_baseline is not None:
        _write(excuses.write_baseline, waiver.baseline(left))
        return f"{len(left)} findings written to {excuses.write_baseline}\n", Ending.CLEAN
    if excuses.baseline is not None:
        left = waiver.beyond(left, _read(excuses.baseline), excuses.baseline.as_posix())
    text = Reporter(CHECKS, VERSION).render(replace(outcome, findings=tuple(sorted(left))), Format(form))
    return text, _ending(outcome, is_clean=not left)


def _ending(outcome: Outcome, *, is_clean: bool) -> Ending:
    if not is_clean:
        return Ending.FINDINGS
    if outcome.inspection is not None:
        return Ending.UNANSWERED if outcome.inspection.unanswered else Ending.CLEAN
    return Ending.CLEAN if outcome.documents or outcome.findings else Ending.NOTHING_CHECKED


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector, which would walk through every document again and again: there are no cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _rendered() -> list[Path]:
    """Everything that is rendered, and the dashboards over it, as seen from here."""
    folders = (FOLDER, FOLDER.parent.parent / "dashboards")
    here = Path.cwd()
    return [folder.relative_to(here) if folder.is_relative_to(here) else folder for folder in folders]


def _read(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise BadRequest(f"{path}: no file; write what it yields into one")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        raise BadRequest(f"{path}: cannot be read ({failure})") from failure


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as failure:
        raise BadRequest(f"{path}: {failure.strerror}") from failure
