"""Runs a catalogue against a door and reports every broken promise; a sound door leaves the report empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.query.hostile.judge import Judge

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.query.hostile.base import Base
    from tests.query.hostile.case import Case
    from tests.query.hostile.finding import Finding
    from tests.query.hostile.target import Target


def run(cases: Iterable[Case], bases: tuple[Base, ...], target: Target) -> list[Finding]:
    """Send every case and judge what comes back and what goes out.

    The honest answers are taken from the door first, and are themselves held against the store that knows A alone.
    """
    judge = Judge(target, bases)
    return [*judge.flaws, *(finding for case in cases for finding in judge.findings(case))]
