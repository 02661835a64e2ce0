"""Laws of invoices over whatever happens to them."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from billing.accounts import journal
from billing.errors import Immutable
from billing.invoice import State
from billing.rounding import total
from core import control
from tests.billing.accounts.world import World, builds, day
from tests.billing.books import BUILD, WORKSPACE, written

if TYPE_CHECKING:
    from pathlib import Path

_DAYS = 2
_LAST = _DAYS + 1
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.integers(1, _DAYS), st.integers(0, 60)),
        st.tuples(st.just("close"), st.integers(1, _DAYS), st.just(0)),
        st.tuples(st.just("void"), st.integers(1, _DAYS), st.just(0)),
    ),
    min_size=5,
    max_size=12,
)


def _close(world: World, number: int) -> None:
    """Make a day's invoice final, whatever state it is in; what is final stays."""
    there = {each.period.start: each for each in reversed(world.invoices.of_workspace(WORKSPACE))}
    known = there.get(day(number).start)
    if known is None or known.state is State.DRAFT:
        world.final(day(number))
    elif known.state is State.VOID:
        world.approve(world.invoices.reissue(known.id, world.evidence).content.invoice_id)


def _void(world: World, number: int) -> None:
    """Declare a day's invoice void, if it is final and no later one builds on it."""
    for each in world.invoices.of_workspace(WORKSPACE):
        if each.period == day(number) and each.state is State.FINAL:
            try:
                world.invoices.void(each.id, "ada", "a law is tested")
            except Immutable:
                return


@pytest.mark.property
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(steps=[("publish", 1, 40), ("close", 1, 0), ("publish", 1, 60), ("close", 2, 0), ("void", 1, 0)])
@example(steps=[("close", 2, 0), ("publish", 1, 40), ("close", 1, 0), ("publish", 1, 0), ("void", 1, 0)])
@given(steps=STEPS)
def test_in_whatever_order_usage_comes_and_invoices_are_closed_and_voided_all_usage_is_charged_once(
    steps: list[tuple[str, int, int]], sqlite_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What is paid in the end is what was used in the end, to the cent; numbers have no gap; the journal adds up."""
    path = tmp_path_factory.getbasetemp() / f"{uuid4().hex}.db"
    shutil.copyfile(sqlite_store, path)
    engine = control.connect(f"sqlite:///{path}")
    world = World(engine).build()
    world.activate(json.dumps(written([BUILD])))
    used = dict.fromkeys(range(1, _DAYS + 1), 0)
    for number in range(1, _LAST + 1):
        world.publish([], day(number))
    for step, number, minutes in steps:
        world.at += 60
        match step:
            case "publish":
                used[number] = minutes
                world.publish([builds(number, minutes)])
            case "close":
                _close(world, number)
            case _:
                _void(world, number)
    for number in range(1, _LAST):
        _close(world, number)
    # All that is still to be corrected or carried is on the last, which is large enough for it.
    world.publish([builds(_LAST, 1_000)])
    world.final(day(_LAST))
    every = world.invoices.every()
    found = journal.findings(engine)
    engine.dispose()
    path.unlink()

    paid = total(each.total for each in every if each.state is State.FINAL)
    assert paid == Decimal("0.05") * (sum(used.values()) + 1_000)
    assert sorted(each.number for each in every) == [f"2026-{number:04}" for number in range(1, len(every) + 1)]
    assert found == ()
