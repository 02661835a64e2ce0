"""Which reports about builds an hour is metered from, among those of a stretch of hours that was read at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from billing.build import BuildEvent
    from billing.hour import Period


def of_hour(events: Sequence[BuildEvent], region: str, hour: Period) -> list[BuildEvent]:
    """All final reports about the builds of which one of a region says that they ran in an hour.

    Or that leaves out one of its times and came in that hour: as `billing.ledger.build_evidence` reads it alone.
    """
    wanted = {each.build_id for each in events if each.region == region and _concerns(each, hour)}
    return [each for each in events if each.build_id in wanted]


def _concerns(event: BuildEvent, hour: Period) -> bool:
    if event.started_at is None or event.finished_at is None:
        return event.received_at in hour
    return event.started_at < hour.end and event.finished_at > hour.start
