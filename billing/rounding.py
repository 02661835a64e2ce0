"""The one place where numbers are rounded, the exact arithmetic around it, and shares of cents that add up."""

from __future__ import annotations

from decimal import Clamped, Context, Decimal, Inexact, InvalidOperation, Overflow, Subnormal, Underflow
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

QUANTITY_PLACES: Final = 10  # 1 MiB is 2^-10 GiB, which has ten decimals: requests in whole MiB are never rounded
MONEY_PLACES: Final = 2
# Every signal is an error: an operation that would round is a defect, wherever it happens.
_EXACT: Final = Context(prec=120, traps=[Inexact, InvalidOperation, Overflow, Underflow, Subnormal, Clamped])
_ZERO: Final = Decimal(0)


class Mode(StrEnum):
    """What happens to an exact half: to the even neighbour, or away from zero."""

    HALF_EVEN = "half_even"
    HALF_UP = "half_up"


def rounded(numerator: int, denominator: int, places: int, mode: Mode) -> Decimal:
    """The fraction with so many decimals; `denominator` is positive."""
    power, digit = _scale(places)
    whole, rest = divmod(abs(numerator) * power, denominator)
    if rest and (2 * rest > denominator or (2 * rest == denominator and (mode is Mode.HALF_UP or whole % 2))):
        whole += 1
    return _EXACT.multiply(-whole if numerator < 0 else whole, digit)


@cache
def _scale(places: int) -> tuple[int, Decimal]:
    """How many of the last of so many decimals make a whole one, and one of them."""
    return 10**places, Decimal((0, (1,), -places))


def money(exact: Decimal) -> Decimal:
    """An amount in whole cents, halves away from zero."""
    return rounded(*exact.as_integer_ratio(), MONEY_PLACES, Mode.HALF_UP)


def product(quantity: Decimal, unit_price: Decimal) -> Decimal:
    """Exactly."""
    return _EXACT.multiply(quantity, unit_price)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Exactly."""
    result = _ZERO
    for amount in amounts:
        result = _EXACT.add(result, amount)
    return result


def shares_in_cents(amounts: Sequence[Decimal], whole: Decimal) -> tuple[Decimal, ...]:
    """Each amount in whole cents such that they add up to `whole`, which is their total, rounded to cents.

    It is given, as the exact half of a cent may have been rounded up before what was carried over was taken off.

    Every amount is rounded down, then the cents that are missing go to the largest remainders; of equal ones to the
    earlier. So each share is less than a cent away from its amount, and one in whole cents stays.
    """
    floors, remainders = [], []
    for amount in amounts:
        numerator, denominator = amount.as_integer_ratio()
        cents, rest = divmod(numerator * 10**MONEY_PLACES, denominator)
        floors.append(cents)
        remainders.append((rest * 10**40) // denominator)
    missing = int(_EXACT.scaleb(whole, MONEY_PLACES)) - sum(floors)
    largest = sorted(range(len(amounts)), key=lambda position: (-remainders[position], position))[:missing]
    for position in largest:
        floors[position] += 1
    return tuple(rounded(cents, 10**MONEY_PLACES, MONEY_PLACES, Mode.HALF_UP) for cents in floors)
