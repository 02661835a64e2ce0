"""What is due: every hour of every cluster, and of every region's builds, that has ended and is not published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from billing.accounts.moment import moment, seconds
from billing.hour import HOUR, Period, hour_of
from billing.ledger.slice import BUILDS, Slice
from billing.runs.publication import published_hours
from billing.runs.record import RunState
from billing.schema import runs
from core.control import reading
from core.schema import clusters

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection, Engine

    from billing.settings import ScheduleSettings


class Due:
    """Asks the control store; what is known to be published without a gap is not asked for again.

    Metered are clusters of `regions`, from the hour in which each was registered to that in which it was revoked, and
    nothing before `since` (a UTC second).
    """

    def __init__(self, engine: Engine, regions: Collection[str], since: int | None, schedule: ScheduleSettings) -> None:
        self._engine = engine
        self._regions = frozenset(regions)
        self._since = since or 0
        self._schedule = schedule
        self._first_open: dict[tuple[str, str], int] = {}

    def closed_until(self, now: int) -> int:
        """The end of the last hour that has ended for so long that it is metered."""
        return hour_of(now - self._schedule.margin_s)

    def slices(self, now: int) -> list[Slice]:
        """All closed slices that are not published, the oldest first.

        Raises:
            Unavailable: the control store fails.
        """
        with reading(self._engine) as connection:
            return sorted(
                one
                for (region, cluster), span in self._places(connection).items()
                for one in self._open(connection, region, cluster, span, self.closed_until(now))
            )

    def ready(self, now: int) -> list[Slice]:
        """The same without those that a law has just blocked, which are tried again after a while."""
        column = runs.c
        latest = (
            select(column.region, column.cluster, column.hour)
            .where(column.state == RunState.BLOCKED, column.finished_at > moment(now - self._schedule.retry_s))
            .distinct()
        )
        with reading(self._engine) as connection:
            waiting = {Slice(seconds(row.hour), row.region, row.cluster) for row in connection.execute(latest)}
        return [one for one in self.slices(now) if one not in waiting]

    def unfinished(self, now: int) -> list[Slice]:
        """The slices that are estimated: of the hour that runs, and of those that have ended but are not closed."""
        hours = range(self.closed_until(now), hour_of(now) + 1, HOUR)
        with reading(self._engine) as connection:
            places = self._places(connection).items()
        return sorted(
            Slice(hour, *place)
            for place, (start, end) in places
            for hour in hours
            if start <= hour and _before(hour, end)
        )

    def within(self, period: Period, cluster: str | None = None, region: str | None = None) -> list[Slice]:
        """Every slice of a period, whenever its cluster was registered: what a backfill runs.

        Raises:
            Unavailable: the control store fails.
        """
        with reading(self._engine) as connection:
            places = [
                (one_region, one_cluster)
                for one_region, one_cluster in self._places(connection)
                if (region is None or one_region == region) and (cluster is None or one_cluster == cluster)
            ]
        return sorted(Slice(hour, *place) for hour in range(period.start, period.end, HOUR) for place in places)

    def unpublished(self, period: Period) -> list[Slice]:
        """Those of `within` that are not published.

        Raises:
            Unavailable: the control store fails.
        """
        every = self.within(period)
        with reading(self._engine) as connection:
            published = {
                place: published_hours(connection, *place, period)
                for place in {(one.region, one.cluster) for one in every}
            }
        return [one for one in every if one.hour not in published[one.region, one.cluster]]

    def watermark_age(self, now: int) -> int:
        """Seconds since the end of the oldest hour that should be published and is not; 0 when there is none.

        Raises:
            Unavailable: the control store fails.
        """
        waiting = self.slices(now)
        return now - (waiting[0].hour + HOUR) if waiting else 0

    def _places(self, connection: Connection) -> dict[tuple[str, str], tuple[int, int | None]]:
        """Each cluster, and each region's builds, with its first hour and the end of its last."""
        column = clusters.c
        found: dict[tuple[str, str], tuple[int, int | None]] = {}
        wanted = select(clusters).where(column.region.in_(self._regions))
        for row in connection.execute(wanted):
            end = None if row.revoked_at is None else hour_of(seconds(row.revoked_at)) + HOUR
            found[row.region, row.name] = (max(self._since, hour_of(seconds(row.created_at))), end)
        firsts = select(column.region, func.min(column.created_at)).where(column.region.in_(self._regions))
        for region, first in connection.execute(firsts.group_by(column.region)):
            found[region, BUILDS] = (max(self._since, hour_of(seconds(first))), None)
        return found

    def _open(
        self, connection: Connection, region: str, cluster: str, span: tuple[int, int | None], closed: int
    ) -> list[Slice]:
        place = region, cluster
        start, end = max(span[0], self._first_open.get(place, 0)), min(closed, span[1] or closed)
        if start >= end:
            return []
        published = published_hours(connection, region, cluster, Period(start, end))
        missing = [hour for hour in range(start, end, HOUR) if hour not in published]
        self._first_open[place] = missing[0] if missing else end
        return [Slice(hour, region, cluster) for hour in missing]


def _before(hour: int, end: int | None) -> bool:
    return end is None or hour < end
