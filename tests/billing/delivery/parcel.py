"""A bucket that is empty at first, and what delivers to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from billing.delivery.job import deliver_all
from billing.hour import HOUR

if TYPE_CHECKING:
    from billing.delivery.delivery import Outcome
    from billing.delivery.settings import DeliverySettings
    from billing.delivery.target import Target, Targets
    from billing.ledger.store import Ledger
    from tests.billing.surface.conftest import Scene

NOON: Final = 12 * HOUR


@dataclass(frozen=True, slots=True)
class Delivery:
    """A bucket that is empty at first, and what delivers to it."""

    stage: Scene
    ledger: Ledger
    settings: DeliverySettings
    targets: Targets
    target: Target
    bucket: Any

    def run(self, now: int) -> tuple[Outcome, ...]:
        """All deliveries at a time."""
        return deliver_all(self.stage.world.engine, self.ledger, self.settings, now)

    def objects(self) -> dict[str, tuple[bytes, Any]]:
        """Content and time of change by name."""
        return {each.key: (each.get()["Body"].read(), each.last_modified) for each in self.bucket.objects.all()}
