"""The reports about builds of one region and hour as they were known at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billing.build import BuildEvent, BuildState
from core.tenant import Tenant

if TYPE_CHECKING:
    from billing.ledger.slice import Slice
    from billing.ledger.store import Ledger


def build_evidence(ledger: Ledger, one: Slice, as_of: int) -> list[BuildEvent]:
    """Every final report that was received before `as_of` about a build that ran in a slice's hour.

    Also those that leave out when it ran, if they came in that hour: somebody must see them.

    Raises:
        Unavailable: the ledger's store does not answer.
    """
    asked = {"region": one.region, "as_of": as_of, "first": one.period.start, "until": one.period.end}
    return [
        BuildEvent(
            delivery_id=row["delivery_id"],
            build_id=row["build_id"],
            tenant=Tenant(row["project_id"], row["environment"], row["service_id"]),
            region=one.region,
            state=BuildState(row["state"]),
            started_at=row["started_at"],
            finished_at=row["finished_at"],
            received_at=row["received_at"],
        )
        for row in ledger.query("ledger/read/builds", asked).iter_rows(named=True)
    ]
