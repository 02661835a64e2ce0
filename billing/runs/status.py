"""How far metering has come, and what a person should look at: as the control store knows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from billing.accounts.moment import moment, seconds
from billing.ledger.publication import PublicationKind
from billing.ledger.slice import Slice
from billing.runs.record import RunState
from billing.schema import leases, publications, runs
from core.control import reading

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine, Row

    from billing.runs.due import Due
    from billing.runs.late import Late

_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Notice:
    """A run that somebody should look at, and why."""

    slice: Slice
    state: RunState
    finished_at: int
    message: str


@dataclass(frozen=True, slots=True)
class Status:
    """Counts are of the runs of the last day.

    `watermark`: the oldest closed hour that is not published, `None` when all are (UTC seconds). `due`: how many are
    not. `late`: published hours of which more has been told since. `runs`: by state. `quarantined` and
    so on: what was put aside, or is nobody's, in runs whose rows
    count. `notices`: blocked and failed slices that are still due, and published ones with something to look at.
    """

    watermark: int | None
    due: int
    late: tuple[Slice, ...]
    latest: int
    holder: str | None
    runs: dict[str, int]
    quarantined: int
    quarantined_builds: int
    mismatched: int
    unattributed: int
    notices: tuple[Notice, ...]


def status(engine: Engine, due: Due, late: Late, now: int) -> Status:
    """The status at a UTC second; notices by time, the latest first.

    Raises:
        Unavailable: a store fails.
    """
    waiting = due.slices(now)
    since = moment(now - _DAY)
    with reading(engine) as connection:
        counted = (
            select(runs.c.state, func.count().label("number")).where(runs.c.started_at >= since).group_by(runs.c.state)
        )
        states = {row.state: row.number for row in connection.execute(counted.order_by(runs.c.state))}
        holder = connection.execute(select(leases.c.holder).where(leases.c.expires_at > moment(now))).scalar()
        latest = connection.execute(select(func.max(publications.c.sequence))).scalar() or 0
        remarks = _latest_published(connection, since)
        stuck = _stuck(connection, waiting)
    looked = [_notice(row) for row in remarks if row.message]
    notices = sorted([*stuck, *looked], key=lambda each: (each.finished_at, each.slice), reverse=True)
    return Status(
        watermark=waiting[0].hour if waiting else None,
        due=len(waiting),
        late=tuple(late.slices(now)),
        latest=latest,
        holder=holder,
        runs=states,
        quarantined=sum(row.quarantined for row in remarks),
        quarantined_builds=sum(row.quarantined_builds for row in remarks),
        mismatched=sum(row.mismatched for row in remarks),
        unattributed=sum(row.unattributed for row in remarks),
        notices=tuple(notices),
    )


def _latest_published(connection: Connection, since: datetime) -> list[Row[Any]]:
    """The runs whose rows count for the slices that were published since a time."""
    column = publications.c
    counting = (
        select(func.max(column.sequence).label("sequence"))
        .where(column.published_at >= since)
        .group_by(column.region, column.cluster, column.hour, column.kind)
        .subquery()
    )
    wanted = (
        select(runs)
        .join(publications, publications.c.run_id == runs.c.id)
        .join(counting, counting.c.sequence == publications.c.sequence)
    )
    return list(connection.execute(wanted.where(column.kind == PublicationKind.PUBLISHED)))


def _stuck(connection: Connection, waiting: list[Slice]) -> list[Notice]:
    """The last run of each slice that is due, where it was blocked or failed."""
    found: dict[Slice, Notice] = {}
    wanted = select(runs).where(runs.c.state.in_([RunState.BLOCKED, RunState.FAILED]))
    if waiting:
        wanted = wanted.where(runs.c.hour >= moment(waiting[0].hour)).order_by(runs.c.finished_at)
        due = frozenset(waiting)
        for row in connection.execute(wanted):
            notice = _notice(row)
            if notice.slice in due:
                found[notice.slice] = notice
    return list(found.values())


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        slice=Slice(seconds(row.hour), row.region, row.cluster),
        state=RunState(row.state),
        finished_at=seconds(row.finished_at),
        message=row.message,
    )
