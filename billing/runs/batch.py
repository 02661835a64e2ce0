"""Many runs under one lease: what is due, a range again, or estimates of what is not over."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from billing.runs.collection import Collection
from billing.runs.mirror import mirror
from billing.runs.publication import Publications
from billing.runs.record import Order, RunKind, abandon
from billing.runs.runner import Runner
from core.control import writing

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from sqlalchemy import Engine

    from billing.ledger.slice import Slice
    from billing.ledger.store import Ledger
    from billing.policy import MeteringPolicy
    from billing.runs.collection import Collector
    from billing.runs.instruments import Instruments
    from billing.runs.lease import Fence, Lease
    from billing.runs.runner import Outcome
    from billing.runs.step import Hook


class Batch:
    """The parts that every batch needs; `holder` is a name of this process alone."""

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
    ) -> None:
        self._engine = engine
        self._ledger = ledger
        self._collector = collector
        self._lease = lease
        self._clock = clock
        self._instruments = instruments
        steps = {} if on_step is None else {"on_step": on_step}
        self._runner = Runner(engine, ledger, policy, clock, **steps)

    def previews(self, slices: Iterable[Slice], kind: RunKind) -> Generator[Outcome]:
        """What the runs would do, one after the other; nothing is written, so that no lease is needed.

        Raises:
            Unavailable: a store fails.
        """
        as_of = self._clock()
        for one in slices:
            yield self._runner.preview(Order(one, kind, as_of))

    def runs(self, choose: Callable[[], Iterable[Slice]], kind: RunKind) -> Generator[Outcome] | None:
        """Runs over the slices that `choose` names once the lease is held; `None` while another holds it.

        Raises:
            LeaseLost: while it runs: another runner has taken over.
            Unavailable: a store fails so that nothing can even be recorded.
        """
        fence = self._lease.acquire()
        return None if fence is None else self._held(fence, choose, kind)

    def _held(self, fence: Fence, choose: Callable[[], Iterable[Slice]], kind: RunKind) -> Generator[Outcome]:
        with self._lease.kept(fence):
            # Whatever a runner before us could not finish.
            with writing(self._engine) as connection:
                abandon(connection, fence, self._clock())
            mirror(Publications(self._engine), self._ledger)
            collection = Collection(None if kind is RunKind.ESTIMATE else self._collector)
            for one in choose():
                began = time.perf_counter()
                outcome = self._runner.run(Order(one, kind, self._clock()), fence, collection)
                self._instruments.count(outcome, time.perf_counter() - began)
                yield outcome
