"""Whether a supplier's bill agrees with what we measured, and what the difference is worth."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from billing.canonical import decimal_text
from billing.meter import Meter
from billing.rounding import MONEY_PLACES, Mode, product, rounded, total

if TYPE_CHECKING:
    from collections.abc import Iterable

# What Depot bills, in its units; and how far we may differ from it, in percent of its quantity.
UNITS: Final = {Meter.BUILD: "Minutes", Meter.BUILD_CACHE: "GB-Months"}
TOLERANCE: Final = {Meter.BUILD: Decimal(1), Meter.BUILD_CACHE: Decimal(2)}
_PERCENT: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class Billed:
    """A supplier's quantity of a meter for a month, in its own unit, and its price for it."""

    meter: Meter
    quantity: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Comparison:
    """One meter of a bill. `difference`: ours less theirs; `worth`: the difference at our cost price.

    `percent` is of their quantity, to two decimals, and `None` when they billed nothing. `expected` is what their
    quantity comes to at our cost price.
    """

    meter: Meter
    unit: str
    ours: Decimal
    theirs: Decimal
    difference: Decimal
    percent: Decimal | None
    tolerance: Decimal
    worth: Decimal
    billed: Decimal
    expected: Decimal

    @property
    def agrees(self) -> bool:
        """Whether the quantities differ by no more than the tolerance, which is included."""
        return product(abs(self.difference), _PERCENT) <= product(self.tolerance, self.theirs)


def compared(billed: Billed, ours: Decimal, cost: Decimal) -> Comparison:
    """A bill's meter beside what we measured (in the bill's unit), at our cost price of a unit."""
    difference = total([ours, billed.quantity.copy_negate()])
    return Comparison(
        meter=billed.meter,
        unit=UNITS[billed.meter],
        ours=ours,
        theirs=billed.quantity,
        difference=difference,
        percent=percent(difference, billed.quantity),
        tolerance=TOLERANCE[billed.meter],
        worth=product(difference, cost),
        billed=billed.amount,
        expected=product(billed.quantity, cost),
    )


def findings(comparisons: Iterable[Comparison], spent: Decimal, threshold: Decimal | None) -> tuple[str, ...]:
    """What somebody should look into: quantities apart, and a supplier that costs as much as a move would pay for."""
    found = [
        f"{each.meter}: we measured {decimal_text(each.ours)} {each.unit}, the bill has {decimal_text(each.theirs)}: "
        f"{_apart(each.percent)} apart, at most {each.tolerance} % is expected"
        for each in comparisons
        if not each.agrees
    ]
    if threshold is not None and spent >= threshold:
        found.append(
            f"spend: {decimal_text(spent)} a month reaches {decimal_text(threshold)}, at which to move builds elsewhere"
        )
    return tuple(found)


def _apart(difference: Decimal | None) -> str:
    return "wholly" if difference is None else f"{abs(difference)} %"


def percent(part: Decimal, whole: Decimal) -> Decimal | None:
    """A part of a whole in percent, to two decimals, halves away from zero; `None` of nothing."""
    if whole <= 0:
        return None
    numerator, denominator = part.as_integer_ratio()
    of, by = whole.as_integer_ratio()
    return rounded(numerator * by * 100, denominator * of, MONEY_PLACES, Mode.HALF_UP)
