"""Suppliers' bills, and whether they agree with what we measured."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from billing.accounts import journal
from billing.accounts.reconciliation import Billed, Reconciliation, Spend, compared, percent
from billing.accounts.suppliers import SupplierBill, Suppliers, read_csv
from billing.hour import month
from billing.meter import Meter
from core.errors import BadRequest, NotFound

if TYPE_CHECKING:
    from sqlalchemy import Engine

HEADER = "month,meter,quantity,unit,amount,currency\n"
MARCH_2026 = month(2026, 3)


@pytest.mark.parametrize(
    ("meter", "ours", "theirs", "agrees"),
    [
        pytest.param(Meter.BUILD, "1000", "1000", True, id="the same"),
        pytest.param(Meter.BUILD, "990", "1000", True, id="1 % less is included"),
        pytest.param(Meter.BUILD, "1010", "1000", True, id="1 % more is included"),
        pytest.param(Meter.BUILD, "989.9999999999", "1000", False, id="a hair less than 1 %"),
        pytest.param(Meter.BUILD, "1010.0000000001", "1000", False, id="a hair more than 1 %"),
        pytest.param(Meter.BUILD_CACHE, "49", "50", True, id="the cache by 2 %"),
        pytest.param(Meter.BUILD_CACHE, "51.0000000001", "50", False, id="the cache by a hair more"),
        pytest.param(Meter.BUILD, "0", "0", True, id="nothing on both sides"),
        pytest.param(Meter.BUILD, "0.1", "0", False, id="something, and nothing billed"),
        pytest.param(Meter.BUILD, "0", "1", False, id="nothing, and something billed"),
    ],
)
def test_quantities_agree_within_their_tolerance(meter: Meter, ours: str, theirs: str, agrees: bool) -> None:
    billed = Billed(meter, Decimal(theirs), Decimal(theirs) * Decimal("0.04"))
    found = compared(billed, Decimal(ours), Decimal("0.04"))

    assert agrees is found.agrees
    assert (not agrees) is bool(Reconciliation("depot", "USD", "USD", (found,)).findings(None))


def test_a_cache_that_is_not_measured_is_no_difference() -> None:
    found = compared(Billed(Meter.BUILD_CACHE, Decimal(50), Decimal("10.00")), Decimal(0), Decimal("0.20"))

    assert (found.is_measured, found.agrees) == (False, True)
    assert Reconciliation("depot", "USD", "USD", (found,)).findings(None) == ()


@pytest.mark.parametrize(
    ("amount", "is_ours"), [("40.40", True), ("40.41", False), ("39.60", True), ("39.59", False), ("0.00", False)]
)
def test_an_amount_agrees_within_the_tolerance_of_its_quantity(amount: str, is_ours: bool) -> None:
    found = compared(Billed(Meter.BUILD, Decimal(1000), Decimal(amount)), Decimal(1000), Decimal("0.04"))
    told = Reconciliation("depot", "USD", "USD", (found,)).findings(None)

    assert is_ours is found.is_our_price
    assert (not is_ours) is any("one of the prices is wrong" in each for each in told)


def test_a_difference_is_worth_its_minutes_at_cost() -> None:
    found = compared(Billed(Meter.BUILD, Decimal(1000), Decimal("40.00")), Decimal(975), Decimal("0.04"))

    assert (Decimal(-25), Decimal("-2.50"), Decimal("-1.00"), Decimal("40.00")) == (
        found.difference,
        found.percent,
        found.worth,
        found.expected,
    )


@pytest.mark.parametrize(("spent", "found"), [("499.99", 0), ("500.00", 1), ("900.00", 1)])
def test_a_spend_is_a_finding_from_its_threshold_on(spent: str, found: int) -> None:
    limited, open_ended = (Spend("depot", "USD", Decimal(spent), threshold) for threshold in (Decimal("500.00"), None))

    assert found == len(list(limited.findings("USD")))
    assert list(open_ended.findings("USD")) == []


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        *(("1", "8", "12.50"), ("1", "3", "33.33"), ("2", "3", "66.67"), ("-1", "3", "-33.33")),
        *(("0.00125", "10", "0.01"), ("1", "800", "0.13"), ("-1", "800", "-0.13")),
    ],
)
def test_a_percentage_has_two_decimals(part: str, whole: str, expected: str) -> None:
    assert expected == str(percent(Decimal(part), Decimal(whole)))


def test_nothing_has_no_percentage() -> None:
    assert percent(Decimal(1), Decimal(0)) is None
    assert percent(Decimal(1), Decimal(-1)) is None


def test_a_bill_is_read_from_csv_month_by_month() -> None:
    text = f"\ufeff{HEADER}2026-04,build_s,1,Minutes,0.04,USD\n2026-03,cache_byte_s,50,GB-Months,10.00,USD\n"

    april, march = (
        Billed(Meter.BUILD, Decimal(1), Decimal("0.04")),
        Billed(Meter.BUILD_CACHE, Decimal(50), Decimal(10)),
    )
    assert (
        SupplierBill("depot", MARCH_2026, "USD", (march,)),
        SupplierBill("depot", month(2026, 4), "USD", (april,)),
    ) == read_csv(text, "depot")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("month,meter\n", "header: write it as month,meter,quantity", id="another header"),
        pytest.param(f"{HEADER}2026-13,build_s,1,Minutes,1,USD", "line 2: month: '2026-13'", id="no month"),
        pytest.param(f"{HEADER}2026-03,cpu_mcore_s,1,Minutes,1,USD", "line 2: meter: 'cpu_mcore_s'", id="no supply"),
        pytest.param(f"{HEADER}2026-03,build_s,1,Seconds,1,USD", "billed in Minutes", id="another unit"),
        pytest.param(f"{HEADER}2026-03,build_s,-1,Minutes,1,USD", "quantity or amount: '-1'", id="negative"),
        pytest.param(f"{HEADER}2026-03,build_s,1e3,Minutes,1,USD", "quantity or amount: '1e3'", id="an exponent"),
        pytest.param(f"{HEADER}2026-03,build_s,1,Minutes,NaN,USD", "quantity or amount: 'NaN'", id="no number"),
        pytest.param(f"{HEADER}2026-03,build_s,1,Minutes,1,usd", "line 2: currency", id="no currency"),
        pytest.param(f"{HEADER}2026-03,build_s,1,Minutes,1", "line 2: currency", id="a short line"),
        pytest.param(
            f"{HEADER}2026-03,build_s,1,Minutes,1,USD\n2026-03,build_s,2,Minutes,1,USD", "line 3: meter", id="twice"
        ),
        pytest.param(
            f"{HEADER}2026-03,build_s,1,Minutes,1,USD\n2026-03,cache_byte_s,2,GB-Months,1,EUR",
            "currency: 2026-03 has several",
            id="two currencies",
        ),
    ],
)
def test_a_csv_that_is_no_bill_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        read_csv(text, "depot")


def _bill(minutes: str, cache: str = "10.00") -> SupplierBill:
    billed = (
        Billed(Meter.BUILD, Decimal(minutes), Decimal(minutes) * Decimal("0.04")),
        Billed(Meter.BUILD_CACHE, Decimal(50), Decimal(cache)),
    )
    return SupplierBill("depot", MARCH_2026, "USD", billed)


def _balances(engine: Engine) -> dict[str, Decimal]:
    return {each.account: each.amount for each in journal.balances(engine)}


def test_a_bill_is_booked_once_and_a_mended_one_replaces_it(engine: Engine) -> None:
    suppliers = Suppliers(engine)
    news = [suppliers.record(each, "ada") for each in (_bill("1000"), _bill("1000.00"), _bill("1100"), _bill("900"))]

    assert news == [True, False, True, True]
    assert _bill("900") == suppliers.bill("depot", MARCH_2026)
    assert _balances(engine) == {"cost:build_s": 36, "overhead:cache_byte_s": 10, "payable:depot": -46}
    assert journal.findings(engine) == ()


def test_a_bill_that_was_not_imported_is_not_found(engine: Engine) -> None:
    with pytest.raises(NotFound, match="depot has no bill for 2026-03; import it"):
        Suppliers(engine).bill("depot", MARCH_2026)
