"""One validated read of metrics, and the time that bounds it."""

from __future__ import annotations

from typing import Final, NamedTuple

_DAY: Final = 86_400.0


class Read(NamedTuple):
    """One validated read: the form to post, and what the audit line and the envelope say about it.

    Times in unix seconds, `step` and `timeout` in seconds. `outside` means that the whole range lies before the
    retention, so that the answer is empty without asking the store; `argument` is what `query` was given as; `scalar`
    means an expression without any series, which Prometheus answers with a scalar and this store with a vector.
    """

    body: bytes
    timeout: float
    query: str = ""
    start: float | None = None
    end: float | None = None
    step: float | None = None
    warnings: tuple[str, ...] = ()
    outside: bool = False
    argument: str = "query"
    scalar: bool = False


class Bounds(NamedTuple):
    """What bounds a read besides the tenant's limits: the time of the request and the store's retention, in seconds."""

    now: float
    retention: float

    @property
    def oldest(self) -> float:
        """The first instant the store still has."""
        return self.now - self.retention

    @property
    def notice(self) -> str:
        """The warning of a clipped read."""
        return f"metrics are kept for {self.retention / _DAY:g} days; what lies before was left out"
