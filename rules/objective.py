"""Our own promises: indicators over the platform's own metrics, their objectives, and how fast a budget may burn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Objective:
    """A share of good events over 30 days.

    `bad` and `total` are PromQL with `{window}` for a range; both are per second, or both are ratios over the window.
    `target` is the good share, in (0, 1). `runbook` is an anchor of docs/rules.md.
    """

    name: str
    about: str
    target: float
    bad: str
    total: str
    runbook: str


# A bound of the front-door's own histogram, in seconds, as its exposition spells it.
READ_SECONDS: Final = "1.0"

OBJECTIVES: Final = (
    Objective(
        name="front_door_availability",
        about="Reads through the front-door that did not fail for our own fault.",
        target=0.999,
        bad='sum(rate(query_reads_total{{code=~"5.."}}[{window}]))',
        total="sum(rate(query_reads_total[{window}]))",
        runbook="slo-front-door-availability",
    ),
    Objective(
        name="front_door_latency",
        about=f"Reads through the front-door that were answered within {READ_SECONDS} s.",
        target=0.99,
        bad=(
            "(sum(rate(query_read_seconds_count[{window}]))"
            f' - sum(rate(query_read_seconds_bucket{{{{le="{READ_SECONDS}"}}}}[{{window}}])))'
        ),
        total="sum(rate(query_read_seconds_count[{window}]))",
        runbook="slo-front-door-latency",
    ),
    Objective(
        name="region_isolation",
        about="Time that a region passed its isolation canary and was served.",
        target=0.999,
        bad="(1 - avg(avg_over_time(query_region_ready[{window}])))",
        total="avg(avg_over_time(query_region_ready[{window}]) >= bool 0)",
        runbook="slo-region-isolation",
    ),
)


@dataclass(frozen=True, slots=True)
class Burn:
    """A budget of 30 days burning `factor` times too fast, over a long window and still over a short one."""

    factor: float
    long: str
    short: str
    severity: str
    hold: str


# 2 % of the budget in an hour, 5 % in six, 10 % in one day and in three.
BURNS: Final = (
    Burn(14.4, "1h", "5m", "critical", "2m"),
    Burn(6, "6h", "30m", "critical", "15m"),
    Burn(3, "1d", "2h", "warning", "1h"),
    Burn(1, "3d", "6h", "warning", "3h"),
)
