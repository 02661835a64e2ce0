"""Every row of an invoice has an account, by hand: what is owed on one side, what it is for on the other."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from billing.accounts import journal
from billing.accounts.credits import CreditKind
from billing.accounts.moment import seconds
from billing.accounts.posting import Leg, balanced, invoice_legs
from billing.assembly import Credit, Entry, assemble
from billing.schema import journal as entries
from core.control import reading, writing
from tests.billing.accounts.world import MARCH_2026, day
from tests.billing.books import MARCH, WORKSPACE, book_of, inputs, row

if TYPE_CHECKING:
    from tests.billing.accounts.world import World

FEBRUARY: Final = MARCH - 28 * 86_400


def _legs(used: int, book: dict[str, Any], **given: object) -> dict[tuple[str, int], str]:
    content = assemble([row(0, "build_s", used)], book_of(**book), inputs(**given))
    legs = invoice_legs(content, {"inv-0": FEBRUARY}, {"bought"})
    return {(leg.account, leg.period_start): f"{leg.amount.normalize():f}" for leg in legs}


def test_each_kind_of_row_is_booked_to_its_account_and_period() -> None:
    book = {
        "included_amounts": [{"plan": "pro", "amount": "1.00"}],
        "minimums": [{"plan": "pro", "amount": "9.00"}],
    }
    legs = _legs(
        6_001,
        book,
        credits=(Credit("bought", "Bought", Decimal("1.00")), Credit("given", "Given", Decimal("2.00"))),
        taxes=(Entry("VAT", Decimal("0.95")),),
        carried_in=(Entry("Carried over", Decimal("0.40"), "inv-0"),),
        adjustments=(Entry("Recomputed", Decimal("-0.50"), "inv-0"),),
    )

    assert legs == {
        ("receivable", MARCH): "6.85",
        ("revenue:build_s", MARCH): "-5.000833333335",
        ("contra:included", MARCH): "1",
        ("revenue:minimum", MARCH): "-4.999166666665",
        ("contra:included", FEBRUARY): "0.5",
        ("liability:prepaid", MARCH): "1",
        ("contra:promotion", MARCH): "2",
        ("liability:tax", MARCH): "-0.95",
        ("carried", MARCH): "-0.4",
    }


def test_what_is_rounded_off_and_what_is_carried_over_have_accounts_of_their_own() -> None:
    assert _legs(6_001, {}) == {
        ("receivable", MARCH): "5",
        ("revenue:build_s", MARCH): "-5.000833333335",
        ("rounding", MARCH): "0.000833333335",
    }
    assert _legs(60, {}) == {("revenue:build_s", MARCH): "-0.05", ("carried", MARCH): "0.05"}


def test_a_credit_that_is_bought_belongs_to_the_month_in_which_it_was(world: World) -> None:
    world.at = day(17).start + 5
    world.credits.give(WORKSPACE, "Bought", Decimal("4.00"), by="ada", kind=CreditKind.PREPAID)
    world.credits.give(WORKSPACE, "Given", Decimal("4.00"), by="ada")
    with reading(world.engine) as connection:
        found = [
            (each.account, seconds(each.period_start), each.amount)
            for each in connection.execute(select(entries).order_by(entries.c.account))
        ]

    assert found == [("cash", MARCH_2026.start, "4.00"), ("liability:prepaid", MARCH_2026.start, "-4.00")]


def test_a_reversal_is_of_one_event_and_leaves_its_sources_others_alone(world: World) -> None:
    def legs(amount: str) -> tuple[Leg, ...]:
        whole = Decimal(amount)
        return balanced([Leg("cash", WORKSPACE, MARCH, whole), Leg("rounding", WORKSPACE, MARCH, -whole)])

    with writing(world.engine) as connection:
        journal.post(connection, "one", "source", legs("1.00"), "USD", MARCH)
        journal.post(connection, "other", "source", legs("0.10"), "USD", MARCH)
        journal.reverse(connection, ("one", "source"), "reversal", "source", MARCH)
        journal.reverse(connection, ("none", "source"), "nothing", "source", MARCH)

    assert {each.account: str(each.amount) for each in journal.balances(world.engine)} == {
        "cash": "0.10",
        "rounding": "-0.10",
    }
