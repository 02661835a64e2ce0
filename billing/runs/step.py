"""The steps of a run at which a process may die: after each of them the next runner must end up with the same rows."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    # Told of each step that is done; tests end the process in it.
    Hook = Callable[["Step"], None]


class Step(StrEnum):
    """In their order; each name says what has just been done."""

    RECORDED = "recorded"  # the control store knows of the run
    COLLECTED = "collected"  # the region's series are evidence in the ledger
    READ = "read"  # the evidence is in memory
    METERED = "metered"  # its rows are, too
    WRITTEN = "written"  # the rows are in the ledger; nothing refers to them
    PUBLISHED = "published"  # the control store says that they count
    MIRRORED = "mirrored"  # the ledger says so, too


def unwatched(step: Step) -> None:
    """What happens at a step in production: nothing."""
    del step
