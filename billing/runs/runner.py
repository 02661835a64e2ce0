"""One run over one slice: evidence, rows, laws, and the moment from which the rows count."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import insert

from billing.accounts.moment import moment
from billing.coverage import SliceState
from billing.ledger.build_evidence import build_evidence
from billing.ledger.evidence import pod_evidence
from billing.ledger.publication import PublicationKind
from billing.runs.change import changes
from billing.runs.collection import Collection
from billing.runs.holdings import holdings, payers
from billing.runs.lease import LeaseLost, require
from billing.runs.metered import policy_hash
from billing.runs.metering import meter_builds, meter_pods
from billing.runs.mirror import mirror
from billing.runs.publication import Publications, last_of
from billing.runs.record import RunKind, RunState, begin, finish, inputs_of
from billing.runs.step import Step, unwatched
from billing.schema import publications
from core.control import reading, writing
from core.errors import StarmeterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

    from billing.ledger.store import Ledger
    from billing.policy import MeteringPolicy
    from billing.runs.change import Change
    from billing.runs.lease import Fence
    from billing.runs.metered import Metered
    from billing.runs.record import Order
    from billing.runs.step import Hook

_log = logging.getLogger("billing.runs")
_NO_COLLECTION: Final = Collection(None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a run. `changes` is what it publishes beside what was published before, if it was asked for."""

    order: Order
    state: RunState
    message: str = ""
    metered: Metered | None = field(default=None, repr=False)
    changes: tuple[Change, ...] = ()


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
        self._policy = policy
        self._policy_sha256 = policy_hash(policy)
        self._clock = clock
        self._on_step = on_step
        self._publications = Publications(engine)

    def preview(self, order: Order) -> Outcome:
        """What a run would do now, without collecting or writing anything.

        Raises:
            Unavailable: a store fails.
        """
        metered, state = self._judged(order, _NO_COLLECTION)
        with reading(self._engine) as connection:
            last = last_of(connection, order.slice, _compared(order))
        found = changes(self._ledger, order.slice, last, metered) if state is RunState.PUBLISHED else ()
        return Outcome(order, state, _message(metered), metered, found)

    def run(self, order: Order, fence: Fence, collection: Collection = _NO_COLLECTION) -> Outcome:
        """Make a run, and publish its rows if they differ in what they follow from.

        A failure of a store, or of a law, is an outcome: it is recorded, and the slice stays due.

        Raises:
            LeaseLost: another runner holds the lease; nothing was published.
            Unavailable: the control store cannot even record it.
        """
        run_id = begin(self._engine, order, fence, self._policy_sha256, self._clock())
        self._on_step(Step.RECORDED)
        try:
            outcome = self._made(order, fence, collection, run_id)
        except LeaseLost:
            raise
        except StarmeterError as failure:
            outcome = Outcome(order, RunState.FAILED, failure.message)
            self._finish(run_id, outcome)
        _tell(outcome)
        return outcome

    def _made(self, order: Order, fence: Fence, collection: Collection, run_id: str) -> Outcome:
        metered, state = self._judged(order, collection)
        outcome = Outcome(order, state, _message(metered), metered)
        if state is not RunState.PUBLISHED:
            self._finish(run_id, outcome)
            return outcome
        # The run's id is in the token: rows that are equal to another run's are rows of their own.
        self._ledger.write_table(metered.usage, run_id, f"{run_id}/{metered.rows_sha256}")
        self._on_step(Step.WRITTEN)
        with writing(self._engine) as connection:
            require(connection, fence)
            connection.execute(insert(publications).values(self._publication(order, run_id, metered)))
            self._record(connection, run_id, outcome)
        self._on_step(Step.PUBLISHED)
        try:
            mirror(self._publications, self._ledger)
        except StarmeterError as failure:
            # It counts already; the next run, or the next to start, copies it.
            _log.warning("a publication is not copied yet", extra={"run": run_id, "reason": failure.message})
        self._on_step(Step.MIRRORED)
        return outcome

    def _judged(self, order: Order, collection: Collection) -> tuple[Metered, RunState]:
        """The rows of a slice, and what is to be done with them."""
        uncollected = collection.collect(order.slice)
        self._on_step(Step.COLLECTED)
        metered = self._metered(order)
        self._on_step(Step.METERED)
        if uncollected is not None and metered.coverage.state is not SliceState.COMPLETE:
            raise uncollected
        if metered.violations:
            return metered, RunState.BLOCKED
        with reading(self._engine) as connection:
            last = last_of(connection, order.slice, _compared(order))
            if last is None:
                return metered, RunState.PUBLISHED
            is_over = order.kind is RunKind.ESTIMATE and last.kind is PublicationKind.PUBLISHED
            same = is_over or inputs_of(connection, last.run_id) == metered.inputs_sha256
        return metered, RunState.UNCHANGED if same else RunState.PUBLISHED

    def _metered(self, order: Order) -> Metered:
        held = holdings(self._engine, order.slice.period)
        if not order.slice.cluster:
            events = build_evidence(self._ledger, order.slice, order.as_of)
            self._on_step(Step.READ)
            return meter_builds(order.slice, events, held, self._policy)
        evidence = pod_evidence(self._ledger, order.slice, self._policy, order.as_of)
        self._on_step(Step.READ)
        return meter_pods(order.slice, evidence, payers(held), self._policy)

    def _publication(self, order: Order, run_id: str, metered: Metered) -> dict[str, object]:
        is_estimate = order.kind is RunKind.ESTIMATE
        return {
            "region": order.slice.region,
            "cluster": order.slice.cluster,
            "hour": moment(order.slice.hour),
            "kind": PublicationKind.ESTIMATE if is_estimate else PublicationKind.PUBLISHED,
            "run_id": run_id,
            "published_at": moment(self._clock()),
            "heard": metered.coverage.observed,
            "expected": metered.coverage.expected,
            "rows": metered.usage.height,
        }

    def _finish(self, run_id: str, outcome: Outcome) -> None:
        with writing(self._engine) as connection:
            self._record(connection, run_id, outcome)

    def _record(self, connection: Connection, run_id: str, outcome: Outcome) -> None:
        now = self._clock()
        finish(connection, run_id, outcome.state, metered=outcome.metered, message=outcome.message, now=now)


def _compared(order: Order) -> PublicationKind | None:
    """What a run's inputs are compared with: an estimate's with whatever counts, another's with what is published."""
    return None if order.kind is RunKind.ESTIMATE else PublicationKind.PUBLISHED


def _message(metered: Metered) -> str:
    broken = [f"{each.law}: {each.subject}: {each.message}" for each in metered.violations]
    return "; ".join([*broken, *filter(None, [str(metered.remarks)])])


def _tell(outcome: Outcome) -> None:
    level = {RunState.BLOCKED: logging.ERROR, RunState.FAILED: logging.WARNING}.get(outcome.state, logging.INFO)
    remarks = None if outcome.metered is None else outcome.metered.remarks
    _log.log(
        level,
        "run",
        extra={
            "slice": str(outcome.order.slice),
            "kind": outcome.order.kind.value,
            "state": outcome.state.value,
            "rows": 0 if outcome.metered is None else outcome.metered.usage.height,
            "quarantined": 0 if remarks is None else len(remarks.quarantined),
            "quarantined_builds": 0 if remarks is None else len(remarks.quarantined_builds),
            "mismatched": 0 if remarks is None else len(remarks.mismatched),
            "unattributed": 0 if remarks is None else len(remarks.unattributed),
            "reason": outcome.message,
        },
    )
