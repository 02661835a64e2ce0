"""One series as a metrics store has it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Series:
    """One series: labels (`__name__` included), and its samples by rising time (milliseconds); no stale markers."""

    labels: dict[str, str]
    timestamps: list[int]
    values: list[float]

    @property
    def is_constant(self) -> bool:
        """Whether it has samples, and all of one value."""
        return bool(self.values) and min(self.values) == max(self.values)
