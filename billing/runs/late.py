"""Hours that are published, and of which more has been told since: they are found by themselves and run again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from billing.accounts.moment import moment, seconds
from billing.coverage import Coverage, SliceState
from billing.hour import HOUR, Period, hour_of
from billing.ledger.publication import PublicationKind
from billing.ledger.slice import Slice
from billing.runs.publication import last_of_each
from billing.runs.record import RunKind, RunState
from billing.schema import runs
from core.control import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from sqlalchemy import Connection, Engine

    from billing.ledger.publication import Publication
    from billing.ledger.store import Ledger
    from billing.runs.outcome import Outcome
    from billing.settings import ScheduleSettings

# What is received takes up to that long until it is stored, so that a run may have missed what came just before it.
_UNDER_WAY_S: Final = 60
_ENDED_WELL: Final = (RunState.PUBLISHED, RunState.UNCHANGED)


class Late:
    """Compares when the newest evidence of hours was received with when they were last run; of `regions`."""

    def __init__(self, engine: Engine, ledger: Ledger, regions: Collection[str], schedule: ScheduleSettings) -> None:
        self._engine = engine
        self._ledger = ledger
        self._regions = frozenset(regions)
        self._schedule = schedule

    def slices(self, now: int) -> list[Slice]:
        """The published slices of the look-back that are to be run again at a UTC second, the oldest first.

        Raises:
            Unavailable: a store fails.
        """
        return self.within(self._look_back(now)) if self._schedule.look_back_s else []

    def within(self, period: Period) -> list[Slice]:
        """The same among the slices of a period.

        Raises:
            Unavailable: a store fails.
        """
        with reading(self._engine) as connection:
            last = {one: as_of for one, as_of in _last_runs(connection, period).items() if one.region in self._regions}
            if not last:
                return []
            published = last_of_each(connection, last.keys(), PublicationKind.PUBLISHED)
        hours = [one.hour for one in last]
        told = self._ledger.query("ledger/late/arrivals", {"first": min(hours), "until": max(hours) + HOUR})
        late = {
            one
            for region, cluster, hour, newest in told.select("region", "cluster", "hour", "newest").iter_rows()
            if (one := Slice(hour, region, cluster)) in last and newest >= last[one] - _UNDER_WAY_S
        }
        return sorted(late | _bridged(last, {one: each for one, (each, _) in published.items()}))

    def ready(self, now: int) -> list[Slice]:
        """The slices to be run again now: without those that were blocked or have failed a short while ago."""
        found = self.slices(now)
        if not found:
            return []
        column = runs.c
        tried = select(column.region, column.cluster, column.hour).where(
            column.state.in_([RunState.BLOCKED, RunState.FAILED]),
            column.kind == RunKind.BACKFILL,
            column.finished_at > moment(now - self._schedule.retry_s),
        )
        with reading(self._engine) as connection:
            waiting = {Slice(seconds(row.hour), row.region, row.cluster) for row in connection.execute(tried)}
        return [one for one in found if one not in waiting]

    def _look_back(self, now: int) -> Period:
        return Period(hour_of(now - self._schedule.look_back_s), hour_of(now) + HOUR)

    def run_again(
        self, found: Collection[Slice], now: int, run: Callable[[list[Slice]], Iterable[Outcome] | None]
    ) -> None:
        """Run what `ready` found, and around each slice those of its cluster that it changes; `run` makes runs.

        What was told of one hour changes the hours around it as far as it is a pod's nearest sight: so further ones are
        run until one is unchanged. They are run first: whoever dies in between finds the slices themselves still late.
        """
        with reading(self._engine) as connection:
            known = _last_runs(connection, self._look_back(now))
        seen = set(found)
        edges = {(one, step) for one in found if one.cluster for step in (-HOUR, HOUR)}
        while edges:
            around = {
                (following, step): following
                for one, step in edges
                if (following := Slice(one.hour + step, one.region, one.cluster)) in known and following not in seen
            }
            if not around:
                break
            seen.update(around.values())
            outcomes = run(sorted(set(around.values())))
            if outcomes is None:
                return
            changed = {each.order.slice for each in outcomes if each.state is not RunState.UNCHANGED}
            edges = {(one, step) for one, step in around if one in changed}
        for _ in run(sorted(found)) or ():
            pass


def _bridged(last: Mapping[Slice, int], published: Mapping[Slice, Publication]) -> set[Slice]:
    """The hours in which a cluster was not heard well, and that were run before it was heard well again.

    What is seen after a silence tells what ran in it.
    """
    heard_again: dict[tuple[str, str], int] = {}
    found = set()
    for one in sorted(last.keys() & published.keys(), reverse=True):
        place, each = (one.region, one.cluster), published[one]
        if Coverage(one.place, one.hour, each.heard, each.expected).state is SliceState.COMPLETE:
            heard_again[place] = last[one]
        elif last[one] < heard_again.get(place, 0):
            found.add(one)
    return found


def _last_runs(connection: Connection, period: Period) -> dict[Slice, int]:
    """By slice that is published, the time before which evidence was received that its last good run counted."""
    column = runs.c
    wanted = select(column.region, column.cluster, column.hour, func.max(column.as_of).label("as_of")).where(
        column.state.in_(_ENDED_WELL),
        column.kind != RunKind.ESTIMATE,
        column.hour >= moment(period.start),
        column.hour < moment(period.end),
    )
    found = connection.execute(wanted.group_by(column.region, column.cluster, column.hour))
    return {Slice(seconds(row.hour), row.region, row.cluster): seconds(row.as_of) for row in found}
