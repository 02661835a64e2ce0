"""How much each tenant may log, and what was left out beyond it.

A tenant's allowance is counted by the records' own time, not by their arrival: after an outage all agents send their
backlog at once, and nobody may lose records for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ingest.owner import Owner

_NANO = 1_000_000_000
# Windows of a tenant, and tenants, that are counted at a time; the oldest is given up for a new one.
_MOST_WINDOWS = 400
_MOST_ACCOUNTS = 50_000


class Limits(BaseModel):
    """What one service in one environment may log a second, averaged over a window of `window_seconds`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    records_per_second: float = Field(default=2_000, gt=0)
    bytes_per_second: float = Field(default=4_000_000, gt=0)
    window_seconds: int = Field(default=10, ge=1)


class Limited(NamedTuple):
    """A record of `size` that is left out: whose, over which limit, and of which time (nanoseconds)."""

    owner: Owner
    reason: str
    timestamp: int
    size: int


class Use(NamedTuple):
    """Bytes and records that are taken, and of which window's records and bytes."""

    used: list[int]
    size: int
    records: int = 1


@dataclass(slots=True)
class _Account:
    """What a tenant may have in a window of `width` nanoseconds, and what it has had in each."""

    records: float
    size: float
    width: int
    limits: Limits
    windows: dict[int, list[int]]


class Allowances:
    """The allowances of all tenants of a region: `limits`, or those of the project."""

    def __init__(self, limits: Limits, of_project: Mapping[str, Limits]) -> None:
        self._limits = limits
        self._of_project = of_project
        self._accounts: dict[bytes, _Account] = {}

    def width(self, owner: Owner) -> int:
        """Nanoseconds of a tenant's windows; all records of one may be taken at once."""
        return (self._accounts.get(owner.key) or self._open(owner)).width

    def take(self, owner: Owner, timestamp: int, size: int, records: int = 1) -> Use | str:
        """Take records of one window and `size` bytes into account, all or none, or say which limit they are over."""
        account = self._accounts.get(owner.key) or self._open(owner)
        window = timestamp // account.width
        used = account.windows.get(window)
        if used is None:
            if len(account.windows) >= _MOST_WINDOWS:
                del account.windows[next(iter(account.windows))]
            used = account.windows[window] = [0, 0]
        if used[0] + records - 1 >= account.records:
            return f"the limit of {account.limits.records_per_second:g} records a second"
        if used[1] + size > account.size:
            return f"the limit of {account.limits.bytes_per_second:g} bytes a second"
        used[0] += records
        used[1] += size
        return Use(used, size, records)

    def give_back(self, uses: Iterable[Use]) -> None:
        """Undo `take`, for records that could not be kept after all."""
        for used, size, records in uses:
            used[0] -= records
            used[1] -= size

    def _open(self, owner: Owner) -> _Account:
        limits = self._of_project.get(owner.tenant.project_id, self._limits)
        seconds = limits.window_seconds
        if len(self._accounts) >= _MOST_ACCOUNTS:
            del self._accounts[next(iter(self._accounts))]
        account = self._accounts[owner.key] = _Account(
            limits.records_per_second * seconds, limits.bytes_per_second * seconds, seconds * _NANO, limits, {}
        )
        return account
