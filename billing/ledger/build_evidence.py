"""The reports about builds of one region and some hours as they were known at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billing.build import BuildEvent, BuildState
from core.tenant import Tenant

if TYPE_CHECKING:
    from billing.hour import Period
    from billing.ledger.store import Ledger


def build_evidence(ledger: Ledger, region: str, hours: Period, as_of: int) -> list[BuildEvent]:
    """Every final report that was received before `as_of` about a build of a region that ran in some hours.

    Also those that leave out when it ran, if they came in these hours, for somebody must see them; and what other
    regions report of the same builds, with which it must agree.

    Raises:
        Unavailable: the ledger's store does not answer.
    """
    asked = {"region": region, "as_of": as_of, "first": hours.start, "until": hours.end}
    return [
        BuildEvent(
            delivery_id=row["delivery_id"],
            build_id=row["build_id"],
            tenant=Tenant(row["project_id"], row["environment"], row["service_id"]),
            region=row["told_by"],
            state=BuildState(row["state"]),
            started_at=row["started_at"],
            finished_at=row["finished_at"],
            received_at=row["received_at"],
        )
        for row in ledger.query("ledger/read/builds", asked).iter_rows(named=True)
    ]
