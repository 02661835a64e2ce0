"""Credits: taken by final invoices, given back by void ones, and never twice."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert

from billing.accounts import journal
from billing.accounts.credits import CreditKind, usable
from billing.schema import credit_uses
from core.control import reading, writing
from core.errors import BadRequest, NotFound
from tests.billing.accounts.world import builds, day
from tests.billing.books import BUILD, MARCH, WORKSPACE, written

if TYPE_CHECKING:
    from tests.billing.accounts.world import World

BOOK = json.dumps(written([BUILD]))


def _left(world: World) -> list[str]:
    return [str(each.remaining) for each in world.credits.of_workspace(WORKSPACE)]


def test_a_final_invoice_takes_of_a_credit_and_a_void_one_gives_it_back(world: World) -> None:
    world.activate(BOOK)
    world.credits.give(WORKSPACE, "Welcome", Decimal("7.00"), by="ada")
    world.publish([builds(1, 100)], day(1))
    world.publish([builds(2, 100)], day(2))
    first = world.final(day(1)).content
    after_first = _left(world)
    second = world.final(day(2)).content
    after_second = _left(world)
    world.invoices.void(first.invoice_id, "ada", "wrong")

    assert (Decimal("0.00"), Decimal("3.00")) == (first.total, second.total)
    assert (after_first, after_second, _left(world)) == (["2.00"], ["0.00"], ["5.00"])
    assert journal.findings(world.engine) == ()


def test_a_credit_that_is_used_up_is_not_offered_to_the_next_invoice(world: World) -> None:
    world.activate(BOOK)
    world.credits.give(WORKSPACE, "Welcome", Decimal("5.00"), by="ada")
    world.publish([builds(1, 100)], day(1))
    world.final(day(1))
    with reading(world.engine) as connection:
        offered = usable(connection, WORKSPACE, "USD")

    assert (_left(world), offered) == (["0.00"], ())


def test_credits_are_told_the_oldest_first(world: World) -> None:
    for number in (1, 2, 3):
        world.at = day(number).start
        world.credits.give(WORKSPACE, f"Of day {number}", Decimal("1.00"), by="ada")

    assert [each.title for each in world.credits.of_workspace(WORKSPACE)] == ["Of day 1", "Of day 2", "Of day 3"]


def test_a_draft_takes_nothing(world: World) -> None:
    world.activate(BOOK)
    world.credits.give(WORKSPACE, "Welcome", Decimal("7.00"), by="ada")
    world.publish([builds(1, 100)], day(1))
    world.invoices.draft(WORKSPACE, day(1), world.evidence)

    assert _left(world) == ["7.00"]


def test_what_was_bought_is_owed_until_it_is_used_and_what_was_given_is_less_revenue(world: World) -> None:
    world.activate(BOOK)
    world.credits.give(WORKSPACE, "Bought", Decimal("4.00"), by="ada", kind=CreditKind.PREPAID, expires_at=day(9).end)
    world.credits.give(WORKSPACE, "Welcome", Decimal("3.00"), by="ada")
    world.publish([builds(1, 100)], day(1))
    content = world.final(day(1)).content

    assert Decimal("0.00") == content.total
    assert {
        "cash": Decimal("4.00"),
        "liability:prepaid": Decimal("0.00"),
        "contra:promotion": Decimal("1.00"),
        "revenue:build_s": Decimal("-5.00"),
    } == {each.account: each.amount for each in journal.balances(world.engine)}


def test_an_expired_credit_and_one_of_another_currency_pay_nothing(world: World) -> None:
    world.activate(BOOK)
    world.at = day(1).start - 3600
    world.credits.give(WORKSPACE, "Short", Decimal("5.00"), by="ada", expires_at=day(1).start)
    world.credits.give(WORKSPACE, "Euros", Decimal("5.00"), by="ada", currency="EUR")
    world.publish([builds(1, 100)], day(1))

    assert Decimal("5.00") == world.final(day(1)).content.total


def test_a_credit_that_was_used_up_meanwhile_is_not_taken_again(world: World) -> None:
    world.activate(BOOK)
    credit_id = world.credits.give(WORKSPACE, "Welcome", Decimal("7.00"), by="ada")
    world.publish([builds(1, 100)], day(1))
    world.at = day(1).end
    draft = world.invoices.draft(WORKSPACE, day(1), world.evidence).content.invoice_id
    world.invoices.submit(draft, "ada")
    used = {"credit_id": credit_id, "invoice_id": draft, "event": "elsewhere", "amount": "6.00"}
    with writing(world.engine) as connection:
        connection.execute(insert(credit_uses).values(used))

    with pytest.raises(BadRequest, match=f"credits: {credit_id} has been used meanwhile; withdraw the invoice"):
        world.invoices.approve(draft, "bob", world.log)
    world.invoices.withdraw(draft)
    assert str(world.final(day(1)).content.total) == "4.00"


@pytest.mark.parametrize(
    ("amount", "expires_at", "message"),
    [
        pytest.param("0.00", None, "amount: 0.00 is no positive amount", id="nothing"),
        pytest.param("-1.00", None, "amount: -1.00 is no positive amount", id="negative"),
        pytest.param("1.005", None, "amount: 1.005 is no positive amount in whole cents", id="half a cent"),
        pytest.param("1.00", 1, "expires_at: is past", id="expired"),
        pytest.param("1.00", MARCH, "expires_at: is past", id="expires now"),
    ],
)
def test_an_impossible_credit_is_refused(world: World, amount: str, expires_at: int | None, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        world.credits.give(WORKSPACE, "Odd", Decimal(amount), by="ada", expires_at=expires_at)
    with pytest.raises(NotFound):
        world.credits.give("nobody", "Odd", Decimal(1), by="ada")
    assert _left(world) == []
