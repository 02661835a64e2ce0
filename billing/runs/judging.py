"""From orders to rows, and what is to be done with them: evidence is read by stretches, each hour is judged alone."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from billing.conservation import NODE_LAW
from billing.coverage import SliceState
from billing.hour import HOUR, Period
from billing.ledger.build_evidence import build_evidence
from billing.ledger.publication import PublicationKind
from billing.runs.build_hours import of_hour
from billing.runs.holdings import holdings, payers
from billing.runs.metering import meter_builds, meter_pods
from billing.runs.outcome import Outcome, message
from billing.runs.override import Override, Overrides
from billing.runs.publication import last_of_each
from billing.runs.record import RunKind, RunState
from billing.runs.step import Step, unwatched
from billing.runs.stretch import Stretch
from core.control import reading
from core.errors import StarmeterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Engine

    from billing.ledger.publication import Publication
    from billing.ledger.slice import Slice
    from billing.ledger.store import Ledger
    from billing.ownership import Holding
    from billing.policy import MeteringPolicy
    from billing.runs.metered import Metered
    from billing.runs.record import Order
    from billing.runs.step import Hook


class Judging:
    """Meters by one policy, and compares with what is published; writes nothing."""

    def __init__(self, engine: Engine, ledger: Ledger, policy: MeteringPolicy, on_step: Hook = unwatched) -> None:
        self._engine = engine
        self._ledger = ledger
        self._policy = policy
        self._on_step = on_step

    def judged(self, orders: Sequence[Order], uncollected: Mapping[Slice, StarmeterError]) -> list[Outcome]:
        """What to do with each order's rows, in the order of the orders.

        An hour whose evidence cannot be read, or be collected where the agent did not tell all of it, has failed.

        Raises:
            Unavailable: the control store fails.
        """
        metered = self._metered(orders)
        self._on_step(Step.METERED)
        last = self.last(orders)
        found = []
        for order in orders:
            made, why = metered[order.slice], uncollected.get(order.slice)
            if not isinstance(made, StarmeterError) and why is not None:
                made = made if made.coverage.state is SliceState.COMPLETE else why
            if isinstance(made, StarmeterError):
                found.append(Outcome(order, RunState.FAILED, made.message))
            else:
                override = self._override(made, order.slice)
                made = made if override is None else override.applied(made)
                told = "; ".join(filter(None, [message(made), "" if override is None else str(override)]))
                found.append(Outcome(order, _state(order, made, last.get(order.slice)), told, made))
        return found

    def _override(self, metered: Metered, one: Slice) -> Override | None:
        """Who has set a law aside that the rows violate."""
        if all(each.law != NODE_LAW for each in metered.violations):
            return None
        return Overrides(self._engine).of(one.cluster, one.hour)

    def last(self, orders: Sequence[Order]) -> dict[Slice, tuple[Publication, str]]:
        """What each order's rows are compared with, and the hash of its inputs; orders are of one kind.

        An estimate is compared with whatever counts, another run with what is published.

        Raises:
            Unavailable: the control store fails.
        """
        kind = None if orders[0].kind is RunKind.ESTIMATE else PublicationKind.PUBLISHED
        with reading(self._engine) as connection:
            return last_of_each(connection, [order.slice for order in orders], kind)

    def _metered(self, orders: Sequence[Order]) -> dict[Slice, Metered | StarmeterError]:
        """What each slice's evidence makes, or why it cannot be had."""
        places: defaultdict[tuple[str, str, int], list[Slice]] = defaultdict(list)
        for order in orders:
            places[order.slice.region, order.slice.cluster, order.as_of].append(order.slice)
        found: dict[Slice, Metered | StarmeterError] = {}
        for (_, _, as_of), slices in places.items():
            found |= self._of_place(slices, as_of)
        self._on_step(Step.READ)
        return found

    def _of_place(self, slices: list[Slice], as_of: int) -> dict[Slice, Metered | StarmeterError]:
        try:
            return dict(self._stretch(slices, as_of))
        except StarmeterError as failure:
            if len(slices) == 1:
                return {slices[0]: failure}
        # Something is wrong with one of them, or they are too much at once.
        alone: dict[Slice, Metered | StarmeterError] = {}
        for one in slices:
            alone |= self._of_place([one], as_of)
        return alone

    def _stretch(self, slices: list[Slice], as_of: int) -> Iterator[tuple[Slice, Metered]]:
        span = Period(min(one.hour for one in slices), max(one.hour for one in slices) + HOUR)
        held = holdings(self._engine, span)
        if slices[0].cluster:
            for one, evidence in Stretch(self._ledger, slices, self._policy, as_of).evidence():
                yield one, meter_pods(one, evidence, payers(_within(held, one.period)), self._policy)
            return
        region = slices[0].region
        events = build_evidence(self._ledger, region, span, as_of)
        for one in slices:
            yield one, meter_builds(one, of_hour(events, region, one.period), _within(held, one.period), self._policy)


def _within(held: Sequence[Holding], hour: Period) -> list[Holding]:
    return [each for each in held if each.start < hour.end and (each.end is None or each.end > hour.start)]


def _state(order: Order, metered: Metered, last: tuple[Publication, str] | None) -> RunState:
    if metered.violations:
        return RunState.BLOCKED
    if last is None:
        return RunState.PUBLISHED
    publication, inputs_sha256 = last
    is_over = order.kind is RunKind.ESTIMATE and publication.kind is PublicationKind.PUBLISHED
    return RunState.UNCHANGED if is_over or inputs_sha256 == metered.inputs_sha256 else RunState.PUBLISHED
