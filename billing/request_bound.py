"""What kube-state-metrics alone can say of a pod's effective request: a lower and an upper bound.

Its series of init containers have no order, so a plain init container may or may not have run beside a sidecar.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ingest.usage.pod import EffectiveRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.usage.pod import Requests

_THOUSAND: Final = 1000


@dataclass(frozen=True, slots=True)
class RequestBound:
    """Both bounds. Billed is `lower`; unless `is_exact`, its usage carries the flag."""

    lower: EffectiveRequest
    upper: EffectiveRequest

    @property
    def is_exact(self) -> bool:
        """Whether every order of the init containers gives the same request."""
        return self.lower == self.upper


def request_bound(
    containers: Sequence[Requests], plain_init: Sequence[Requests], sidecars: Sequence[Requests], overhead: Requests
) -> RequestBound:
    """The bounds of a pod whose init containers are known without their order; all in thousandths."""
    cpu = _bound(
        [each.cpu or 0 for each in containers],
        [each.cpu or 0 for each in plain_init],
        [each.cpu or 0 for each in sidecars],
        overhead.cpu or 0,
    )
    memory = _bound(
        [each.memory or 0 for each in containers],
        [each.memory or 0 for each in plain_init],
        [each.memory or 0 for each in sidecars],
        overhead.memory or 0,
    )
    lower, upper = (
        EffectiveRequest(cpu_m, -(-memory_thousandths // _THOUSAND))
        for cpu_m, memory_thousandths in zip(cpu, memory, strict=True)
    )
    return RequestBound(lower, upper)


def _bound(containers: list[int], plain_init: list[int], sidecars: list[int], overhead: int) -> tuple[int, int]:
    running = sum(containers) + sum(sidecars)
    longest_init = max(plain_init, default=0)
    beside_sidecars = longest_init + sum(sidecars) if plain_init else 0
    return max(running, longest_init) + overhead, max(running, beside_sidecars) + overhead
