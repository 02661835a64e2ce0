"""Runs over the slices of some hours: evidence, rows, laws, and the moment from which the rows count.

All that is written for several slices is written at once, and counts at once: which hours are run together changes how
long it takes, and nothing else.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import polars as pl
from sqlalchemy import insert

from billing.accounts.moment import moment
from billing.canonical import canonical, sha256
from billing.ledger.publication import PublicationKind
from billing.runs.change import changes
from billing.runs.collection import Collection
from billing.runs.judging import Judging
from billing.runs.lease import LeaseLost, require
from billing.runs.metered import policy_hash
from billing.runs.mirror import mirror
from billing.runs.outcome import Outcome, log
from billing.runs.publication import Publications
from billing.runs.record import RunKind, RunState, begin, finish
from billing.runs.step import Step, unwatched
from billing.schema import publications
from core.control import writing
from core.errors import StarmeterError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine

    from billing.ledger.slice import Slice
    from billing.ledger.store import Ledger
    from billing.policy import MeteringPolicy
    from billing.runs.lease import Fence
    from billing.runs.record import Order
    from billing.runs.step import Hook

_log = logging.getLogger("billing.runs")
_NO_COLLECTION: Final = Collection(None)


class Runner:
    """Makes runs by one policy. `clock` gives UTC seconds; `on_step` is told of each step that is done."""

    def __init__(
        self,
        engine: Engine,
        ledger: Ledger,
        policy: MeteringPolicy,
        clock: Callable[[], int],
        on_step: Hook = unwatched,
    ) -> None:
        self._engine = engine
        self._ledger = ledger
        self._policy_sha256 = policy_hash(policy)
        self._clock = clock
        self._on_step = on_step
        self._judging = Judging(engine, ledger, policy, on_step)
        self._publications = Publications(engine)

    def preview(self, orders: Sequence[Order]) -> list[Outcome]:
        """What runs of one kind would do now, without collecting or writing anything.

        Raises:
            Unavailable: the control store fails.
        """
        judged = self._judging.judged(orders, {})
        last = self._judging.last(orders)
        found = []
        for each in judged:
            if each.state is RunState.PUBLISHED and each.metered is not None:
                before = last[each.order.slice][0] if each.order.slice in last else None
                told = changes(self._ledger, each.order.slice, before, each.metered)
                found.append(replace(each, changes=told))
            else:
                found.append(each)
        return found

    def run(self, orders: Sequence[Order], fence: Fence, collection: Collection = _NO_COLLECTION) -> list[Outcome]:
        """Make runs of one kind, and publish the rows of those that differ in what they follow from.

        A failure of a store, or of a law, is an outcome: it is recorded, and the slice stays due.

        Raises:
            LeaseLost: another runner holds the lease; nothing was published.
            Unavailable: the control store cannot even record it.
        """
        ids = begin(self._engine, orders, fence, self._policy_sha256, self._clock())
        self._on_step(Step.RECORDED)
        outcomes = self._judged(orders, collection)
        try:
            self._publish(ids, outcomes, fence)
        except LeaseLost:
            raise
        except StarmeterError as failure:
            outcomes = [
                Outcome(each.order, RunState.FAILED, failure.message) if each.state is RunState.PUBLISHED else each
                for each in outcomes
            ]
            with writing(self._engine) as connection:
                finish(connection, zip(ids, outcomes, strict=True), self._clock())
        for each in outcomes:
            log(each)
        return outcomes

    def _judged(self, orders: Sequence[Order], collection: Collection) -> list[Outcome]:
        uncollected: dict[Slice, StarmeterError] = {}
        for order in orders:
            if (failure := collection.collect(order.slice)) is not None:
                uncollected[order.slice] = failure
        if any(collection.concerns(order.slice) for order in orders):
            # What has just been collected counts, too.
            orders = [replace(order, as_of=self._clock() + 1) for order in orders]
        self._on_step(Step.COLLECTED)
        return self._judging.judged(orders, uncollected)

    def _publish(self, ids: Sequence[str], outcomes: Sequence[Outcome], fence: Fence) -> None:
        made = {run_id: each for run_id, each in zip(ids, outcomes, strict=True) if each.state is RunState.PUBLISHED}
        self._write(made)
        with writing(self._engine) as connection:
            if made:
                require(connection, fence)
                connection.execute(insert(publications), [self._publication(*each) for each in made.items()])
            finish(connection, zip(ids, outcomes, strict=True), self._clock())
        if not made:
            return
        self._on_step(Step.PUBLISHED)
        try:
            mirror(self._publications, self._ledger)
        except StarmeterError as failure:
            # They count already; the next run, or the next to start, copies them.
            _log.warning("publications are not copied yet", extra={"runs": len(made), "reason": failure.message})
        self._on_step(Step.MIRRORED)

    def _write(self, made: dict[str, Outcome]) -> None:
        """Add the rows of runs to the ledger."""
        parts = [
            each.metered.usage.with_columns(run_id=pl.lit(run_id))
            for run_id, each in made.items()
            if each.metered is not None and not each.metered.usage.is_empty()
        ]
        if parts:
            # The runs' ids are in the token: rows that are equal to other runs' are rows of their own.
            hashes = [(run_id, each.metered.rows_sha256) for run_id, each in made.items() if each.metered is not None]
            self._ledger.write_runs(pl.concat(parts), sha256(canonical(hashes)))
        if made:
            self._on_step(Step.WRITTEN)

    def _publication(self, run_id: str, outcome: Outcome) -> dict[str, object]:
        one, metered = outcome.order.slice, outcome.metered
        assert metered is not None  # noqa: S101 - what is published has rows, if only none
        is_estimate = outcome.order.kind is RunKind.ESTIMATE
        return {
            "region": one.region,
            "cluster": one.cluster,
            "hour": moment(one.hour),
            "kind": PublicationKind.ESTIMATE if is_estimate else PublicationKind.PUBLISHED,
            "run_id": run_id,
            "published_at": moment(self._clock()),
            "heard": metered.coverage.observed,
            "expected": metered.coverage.expected,
            "rows": metered.usage.height,
        }
