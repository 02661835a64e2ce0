"""The rules of our objectives: error ratios over every window, and alerts on a budget that burns too fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rules.objective import BURNS, OBJECTIVES
from rules.rulefile import Alert, Group, Recording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.objective import Burn, Objective

_MINUTES: Final = {"m": 1, "h": 60, "d": 1440}


def _minutes(window: str) -> int:
    return int(window[:-1]) * _MINUTES[window[-1]]


WINDOWS: Final = tuple(sorted({window for burn in BURNS for window in (burn.long, burn.short)}, key=_minutes))


def ratio(objective: Objective, window: str) -> str:
    """The name of the recorded share of bad events over `window`."""
    return f"slo:{objective.name}:bad_ratio{window}"


def _recordings(objective: Objective) -> Iterator[Recording]:
    for window in WINDOWS:
        bad, total = objective.bad.format(window=window), objective.total.format(window=window)
        # Without any failure the series of failures may not exist; without any event there is no ratio.
        yield Recording(ratio(objective, window), f"({bad} or 0 * {total})\n/\n({total} > 0)\n")


def _alert(objective: Objective, burn: Burn) -> Alert:
    limit = f"({burn.factor:g} * {1 - objective.target:.6g})"
    words = "".join(part.capitalize() for part in objective.name.split("_"))
    return Alert(
        name=f"{words}Burns{burn.long}",
        expr=f"{ratio(objective, burn.long)} > {limit}\nand\n{ratio(objective, burn.short)} > {limit}\n",
        summary=(
            f"The 30-day error budget of {objective.name} burns {burn.factor:g} times too fast: "
            f"{{{{ $value | humanizePercentage }}}} bad over {burn.long}."
        ),
        hold=burn.hold,
        severity=burn.severity,
        runbook=objective.runbook,
    )


GROUPS: Final = tuple(
    group
    for objective in OBJECTIVES
    for group in (
        Group(f"slo {objective.name}", tuple(_recordings(objective))),
        Group(f"slo {objective.name} alerts", tuple(_alert(objective, burn) for burn in BURNS)),
    )
)
