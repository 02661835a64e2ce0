"""Numbers without a gap: approvers at once, approvers who are killed, and what is left behind them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from billing.accounts import journal
from billing.errors import Immutable
from billing.invoice import State
from billing.schema import credit_uses, invoice_series
from billing.schema import journal as entries
from core.control import reading
from core.errors import BadRequest, StarmeterError
from tests.billing.accounts.world import NEIGHBOUR, builds, day, neighbours
from tests.billing.books import BUILD, WORKSPACE, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.billing.accounts.world import World

BOOK = json.dumps(written([BUILD]))
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def reviewed(world: World) -> tuple[str, str]:
    """Two workspaces' invoices in review."""
    world.activate(BOOK)
    world.credits.give(WORKSPACE, "Welcome", Decimal("1.00"), by="ada")
    world.publish([builds(1, 100), neighbours(builds(1, 10))], day(1))
    world.at = day(1).end
    drafts = [world.invoices.draft(each, day(1), world.evidence).content for each in (WORKSPACE, NEIGHBOUR)]
    ours, theirs = (world.invoices.submit(each.invoice_id, "ada").content.invoice_id for each in drafts)
    return ours, theirs


def _at_once(*steps: Callable[[], object]) -> list[object]:
    """What each gives, or the error that it raises."""
    start, outcomes = threading.Barrier(len(steps), timeout=60), list[object]()

    def run(step: Callable[[], object]) -> None:
        start.wait()
        try:
            outcomes.append(step())
        except StarmeterError as failure:
            outcomes.append(failure)

    threads = [threading.Thread(target=run, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_two_approvers_at_once_get_two_numbers_without_a_gap(world: World, reviewed: tuple[str, str]) -> None:
    ours, theirs = reviewed
    outcomes = _at_once(
        lambda: world.invoices.approve(ours, "bob", world.log).content.number,
        lambda: world.invoices.approve(theirs, "eve", world.log).content.number,
    )

    assert {"2026-0001", "2026-0002"} == set(outcomes)
    assert journal.findings(world.engine) == ()


def test_two_approvers_of_one_invoice_make_one_final_invoice(world: World, reviewed: tuple[str, str]) -> None:
    ours, theirs = reviewed
    outcomes = _at_once(
        lambda: world.invoices.approve(ours, "bob", world.log).content.number,
        lambda: world.invoices.approve(ours, "eve", world.log).content.number,
    )

    assert sorted(str(each) for each in outcomes if not isinstance(each, StarmeterError)) == ["2026-0001"]
    assert [Immutable] == [type(each) for each in outcomes if isinstance(each, StarmeterError)]
    assert world.invoices.approve(theirs, "bob", world.log).content.number == "2026-0002"


def test_two_drafts_at_once_are_one_draft(world: World) -> None:
    world.activate(BOOK)
    world.publish([builds(1, 100)], day(1))
    draft = lambda: world.invoices.draft(WORKSPACE, day(1), world.evidence).content.total  # noqa: E731 - short
    outcomes = _at_once(draft, draft, draft)

    refused = [each for each in outcomes if isinstance(each, StarmeterError)]
    assert {Decimal("5.00")} == {each for each in outcomes if each not in refused}
    assert {BadRequest} >= {type(each) for each in refused}
    assert len(world.invoices.of_workspace(WORKSPACE)) == 1


def test_a_refused_approval_takes_no_number(world: World, reviewed: tuple[str, str]) -> None:
    ours, theirs = reviewed
    with pytest.raises(BadRequest):
        world.invoices.approve(ours, "ada", world.log)

    assert world.invoices.approve(theirs, "bob", world.log).content.number == "2026-0001"


@pytest.fixture
def killer(store_url: str) -> Iterator[Callable[[str, str, int], Callable[[int], str]]]:
    """Starts processes that take a step and are killed before a statement of it."""
    running: list[subprocess.Popen[str]] = []

    def start(step: str, invoice: str, at: int) -> Callable[[int], str]:
        program = [sys.executable, "-m", "tests.billing.accounts.killed", store_url, step, invoice, str(at)]
        process = subprocess.Popen(program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        running.append(process)

        def at_statement(number: int) -> str:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{number}\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        return at_statement

    yield start
    for process in running:
        process.communicate(timeout=60)


def _traces(world: World) -> tuple[int, int, int]:
    """How many journal entries, credit uses and numbers there are."""
    with reading(world.engine) as connection:
        counts = [len(connection.execute(select(table)).all()) for table in (entries, credit_uses)]
        numbers = connection.execute(select(invoice_series.c.last)).scalar()
    return counts[0], counts[1], numbers or 0


def test_an_approver_who_is_killed_at_any_statement_leaves_nothing_and_the_next_one_finishes(
    world: World, reviewed: tuple[str, str], killer: Callable[[str, str, int], Callable[[int], str]]
) -> None:
    ours, _ = reviewed
    at_statement = killer("approve", ours, world.at)
    survived = 0
    for number in range(1, 60):
        if at_statement(number) == "done 0":
            survived = number
            break
        assert (world.invoices.find(ours).state, _traces(world)) == (State.IN_REVIEW, (0, 0, 0)), number

    final = world.invoices.get(WORKSPACE, ours)
    assert survived > 10
    assert (State.FINAL, "2026-0001", Decimal("4.00")) == (final.state, final.content.number, final.content.total)
    assert _traces(world) == (3, 1, 1)
    assert journal.findings(world.engine) == ()


def test_a_void_that_is_killed_at_any_statement_leaves_the_invoice_final_and_the_next_one_finishes(
    world: World, reviewed: tuple[str, str], killer: Callable[[str, str, int], Callable[[int], str]]
) -> None:
    ours, _ = reviewed
    world.invoices.approve(ours, "eve", world.log)
    at_statement = killer("void", ours, world.at)
    survived = 0
    for number in range(1, 60):
        if at_statement(number) == "done 0":
            survived = number
            break
        assert (world.invoices.find(ours).state, _traces(world)) == (State.FINAL, (3, 1, 1)), number

    assert survived > 6
    assert (world.invoices.find(ours).state, _traces(world)) == (State.VOID, (6, 2, 1))
    assert journal.findings(world.engine) == ()
