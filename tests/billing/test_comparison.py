from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from billing.assembly import assemble
from billing.comparison import compare
from billing.correction import corrections
from billing.errors import Unbalanced
from billing.invoice import ItemKind
from billing.rating import rate
from billing.rounding import total
from tests.billing.books import BUILD, SERVICES, book_of, credit_list, inputs, row
from tests.billing.golden_cases import cases
from tests.billing.month import final

if TYPE_CHECKING:
    from billing.invoice import Content

_EFFECTS = ("price", "quantity", "new", "gone")


def _content(side: dict[str, Any]) -> Content:
    rows = [row(0, "build_s", seconds, service) for service, seconds in side["builds"].items()]
    return assemble(rows, book_of([{**BUILD, "unit_price": side["price"]}]), inputs())


@pytest.mark.parametrize("case", cases("comparison.yml"))
def test_a_difference_is_split_into_price_quantity_new_and_gone(case: dict[str, Any]) -> None:
    before, after = _content(case["before"]), _content(case["after"])
    changes = compare(before, after)
    letters = {service: letter for letter, service in SERVICES.items()}

    assert case["changes"] == {
        letters[change.service_id]: {
            name: str(value.quantize(Decimal("0.01"))) for name in _EFFECTS if (value := getattr(change, name))
        }
        for change in changes
    }
    assert after.total - before.total == total(change.difference for change in changes)


def test_rows_without_a_price_change_as_a_whole() -> None:
    used = [row(0, "build_s", 6000)]
    before = assemble(used, book_of(), inputs())
    after = assemble(used, book_of(), inputs(credits=credit_list([{"id": "c1", "remaining": "2.00"}])))

    assert [(ItemKind.CREDIT, Decimal("-2.00"))] == [(change.kind, change.other) for change in compare(before, after)]


def test_several_prices_on_the_earlier_side_take_their_average() -> None:
    end = "2026-03-01T05:00:00Z"
    two = book_of([{**BUILD, "valid_to": end}, {**BUILD, "id": "new", "unit_price": "0.10", "valid_from": end}])
    before = assemble([row(0, "build_s", 600), row(5, "build_s", 1200)], two, inputs())
    after = assemble([row(0, "build_s", 600), row(5, "build_s", 1800)], two, inputs())
    (change,) = compare(before, after)

    # 30 minutes for 2.50 are 0.0833… each: ten more are 0.8333…, and the price's part is what is left of 1.00.
    assert (Decimal("0.833333333333"), Decimal("0.166666666667")) == (change.quantity, change.price)


def test_an_average_of_two_prices_of_less_than_nothing_used_has_the_sign_of_a_price() -> None:
    """Corrections may take back what was used at two prices: -30 minutes for -2.50 become -20."""
    end = "2026-03-01T05:00:00Z"
    two = book_of([{**BUILD, "valid_to": end}, {**BUILD, "id": "new", "unit_price": "0.10", "valid_from": end}])
    charged = rate([row(0, "build_s", 600), row(5, "build_s", 1200)], two, "pro")
    once, less = corrections(charged, [], "inv-0"), corrections(charged, charged[:1], "inv-0")
    before, after = (assemble([], two, inputs(corrections=lines)) for lines in (once, less))
    change = next(each for each in compare(before, after) if each.kind is ItemKind.CORRECTION)

    assert (Decimal("0.833333333333"), Decimal("0.50")) == (change.quantity, change.difference)


def test_two_currencies_are_refused() -> None:
    content = final().content

    with pytest.raises(Unbalanced, match="cannot be compared"):
        compare(content, replace(content, currency="EUR"))


def test_an_invoice_that_does_not_add_up_is_refused() -> None:
    content = final().content

    with pytest.raises(Unbalanced, match="do not add up"):
        compare(content, replace(content, total=content.total + 1))


def test_with_one_price_the_quantitys_part_is_exact_to_the_last_decimal() -> None:
    book = book_of([{"id": "m", "meter": "mem_byte_s", "unit": "GiB-Seconds", "unit_price": "0.000003858025"}])
    first, second = (assemble([row(0, "mem_byte_s", mebibytes * 2**20)], book, inputs()) for mebibytes in (1, 3))
    change = next(each for each in compare(first, second) if each.kind is ItemKind.USAGE)

    assert (Decimal("0.000000007535205078125"), Decimal(0)) == (change.quantity, change.price)


def test_the_same_use_by_another_unit_is_a_change_of_the_price_alone() -> None:
    # An hour at 0.06 a minute is 3.60; at 0.002 a second it is 7.20.
    before = assemble([row(0, "build_s", 3600)], book_of([{**BUILD, "unit_price": "0.06"}]), inputs())
    seconds = book_of([{**BUILD, "unit": "Seconds", "unit_price": "0.002"}])
    same, more = (assemble([row(0, "build_s", used)], seconds, inputs()) for used in (3600, 3660))

    assert [(Decimal(0), Decimal("3.60"))] == [(each.quantity, each.price) for each in compare(before, same)]
    assert [(Decimal("0.06"), Decimal("3.66"))] == [(each.quantity, each.price) for each in compare(before, more)]
