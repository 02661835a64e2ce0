"""What comes to light late is reversed and entered again: amounts and base units add up to exactly the difference."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from billing.assembly import assemble
from billing.correction import corrections
from billing.hour import DAY
from billing.invoice import ItemKind
from billing.lifecycle import require_balance
from billing.rating import rate
from billing.rounding import total
from tests.billing.books import BUILD, MARCH, book_of, inputs, row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from billing.rating import RatedLine

PACKAGES = book_of([{**BUILD, "model": "package", "package_size": 100, "unit_price": "4"}])


def test_late_usage_reverses_the_old_line_and_enters_the_new_on_the_next_invoice() -> None:
    invoiced = rate([row(0, "build_s", 600), row(24, "build_s", 600)], book_of(), "pro")
    fresh = rate([row(0, "build_s", 900), row(24, "build_s", 600)], book_of(), "pro")
    lines = corrections(invoiced, fresh, "inv-0")
    content = assemble([], book_of(), inputs(corrections=lines))

    assert [(Decimal(-10), Decimal("-0.5")), (Decimal(15), Decimal("0.75"))] == [
        (line.quantity, line.amount) for line in lines
    ]
    assert {(MARCH, "inv-0")} == {(line.day, line.corrects) for line in lines}
    assert [(ItemKind.CORRECTION, Decimal("0.25"))] == [(i.kind, i.amount) for i in content.items if i.meter]


def test_a_mended_price_is_corrected_with_both_prices_shown() -> None:
    rows = [row(0, "build_s", 6000)]
    lines = corrections(
        rate(rows, book_of(), "pro"), rate(rows, book_of([{**BUILD, "unit_price": "0.04"}]), "pro"), "i"
    )
    content = assemble([], book_of(), inputs(corrections=lines))
    require_balance(content)

    assert [Decimal(4), Decimal(-5)] == sorted((item.amount for item in content.items if item.meter), reverse=True)


def test_a_correction_of_a_correction_starts_from_what_was_charged_all_in_all() -> None:
    first, second, third = (rate([row(0, "build_s", seconds)], book_of(), "pro") for seconds in (600, 900, 300))
    once = corrections(first, second, "inv-0")
    twice = corrections([*first, *once], third, "inv-0")

    assert Decimal("-0.5") == total(line.amount for line in twice)
    assert corrections([*first, *once, *twice], third, "inv-0") == ()


def test_usage_that_was_never_there_is_reversed_to_nothing() -> None:
    invoiced = rate([row(0, "build_s", 600)], book_of(), "pro")
    lines = corrections(invoiced, [], "inv-0")

    assert [Decimal("-0.5")] == [line.amount for line in lines]
    assert [*corrections([*invoiced, *lines], [], "inv-0")] == []


def _packages(*minutes: int) -> list[RatedLine]:
    """The lines of builds of so many minutes, a day each, sold by the hundred."""
    return rate([row(24 * day, "build_s", each * 60) for day, each in enumerate(minutes)], PACKAGES, "pro")


def _sums(lines: Iterable[RatedLine]) -> tuple[Decimal, int]:
    every = list(lines)
    return total(line.amount for line in every), sum(line.base_quantity for line in every)


def test_a_package_that_is_begun_on_another_day_by_late_usage_is_moved_to_it() -> None:
    """With 110 minutes on the first day the second package is begun there; the second day's 60 are within it."""
    invoiced, fresh = _packages(60, 60), _packages(110, 60)
    lines = corrections(invoiced, fresh, "inv-0")

    assert [(line.day, line.quantity, line.base_quantity) for line in lines] == [
        (MARCH, Decimal(-1), -3_600),
        (MARCH, Decimal(2), 6_600),
        (MARCH + DAY, Decimal(-1), -3_600),
        (MARCH + DAY, Decimal(0), 3_600),
    ]
    assert _sums(lines) == (Decimal(0), 3_000)


def test_late_usage_within_a_begun_package_costs_nothing_and_is_told() -> None:
    lines = corrections(_packages(10), _packages(20), "inv-0")

    assert [(line.amount, line.base_quantity) for line in lines] == [(Decimal(-4), -600), (Decimal(4), 1_200)]


def test_usage_of_a_package_that_was_begun_before_is_reversed_with_its_base_units() -> None:
    """The second day's minutes are in no package of their own; when they turn out to be fewer, that is told, too."""
    invoiced, fresh = _packages(60, 30), _packages(60, 20)
    lines = corrections(invoiced, fresh, "inv-0")

    assert _sums(lines) == (Decimal(0), -600)
    assert corrections([*invoiced, *lines], fresh, "inv-0") == ()


def test_an_amount_that_is_left_of_usage_that_is_gone_is_reversed() -> None:
    """However it came about that units were taken back at another rounding than they were charged at."""
    (line,) = rate([row(0, "build_s", 1)], book_of(), "pro")
    back = replace(line, base_quantity=-1, quantity=Decimal("-0.01"), amount=Decimal("-0.0005"), corrects="inv-0")
    lines = corrections([line, back], [], "inv-0")

    assert _sums([line, back, *lines]) == (Decimal(0), 0)
    assert len(lines) == 1
