"""How many series are affordable: per route, gateway, region and plan, and what an active route costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# Envoy's histogram of n bounds: n buckets, the one to infinity, the sum and the count.
_BESIDE_BOUNDS: Final = 3


def histogram_series(bounds: int) -> int:
    """Series of one histogram with this many finite bounds."""
    return bounds + _BESIDE_BOUNDS


@dataclass(frozen=True, slots=True)
class Budget:
    """Active series at most. `per_day` counts what a day adds, restarts included, as a multiple of the active ones.

    `per_project` is by plan; `limiter_headroom` is what a limiter must lie above the prediction, for at its limit it
    drops whoever comes next, and of a histogram single buckets.
    """

    per_route: int
    per_gateway: int
    gateway_itself: int
    per_region: int
    per_day: int
    per_project: dict[str, int]
    alert_at: float
    refuse_at: float
    limiter_headroom: float


# 11 bounds, five answer classes, two byte counters: histogram_series(11) + 5 + 2 = 21.
BUDGET: Final = Budget(
    per_route=21,
    # 4,000 routes of 20 series and the gateway itself.
    per_gateway=80_150,
    gateway_itself=150,
    per_region=300_000,
    per_day=3,
    per_project={"hobby": 2_000, "standard": 10_000, "scale": 50_000},
    alert_at=0.7,
    refuse_at=0.9,
    limiter_headroom=1.5,
)
