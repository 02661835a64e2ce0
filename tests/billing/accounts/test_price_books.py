"""Price books and plans in the control store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from billing.accounts.plans import Plans, plan_of
from billing.errors import Immutable, MissingPrice
from billing.hour import month
from billing.price_book_file import read_price_book
from core.errors import BadRequest, NotFound
from tests.billing.accounts.world import NEIGHBOUR, builds, day
from tests.billing.books import BUILD, MARCH, WORKSPACE, written

if TYPE_CHECKING:
    from tests.billing.accounts.world import World

FIRST = json.dumps(written([BUILD]))
SECOND = json.dumps(written([{**BUILD, "unit_price": "0.06"}], version=2))


def test_the_book_in_force_is_the_one_that_was_activated_last(world: World) -> None:
    with pytest.raises(MissingPrice, match="none is in force; activate one"):
        world.books.active()
    for text in (FIRST, SECOND):
        world.books.store(text, "ada")
    seen = []
    for version in (1, 2, 1):
        world.books.activate("test", version, "ada")
        seen.append(world.books.active().version)

    assert seen == [1, 2, 1]
    assert [(each.version, each.active) for each in world.books.versions()] == [(1, True), (2, False)]


def test_a_stored_book_comes_back_the_same(world: World) -> None:
    stored = world.books.store(FIRST, "ada")

    assert stored == world.books.get("test", 1) == read_price_book(FIRST)
    assert stored == read_price_book(world.books.document("test", 1))


def test_the_same_version_with_the_same_prices_is_stored_once_in_whatever_notation(world: World) -> None:
    world.books.store(FIRST, "ada")
    world.books.store(f"# a remark\n{json.dumps(written([BUILD]), indent=2)}", "bob")

    assert [each.stored_by for each in world.books.versions()] == ["ada"]
    with pytest.raises(Immutable, match="raise the version"):
        world.books.store(json.dumps(written([{**BUILD, "unit_price": "0.06"}])), "ada")


def test_a_book_that_cannot_be_used_is_not_stored(world: World) -> None:
    with pytest.raises(BadRequest, match="price book: prices"):
        world.books.store(json.dumps(written([{**BUILD, "unit_price": "-1"}])), "ada")
    with pytest.raises(NotFound, match="test version 1 is not stored"):
        world.books.activate("test", 1, "ada")
    assert world.books.versions() == ()


def test_a_workspace_has_the_standard_plan_until_it_is_given_another(world: World) -> None:
    april, june = month(2026, 4), month(2026, 6)
    plans = Plans(world.engine)
    plans.give(WORKSPACE, "pro", april.start)
    plans.give(WORKSPACE, "team", june.start)

    when = {MARCH: "standard", april.start - 1: "standard", april.start: "pro", june.start - 1: "pro", june.end: "team"}
    assert when == {at: plan_of(world.engine, WORKSPACE, at) for at in when}
    assert plan_of(world.engine, NEIGHBOUR, june.end) == "standard"


def test_a_plan_given_again_for_a_month_replaces_the_former(world: World) -> None:
    plans = Plans(world.engine)
    for plan in ("pro", "team"):
        plans.give(WORKSPACE, plan, MARCH)

    assert plan_of(world.engine, WORKSPACE, MARCH) == "team"


@pytest.mark.parametrize(
    ("plan", "at", "said"),
    [
        pytest.param("pro", MARCH + 3600, "valid_from: 2026-03-01T01:00:00Z is within a month", id="within a month"),
        pytest.param("Pro plan", MARCH, "plan: not a label", id="no name"),
    ],
)
def test_an_impossible_plan_is_refused(world: World, plan: str, at: int, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        Plans(world.engine).give(WORKSPACE, plan, at)
    with pytest.raises(NotFound):
        Plans(world.engine).give("nobody", "pro", MARCH)


def test_a_period_that_is_closed_or_in_review_keeps_its_plan(world: World) -> None:
    world.activate(FIRST)
    world.publish([builds(1)], day(1))
    world.at = day(1).end
    draft = world.invoices.draft(WORKSPACE, day(1), world.evidence).content.invoice_id
    Plans(world.engine).give(WORKSPACE, "team", MARCH)
    world.invoices.submit(draft, "ada")
    with pytest.raises(BadRequest, match="a later period has an invoice in review or final; choose a later month"):
        Plans(world.engine).give(WORKSPACE, "pro", MARCH)
    world.invoices.approve(draft, "bob", world.log)

    with pytest.raises(BadRequest, match="a later period has an invoice in review or final; choose a later month"):
        Plans(world.engine).give(WORKSPACE, "pro", MARCH)
    Plans(world.engine).give(WORKSPACE, "pro", month(2026, 4).start)
