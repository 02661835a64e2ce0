"""Which builds a region's builder has run: a function of time alone, so that history and the present are one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from compose.cluster.manifest import rfc3339
from compose.cluster.pods import digest
from compose.demo import deployments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.tenant import Tenant

# One service after the other is built, beginning this often in a region.
SLOT_SECONDS: Final = 600
# Of a hundred builds so many fail, and so many are given up.
_FAILED: Final = 9
_CANCELLED: Final = 4
_SHORTEST: Final = 25
_SPREAD: Final = 300


@dataclass(frozen=True, slots=True)
class Build:
    """A build with its end; times are unix seconds."""

    id: str
    region: str
    tenant: Tenant
    state: str
    started: int
    finished: int

    def delivery(self, now: float) -> dict[str, Any]:
        """What the builder tells of it at `now`: that it runs, or how it has ended."""
        is_over = now >= self.finished
        return {
            "delivery_id": f"{self.id}-{'end' if is_over else 'start'}",
            "build": {
                "id": self.id,
                "project_id": self.tenant.project_id,
                "environment": self.tenant.environment,
                "service_id": self.tenant.service_id,
                "region": self.region,
                "state": self.state if is_over else "running",
                "started_at": rfc3339(self.started),
                "finished_at": rfc3339(self.finished) if is_over else None,
            },
        }


def builds(region: str, start: float, end: float) -> Iterator[Build]:
    """The builds that began in [start, end) (unix seconds), in the order of their beginning."""
    ones = list(deployments(region))
    for slot in range(int(start) // SLOT_SECONDS, -(-int(end) // SLOT_SECONDS)):
        drawn = int(digest("build", region, slot, digits=12), 16)
        began = slot * SLOT_SECONDS + drawn % (SLOT_SECONDS // 2)
        if start <= began < end:
            outcome = drawn // 1000 % 100
            state = "failed" if outcome < _FAILED else "cancelled" if outcome < _FAILED + _CANCELLED else "succeeded"
            lasts = _SHORTEST + drawn // 100_000 % _SPREAD
            # What fails or is given up does so on its way.
            lasts = lasts if state == "succeeded" else lasts // 2
            one = ones[drawn // 7 % len(ones)]
            yield Build(
                f"bld-{digest('build', region, slot, digits=16)}", region, one.tenant, state, began, began + lasts
            )
