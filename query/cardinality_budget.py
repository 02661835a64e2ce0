"""How many series a region and a project may have, as the front-door says it beside what they have.

The numbers are the telemetry catalogue's; a test holds them to it, since reading knows nothing of the rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

REGION_ACTIVE: Final = 300_000
REGION_PER_DAY: Final = 900_000

_DEFAULT_TIER: Final = "standard"
PROJECT_BY_TIER: Final = {"hobby": 2_000, "standard": 10_000, "scale": 50_000}


def of_project(tiers: Collection[str]) -> int:
    """The series of a project with environments of these tiers: the best tier's, or the default's."""
    known = [PROJECT_BY_TIER[tier] for tier in tiers if tier in PROJECT_BY_TIER]
    return max(known, default=PROJECT_BY_TIER[_DEFAULT_TIER])
