"""A slice: what one run meters and one publication replaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from billing.hour import HOUR, Period, iso

# The cluster of a region's builds, which run in none of its clusters.
BUILDS: Final = ""


@dataclass(frozen=True, slots=True, order=True)
class Slice:
    """One UTC hour of one cluster, or of a region's builds. The oldest hour comes first."""

    hour: int
    region: str
    cluster: str = BUILDS

    @property
    def period(self) -> Period:
        """Its hour."""
        return Period(self.hour, self.hour + HOUR)

    @property
    def place(self) -> str:
        """Whose evidence it rests on, as completeness and waivers name it."""
        return self.cluster or f"{self.region}/builds"

    def __str__(self) -> str:
        return f"{self.region} {self.cluster or 'builds'} {iso(self.hour)}"
