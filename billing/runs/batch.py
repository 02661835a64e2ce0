"""Many runs under one lease: what is due, a range again, or estimates of what is not over."""

from __future__ import annotations

import time
from itertools import groupby
from typing import TYPE_CHECKING, Final

from billing.runs.collection import Collection
from billing.runs.mirror import mirror
from billing.runs.publication import Publications
from billing.runs.record import Order, RunKind, abandon
from billing.runs.runner import Runner
from billing.runs.superseded import drop_superseded
from core.control import writing

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from sqlalchemy import Engine

    from billing.ledger.slice import Slice
    from billing.ledger.store import Ledger
    from billing.policy import MeteringPolicy
    from billing.runs.collection import Collector
    from billing.runs.instruments import Instruments
    from billing.runs.lease import Fence, Lease
    from billing.runs.outcome import Outcome
    from billing.runs.step import Hook

# Hours that are run together, while their rows are no more than that: memory is that of some ten thousand pods.
_MOST_HOURS: Final = 24
_MOST_ROWS: Final = 20_000


class Batch:
    """The parts that every batch needs; `holder` is a name of this process alone.

    At most `most_hours` are run together: how many makes no difference but in time and in memory.
    """

    def __init__(
        self,
        engine: Engine,
        ledger: Ledger,
        collector: Collector | None,
        policy: MeteringPolicy,
        lease: Lease,
        *,
        clock: Callable[[], int],
        instruments: Instruments,
        on_step: Hook | None = None,
        most_hours: int = _MOST_HOURS,
    ) -> None:
        self._engine = engine
        self._ledger = ledger
        self._collector = collector
        self._lease = lease
        self._clock = clock
        self._instruments = instruments
        self._most_hours = most_hours
        steps = {} if on_step is None else {"on_step": on_step}
        self._runner = Runner(engine, ledger, policy, clock, **steps)

    def previews(self, slices: Iterable[Slice], kind: RunKind) -> Generator[Outcome]:
        """What the runs would do, in order; nothing is written, so that no lease is needed.

        Raises:
            Unavailable: the control store fails.
        """
        yield from self._together(slices, kind, self._runner.preview)

    def runs(
        self, choose: Callable[[], Iterable[Slice]], kind: RunKind, *, collecting: bool = True
    ) -> Generator[Outcome] | None:
        """Runs over the slices that `choose` names once the lease is held; `None` while another holds it.

        Without `collecting`, they use what evidence there is.

        Raises:
            LeaseLost: while it runs: another runner has taken over.
            Unavailable: a store fails so that nothing can even be recorded.
        """
        fence = self._lease.acquire()
        collector = self._collector if collecting and kind is not RunKind.ESTIMATE else None
        return None if fence is None else self._held(fence, choose, kind, Collection(collector))

    def _held(
        self, fence: Fence, choose: Callable[[], Iterable[Slice]], kind: RunKind, collection: Collection
    ) -> Generator[Outcome]:
        with self._lease.kept(fence):
            # Whatever a runner before us could not finish.
            with writing(self._engine) as connection:
                abandon(connection, fence, self._clock())
            mirror(Publications(self._engine), self._ledger)
            if kind is RunKind.ESTIMATE:
                # What piles up is taken away by what makes it; what is due never waits for that.
                drop_superseded(self._engine, self._ledger, self._clock())
            yield from self._together(
                choose(), kind, lambda orders: self._counted(self._runner.run, orders, fence, collection)
            )

    def _counted(
        self,
        run: Callable[[Sequence[Order], Fence, Collection], list[Outcome]],
        orders: Sequence[Order],
        fence: Fence,
        collection: Collection,
    ) -> list[Outcome]:
        began = time.perf_counter()
        outcomes = run(orders, fence, collection)
        each_s = (time.perf_counter() - began) / len(orders)
        for outcome in outcomes:
            self._instruments.count(outcome, each_s)
        return outcomes

    def _together(
        self, slices: Iterable[Slice], kind: RunKind, work: Callable[[Sequence[Order]], list[Outcome]]
    ) -> Iterator[Outcome]:
        """Work on the slices of some hours at a time: first of one, then of as many as their rows allow."""
        hours = [list(of_hour) for _, of_hour in groupby(slices, lambda one: one.hour)]
        done, at_once = 0, 1
        while done < len(hours):
            chosen = hours[done : done + at_once]
            as_of = self._clock()
            outcomes = work([Order(one, kind, as_of) for of_hour in chosen for one in of_hour])
            yield from outcomes
            done += at_once
            rows_an_hour = sum(each.rows for each in outcomes) // len(chosen)
            at_once = max(1, min(self._most_hours, _MOST_ROWS // max(rows_an_hour, 1)))
