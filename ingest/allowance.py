"""How much each tenant may log, and what was left out beyond it.

A tenant's allowance is counted by the records' own time, not by their arrival: after an outage all agents send their
backlog at once, and nobody may lose records for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.tenant import Tenant

_NANO = 1_000_000_000
# Windows that are counted at a time; the oldest is given up for a new one.
_MOST_WINDOWS = 200_000


class Limits(BaseModel):
    """What one service in one environment may log a second, averaged over a window of `window_seconds`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    records_per_second: float = Field(default=2_000, gt=0)
    bytes_per_second: float = Field(default=4_000_000, gt=0)
    window_seconds: int = Field(default=10, ge=1)


@dataclass(slots=True)
class Dropped:
    """What was left out of a tenant's records since `began` (nanoseconds), in the time from `first` to `last`."""

    reason: str
    began: int
    first: int
    last: int
    records: int = 0
    size: int = 0

    def note(self, timestamp: int, size: int) -> None:
        """Count one more record."""
        self.first, self.last = min(self.first, timestamp), max(self.last, timestamp)
        self.records += 1
        self.size += size


@dataclass(frozen=True, slots=True)
class Use:
    """What of whose allowance a record takes."""

    window: tuple[Tenant, int]
    size: int


class Allowances:
    """The allowances of all tenants of a region: `limits`, or those of the project."""

    def __init__(self, limits: Limits, of_project: Mapping[str, Limits]) -> None:
        self._limits = limits
        self._of_project = of_project
        self._used: dict[tuple[Tenant, int], list[int]] = {}

    def take(self, tenant: Tenant, timestamp: int, size: int) -> Use | str:
        """Take a record of `size` bytes into account, or say which limit it is over."""
        limits = self._of_project.get(tenant.project_id, self._limits)
        seconds = limits.window_seconds
        window = (tenant, timestamp // (seconds * _NANO))
        used = self._used.get(window)
        if used is None:
            if len(self._used) >= _MOST_WINDOWS:
                del self._used[next(iter(self._used))]
            used = self._used[window] = [0, 0]
        if used[0] >= limits.records_per_second * seconds:
            return f"the limit of {limits.records_per_second:g} records a second"
        if used[1] + size > limits.bytes_per_second * seconds:
            return f"the limit of {limits.bytes_per_second:g} bytes a second"
        used[0] += 1
        used[1] += size
        return Use(window, size)

    def give_back(self, uses: Iterable[Use]) -> None:
        """Undo `take`, for records that could not be kept after all."""
        for use in uses:
            if used := self._used.get(use.window):
                used[0] -= 1
                used[1] -= use.size
