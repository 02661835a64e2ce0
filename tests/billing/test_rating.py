from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from billing.errors import MissingPrice
from billing.hour import DAY
from billing.price import Kind
from billing.rating import by_day, rate, rate_days
from billing.rounding import MONEY_PLACES, Mode, money, rounded, shares_in_cents, total
from tests.billing.books import BUILD, MARCH, SERVICES, book_of, row
from tests.billing.golden_cases import cases


@pytest.mark.parametrize("case", cases("rounding.yml"))
def test_a_fraction_is_rounded_as_the_mode_says(case: dict[str, Any]) -> None:
    numerator, denominator = case["amount"]

    assert case["even"] == str(rounded(numerator, denominator, case["places"], Mode.HALF_EVEN))
    assert case["up"] == str(rounded(numerator, denominator, case["places"], Mode.HALF_UP))


@pytest.mark.parametrize("case", cases("shares.yml"))
def test_shown_cents_add_up_to_the_rounded_total(case: dict[str, Any]) -> None:
    amounts = [Decimal(amount) for amount in case["amounts"]]
    shares = shares_in_cents(amounts, money(total(amounts)))

    assert case["shares"] == list(map(str, shares))
    assert money(total(amounts)) == total(shares)


def test_an_operation_that_would_round_is_an_error() -> None:
    with pytest.raises(ArithmeticError):
        total([Decimal(1), Decimal("1e-200")])


def test_money_has_two_decimals() -> None:
    assert (MONEY_PLACES, str(money(Decimal(0)))) == (2, "0.00")


@pytest.mark.parametrize("case", cases("rating.yml"))
def test_usage_is_worth_its_quantity_times_the_price_of_its_hour(case: dict[str, Any]) -> None:
    book, rows = book_of(case["prices"]), [row(*each) for each in case["rows"]]
    if "missing" in case:
        with pytest.raises(MissingPrice, match=re.escape(case["missing"])):
            rate(rows, book, "pro")
        return
    letters = {service: letter for letter, service in SERVICES.items()}
    lines = rate(rows, book, "pro")

    assert [
        (day, service, price, step, Decimal(quantity), Decimal(amount))
        for day, service, price, step, quantity, amount in case["lines"]
    ] == [
        (
            (line.day - MARCH) // DAY + 1,
            letters[line.service_id],
            line.price_id,
            line.step,
            line.quantity,
            line.amount,
        )
        for line in sorted(lines, key=lambda line: (line.day, line.service_id, line.price_id, line.step))
    ]


def test_costs_are_rated_by_the_same_function_and_leave_a_fifth_of_a_build_minute() -> None:
    book = book_of([BUILD, {**BUILD, "id": "cost", "kind": "cost", "unit_price": "0.04"}])
    rows = [row(0, "build_s", 60_000)]
    sold, cost = (total(line.amount for line in rate(rows, book, "pro", kind)) for kind in (Kind.SELL, Kind.COST))

    assert (Decimal(50), Decimal(40)) == (sold, cost)
    assert Decimal("0.2") == (sold - cost) / sold


def test_fifty_gb_months_of_cache_cost_the_gross_margin_of_a_thousand_minutes() -> None:
    cache = {"id": "cache", "kind": "cost", "meter": "cache_byte_s", "unit": "GB-Months", "unit_price": "0.20"}
    seconds_of_march = 31 * DAY
    lines = rate([row(0, "cache_byte_s", 50 * 10**9 * seconds_of_march)], book_of([cache]), "pro", Kind.COST)

    assert [(Decimal(50), Decimal(10))] == [(line.quantity, line.amount) for line in lines]


def test_a_package_says_what_it_is_a_package_of() -> None:
    package = {**BUILD, "model": "package", "package_size": 100, "unit_price": "4"}

    assert [line.unit for line in rate([row(0, "build_s", 1)], book_of([package]), "pro")] == ["100 Minutes"]


def test_days_in_whatever_order_are_rated_as_those_of_a_calendar() -> None:
    """Steps are used up by the first day's usage first, whichever day the store tells of first."""
    steps = [{"up_to": 10, "unit_price": "1"}, {"unit_price": "3"}]
    book = book_of([{**BUILD, "unit_price": None, "model": "graduated", "steps": steps}])
    days = by_day([row(24 * day, "build_s", 480) for day in range(3)], book, "pro")

    assert [Decimal(8), Decimal(2), Decimal(18), Decimal(24)] == [line.amount for line in rate_days(days, book)]
    assert rate_days(days, book) == rate_days(days[::-1], book)
