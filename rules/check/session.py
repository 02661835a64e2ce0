"""One call of `starmeter rules check`: what is checked unless told otherwise, what is excused, what is written."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import BadRequest
from rules.check import waiver
from rules.check.report import Format, render
from rules.check.run import check
from rules.render.artefact import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date


@dataclass(frozen=True, slots=True)
class Excuses:
    """Files of waivers and of earlier findings, and where to write the findings of today."""

    waivers: Path | None = None
    baseline: Path | None = None
    write_baseline: Path | None = None


def run(paths: Sequence[Path] | None, form: str, excuses: Excuses, today: date) -> tuple[str, bool]:
    """Check and report; returns the report and whether nothing is left to mend.

    Raises:
        BadRequest: a path is not there, or a file of excuses is none.
    """
    with _uncollected():
        outcome = check(paths or _rendered())
    left = list(outcome.findings)
    if excuses.waivers is not None:
        shown = excuses.waivers.as_posix()
        left = waiver.waived(left, waiver.waivers(_read(excuses.waivers), shown), shown, today)
    if excuses.write_baseline is not None:
        _write(excuses.write_baseline, waiver.baseline(left))
        return f"{len(left)} findings written to {excuses.write_baseline}\n", True
    if excuses.baseline is not None:
        left = waiver.beyond(left, _read(excuses.baseline), excuses.baseline.as_posix())
    outcome = replace(outcome, findings=tuple(sorted(left)))
    return render(outcome, Format(form)), not left


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
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        raise BadRequest(f"{path}: cannot be read ({failure})") from failure


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as failure:
        raise BadRequest(f"{path}: {failure.strerror}") from failure
