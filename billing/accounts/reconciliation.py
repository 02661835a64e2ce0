"""Whether a supplier's bill agrees with what we measured, and what the difference is worth."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from billing.canonical import decimal_text
from billing.meter import Meter
from billing.rounding import MONEY_PLACES, Mode, money, product, rounded, total

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    def is_measured(self) -> bool:
        """Whether there is anything of ours to compare: the build cache's size is the supplier's word alone."""
        return self.meter is not Meter.BUILD_CACHE or self.ours != 0

    @property
    def agrees(self) -> bool:
        """Whether the quantities differ by no more than the tolerance, which is included."""
        return not self.is_measured or _within(self.difference, self.theirs, self.tolerance)

    @property
    def is_our_price(self) -> bool:
        """Whether their amount is what their quantity costs by our price book, within the same tolerance."""
        return _within(total([self.billed, self.expected.copy_negate()]), self.expected, self.tolerance)


@dataclass(frozen=True, slots=True)
class Spend:
    """What a supplier billed for a month, and from which amount on builds should move elsewhere, if that is decided."""

    supplier: str
    currency: str
    spent: Decimal
    threshold: Decimal | None

    def findings(self, currency: str) -> Iterator[str]:
        """That the bill is in another currency than the price book, or that the threshold is reached."""
        if self.currency != currency:
            yield (
                f"currency: the bill of {self.supplier} is in {self.currency}, the price book in {currency}; amounts "
                "cannot be compared"
            )
        elif self.threshold is not None and self.spent >= self.threshold:
            yield (
                f"spend: {decimal_text(self.spent)} a month reaches {decimal_text(self.threshold)}, at which to move "
                "builds elsewhere"
            )


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A supplier's bill for a month beside what we measured, meter by meter. `currency`: the bill's."""

    supplier: str
    currency: str
    book_currency: str
    comparisons: tuple[Comparison, ...]

    @property
    def spent(self) -> Decimal:
        """All that was billed."""
        return total(each.billed for each in self.comparisons)

    def findings(self, threshold: Decimal | None) -> tuple[str, ...]:
        """What somebody should look into: quantities or prices apart, and a supplier that costs as much as a move.

        `threshold`: from which spend on builds should move elsewhere.
        """
        found = [
            f"{each.meter}: we measured {decimal_text(each.ours)} {each.unit}, the bill has "
            f"{decimal_text(each.theirs)}: {_apart(each.percent)} apart, at most {each.tolerance} % is expected"
            for each in self.comparisons
            if not each.agrees
        ]
        if self.currency == self.book_currency:
            found += [
                f"{each.meter}: {decimal_text(each.theirs)} {each.unit} cost {decimal_text(money(each.expected))} by "
                f"our price book, the bill says {decimal_text(each.billed)}; one of the prices is wrong"
                for each in self.comparisons
                if not each.is_our_price
            ]
        return (*found, *Spend(self.supplier, self.currency, self.spent, threshold).findings(self.book_currency))


def _within(difference: Decimal, whole: Decimal, tolerance: Decimal) -> bool:
    return product(abs(difference), _PERCENT) <= product(tolerance, whole)


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


def _apart(difference: Decimal | None) -> str:
    return "wholly" if difference is None else f"{abs(difference)} %"


def percent(part: Decimal, whole: Decimal) -> Decimal | None:
    """A part of a whole in percent, to two decimals, halves away from zero; `None` of nothing."""
    if whole <= 0:
        return None
    numerator, denominator = part.as_integer_ratio()
    of, by = whole.as_integer_ratio()
    return rounded(numerator * by * 100, denominator * of, MONEY_PLACES, Mode.HALF_UP)
