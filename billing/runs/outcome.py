"""What became of a run, and how it is told."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from billing.runs.record import RunState

if TYPE_CHECKING:
    from billing.runs.change import Change
    from billing.runs.metered import Metered
    from billing.runs.record import Order

_log = logging.getLogger("billing.runs")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a run. `changes` is what it publishes beside what was published before, if it was asked for."""

    order: Order
    state: RunState
    message: str = ""
    metered: Metered | None = field(default=None, repr=False)
    changes: tuple[Change, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows the run made."""
        return 0 if self.metered is None else self.metered.usage.height

    @property
    def is_stuck(self) -> bool:
        """Whether somebody must look at it before its hour counts."""
        return self.state in {RunState.BLOCKED, RunState.FAILED}


def message(metered: Metered) -> str:
    """The laws that do not hold, and what should be looked at, as one line; empty when there is nothing."""
    broken = [f"{each.law}: {each.subject}: {each.message}" for each in metered.violations]
    return "; ".join([*broken, *filter(None, [str(metered.remarks)])])


def log(outcome: Outcome) -> None:
    """One line of the log for each run."""
    level = {RunState.BLOCKED: logging.ERROR, RunState.FAILED: logging.WARNING}.get(outcome.state, logging.INFO)
    remarks = None if outcome.metered is None else outcome.metered.remarks
    _log.log(
        level,
        "run",
        extra={
            "slice": str(outcome.order.slice),
            "kind": outcome.order.kind.value,
            "state": outcome.state.value,
            "rows": outcome.rows,
            "quarantined": 0 if remarks is None else len(remarks.quarantined),
            "quarantined_builds": 0 if remarks is None else len(remarks.quarantined_builds),
            "mismatched": 0 if remarks is None else len(remarks.mismatched),
            "unattributed": 0 if remarks is None else len(remarks.unattributed),
            "reason": outcome.message,
        },
    )
