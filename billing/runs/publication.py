"""What was published, in the order in which it was: the truth that the ledger has a copy of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, insert, select

from billing.accounts.moment import moment, now, seconds
from billing.coverage import Completeness, Coverage, completeness_of
from billing.hour import HOUR, hour_of
from billing.ledger.publication import Publication, PublicationKind
from billing.ledger.slice import BUILDS, Slice
from billing.policy import MeteringPolicy
from billing.schema import publications, runs, waivers
from core.control import reading, writing
from core.errors import BadRequest
from core.schema import clusters as clusters_table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from sqlalchemy import Connection, Engine, Row

    from billing.hour import Period

_SLOTS: Final = HOUR // MeteringPolicy().scrape_interval_s


@dataclass(frozen=True, slots=True)
class Waiver:
    """Who has decided that a cluster's hour is billed with the evidence there is, when (UTC seconds), and why."""

    cluster: str
    hour: int
    reason: str
    by: str
    at: int


class Publications:
    """The control store's list of publications; every method raises `Unavailable` when the store fails."""

    def __init__(self, engine: Engine, *, clock: Callable[[], int] = now) -> None:
        self._engine = engine
        self._clock = clock

    def latest(self) -> int:
        """The largest sequence; 0 before the first publication."""
        with reading(self._engine) as connection:
            return connection.execute(select(func.max(publications.c.sequence))).scalar() or 0

    def after(self, sequence: int, limit: int) -> list[Publication]:
        """The first `limit` publications after one, in their order."""
        wanted = select(publications).where(publications.c.sequence > sequence)
        with reading(self._engine) as connection:
            found = connection.execute(wanted.order_by(publications.c.sequence).limit(limit)).all()
        return [_publication(row) for row in found]

    def completeness(
        self, period: Period, clusters: Collection[str] | None = None, until: int | None = None
    ) -> Completeness:
        """How much of the evidence of a period's hours has been published as of the publication `until`.

        Asked for are the hours in which a cluster existed, and those of builds of its region, named `<region>/builds`,
        and whatever is published besides; with `clusters`, only of these. What is not published is missing.
        """
        with reading(self._engine) as connection:
            told = {(each.cluster, each.hour): each for each in _told(connection, period, until)}
            asked = _asked(connection, period)
            waived = frozenset((row.cluster, seconds(row.hour)) for row in connection.execute(select(waivers)))
        most = max((each.expected for each in told.values()), default=_SLOTS)
        wanted = {(place, hour) for place, hours in asked for hour in hours} | told.keys()
        every = [
            told.get(key, Coverage(*key, 0, most)) for key in sorted(wanted) if clusters is None or key[0] in clusters
        ]
        return completeness_of(every, waived)

    def waivers(self, period: Period) -> list[Waiver]:
        """The hours of a period that somebody has decided to bill with the evidence there is, in order."""
        column = waivers.c
        wanted = select(waivers).where(column.hour >= moment(period.start), column.hour < moment(period.end))
        with reading(self._engine) as connection:
            found = connection.execute(wanted.order_by(column.hour, column.cluster)).all()
        return [
            Waiver(row.cluster, seconds(row.hour), row.reason, row.waived_by, seconds(row.waived_at)) for row in found
        ]

    def waive(self, cluster: str, hour: int, reason: str, by: str) -> None:
        """Decide that an hour is billed with the evidence there is; `cluster` is as completeness names it.

        Raises:
            BadRequest: without a reason or a name, within an hour, or it is waived already.
        """
        for field, value in (("cluster", cluster), ("reason", reason.strip()), ("by", by.strip())):
            if not value:
                raise BadRequest(f"{field}: is empty; say which cluster, why, and who decides it")
        if hour_of(hour) != hour:
            raise BadRequest("hour: is within an hour; use a whole UTC hour")
        row = {"cluster": cluster, "hour": moment(hour), "reason": reason, "waived_by": by}
        with writing(self._engine) as connection:
            connection.execute(insert(waivers).values(row | {"waived_at": moment(self._clock())}))


def last_of_each(
    connection: Connection, slices: Collection[Slice], kind: PublicationKind | None = None
) -> dict[Slice, tuple[Publication, str]]:
    """What is published of slices, of one kind or of either, and the hash of what its run's rows follow from."""
    column = publications.c
    hours = [one.hour for one in slices]
    within = [column.hour >= moment(min(hours)), column.hour <= moment(max(hours))]
    if kind is not None:
        within.append(column.kind == kind)
    last = (
        select(func.max(column.sequence).label("sequence"))
        .where(*within)
        .group_by(column.region, column.cluster, column.hour)
        .subquery()
    )
    wanted = (
        select(publications, runs.c.inputs_sha256)
        .join(last, last.c.sequence == column.sequence)
        .join(runs, runs.c.id == column.run_id)
    )
    asked = frozenset(slices)
    found = [(_publication(row), row.inputs_sha256) for row in connection.execute(wanted)]
    return {
        one: (each, inputs) for each, inputs in found if (one := Slice(each.hour, each.region, each.cluster)) in asked
    }


def superseded(connection: Connection, before: int, limit: int) -> list[Publication]:
    """Estimates in whose place another publication stands since before a UTC second; the first `limit` of them."""
    column, newer = publications.c, publications.alias("newer")
    replaced = (
        select(newer.c.sequence)
        .where(
            newer.c.region == column.region,
            newer.c.cluster == column.cluster,
            newer.c.hour == column.hour,
            newer.c.sequence > column.sequence,
            newer.c.published_at < moment(before),
        )
        .exists()
    )
    wanted = select(publications).where(column.kind == PublicationKind.ESTIMATE, replaced)
    return [_publication(row) for row in connection.execute(wanted.order_by(column.sequence).limit(limit))]


def published_hours(connection: Connection, region: str, cluster: str, period: Period) -> set[int]:
    """The hours of a period of which something is published that is no estimate."""
    column = publications.c
    wanted = select(column.hour).where(
        column.region == region,
        column.cluster == cluster,
        column.hour >= moment(period.start),
        column.hour < moment(period.end),
        column.kind == PublicationKind.PUBLISHED,
    )
    return {seconds(hour) for (hour,) in connection.execute(wanted.distinct())}


def _publication(row: Row[tuple[object, ...]]) -> Publication:
    return Publication(
        sequence=row.sequence,
        region=row.region,
        cluster=row.cluster,
        hour=seconds(row.hour),
        kind=PublicationKind(row.kind),
        run_id=row.run_id,
        published_at=seconds(row.published_at),
        heard=row.heard,
        expected=row.expected,
        rows=row.rows,
    )


def _told(connection: Connection, period: Period, until: int | None) -> Iterator[Coverage]:
    """What the last publication of each hour says, the last one last."""
    column = publications.c
    wanted = select(publications).where(
        column.hour >= moment(period.start), column.hour < moment(period.end), column.kind == PublicationKind.PUBLISHED
    )
    if until is not None:
        wanted = wanted.where(column.sequence <= until)
    for row in connection.execute(wanted.order_by(column.sequence)):
        each = _publication(row)
        yield Coverage(Slice(each.hour, each.region, each.cluster).place, each.hour, each.heard, each.expected)


def _asked(connection: Connection, period: Period) -> list[tuple[str, range]]:
    """Each cluster with the hours that it was there for, and each region's builds with those of its clusters."""
    found: list[tuple[str, range]] = []
    builds: dict[str, range] = {}
    for row in connection.execute(select(clusters_table).order_by(clusters_table.c.name)):
        start = max(period.start, hour_of(seconds(row.created_at)))
        end = period.end if row.revoked_at is None else min(period.end, hour_of(seconds(row.revoked_at)) + HOUR)
        hours = range(start, end, HOUR)
        if not hours:
            continue
        found.append((row.name, hours))
        known = builds.get(row.region, hours)
        builds[row.region] = range(min(start, known.start), max(end, known.stop), HOUR)
    return found + [(Slice(0, region, BUILDS).place, hours) for region, hours in sorted(builds.items())]
