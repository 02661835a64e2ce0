"""Laws of the journal."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from billing.accounts import journal
from billing.accounts.moment import moment
from billing.accounts.posting import Leg, balanced, invoice_legs, reversed_legs, supplier_legs
from billing.assembly import Credit, Entry, assemble
from billing.correction import corrections
from billing.errors import Unbalanced
from billing.meter import Meter
from billing.rating import rate
from billing.rounding import total
from billing.schema import journal as entries
from core.control import reading, writing
from tests.billing.accounts.world import builds, day
from tests.billing.books import BUILD, MARCH, WORKSPACE, book_of, inputs, row, written

if TYPE_CHECKING:
    from tests.billing.accounts.world import World

CENTS = st.integers(-5_000, 5_000).map(lambda cents: Decimal(cents).scaleb(-2))
PRICE = st.integers(0, 10**9).map(lambda price: f"{Decimal(price).scaleb(-10):f}")
FEBRUARY = "inv-0"


@pytest.mark.property
@settings(max_examples=60, deadline=None)
@given(
    price=PRICE,
    seconds=st.lists(st.integers(1, 10**6), max_size=4),
    late=st.lists(st.integers(1, 10**5), max_size=3),
    credit=st.integers(0, 10**6),
    given_in=st.lists(CENTS, max_size=2),
    included=st.integers(0, 500),
    minimum=st.integers(0, 500),
)
def test_every_invoice_whatever_is_on_it_moves_amounts_that_add_up_to_zero(  # noqa: PLR0917 - what an invoice may have
    price: str,
    seconds: list[int],
    late: list[int],
    credit: int,
    given_in: list[Decimal],
    included: int,
    minimum: int,
) -> None:
    """Debits equal credits; what is owed is the total; a reversal leaves nothing."""
    book = book_of(
        [{**BUILD, "unit_price": price}],
        included_amounts=[{"plan": "pro", "amount": f"{included}.00"}],
        minimums=[{"plan": "pro", "amount": f"{minimum}.00"}],
    )
    amended = corrections(
        rate([row(-24, "build_s", 600)], book, "pro"),
        rate([row(-hour, "build_s", each) for hour, each in enumerate(late, 1)], book, "pro"),
        FEBRUARY,
    )
    content = assemble(
        [row(hour, "build_s", each) for hour, each in enumerate(seconds)],
        book,
        inputs(
            credits=(Credit("bought", "Bought", Decimal(credit).scaleb(-2)), Credit("given", "Given", Decimal(1))),
            taxes=tuple(Entry("VAT", abs(each)) for each in given_in),
            carried_in=tuple(Entry("Carried", each, FEBRUARY) for each in given_in),
            corrections=amended,
            adjustments=(Entry("Recomputed", Decimal("-0.123456"), FEBRUARY),),
        ),
    )
    legs = invoice_legs(content, {FEBRUARY: MARCH - 28 * 86_400}, {"bought"})

    assert Decimal(0) == total(leg.amount for leg in legs)
    assert content.total == total(leg.amount for leg in legs if leg.account == "receivable")
    assert balanced([*legs, *reversed_legs(legs)]) == ()


def test_legs_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(Unbalanced, match=r"add up to 0\.01, not to zero"):
        balanced([Leg("cash", "", MARCH, Decimal("1.00")), Leg("rounding", "", MARCH, Decimal("-0.99"))])


def test_a_suppliers_bill_is_a_cost_and_an_overhead_and_owed() -> None:
    legs = supplier_legs("depot", MARCH, {Meter.BUILD: Decimal(40), Meter.BUILD_CACHE: Decimal(10)})

    assert [(leg.account, int(leg.amount)) for leg in legs] == [
        ("cost:build_s", 40),
        ("overhead:cache_byte_s", 10),
        ("payable:depot", -50),
    ]


def test_a_correction_is_booked_to_the_period_in_which_the_usage_was(world: World) -> None:
    world.activate(json.dumps(written([BUILD])))
    world.publish([builds(1, 10)], day(1))
    world.publish([builds(2, 10)], day(2))
    world.final(day(1))
    world.publish([builds(1, 30)])
    world.final(day(2))

    revenue: defaultdict[int, Decimal] = defaultdict(Decimal)
    with reading(world.engine) as connection:
        for each in connection.execute(select(entries).where(entries.c.account == "revenue:build_s")):
            revenue[int(each.period_start.timestamp())] -= Decimal(each.amount)
    assert {day(1).start: Decimal("1.50"), day(2).start: Decimal("0.50")} == revenue


@pytest.fixture
def booked(world: World) -> World:
    """A world with a final invoice of 5.00."""
    world.activate(json.dumps(written([BUILD])))
    world.publish([builds(1, 100)], day(1))
    world.final(day(1))
    return world


def _add(world: World, **changed: object) -> None:
    values = {
        "transaction_id": "odd",
        "leg": 1,
        "posted_at": moment(MARCH),
        "event": "odd",
        "source_id": "odd",
        "period_start": moment(MARCH),
        "account": "cash",
        "workspace_id": WORKSPACE,
        "amount": "0.01",
        "currency": "USD",
    }
    with writing(world.engine) as connection:
        connection.execute(insert(entries).values({**values, **changed}))


def test_an_entry_without_its_other_side_is_found(booked: World) -> None:
    assert journal.findings(booked.engine) == ()
    _add(booked)

    assert journal.findings(booked.engine) == ("transaction odd odd: adds up to 0.01", "trial balance: USD 0.01")
    with pytest.raises(Unbalanced, match="transaction odd odd"):
        journal.require_clean(booked.engine)


def test_something_owed_without_an_invoice_is_found(booked: World) -> None:
    _add(booked, account="receivable")
    _add(booked, leg=2, amount="-0.01")

    assert journal.findings(booked.engine) == ("journal: odd is owed without an invoice",)


def test_an_invoice_that_was_booked_otherwise_is_found(booked: World) -> None:
    invoice_id = booked.invoices.row("2026-0001").id
    _add(booked, account="receivable", event="again", source_id=invoice_id, amount="1.00")
    _add(booked, leg=2, event="again", source_id=invoice_id, amount="-1.00")

    assert journal.findings(booked.engine) == ("invoice 2026-0001: 6.00 is booked as owed, it says 5.00",)


def test_a_transaction_is_posted_once(booked: World) -> None:
    with pytest.raises(Exception, match="someone else has just written the same"):
        _add(booked, event="invoice", source_id=booked.invoices.row("2026-0001").id)


def test_legs_of_nothing_are_not_posted() -> None:
    leg = Leg("cash", WORKSPACE, MARCH, Decimal(0))

    assert balanced([leg, replace(leg, account="rounding")]) == ()
