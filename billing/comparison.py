"""Why one invoice differs from another: by price, by quantity, by what is new and what is gone, to the last decimal."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from billing.errors import Unbalanced
from billing.invoice import ItemKind
from billing.rounding import MONEY_PLACES, QUANTITY_PLACES, Mode, product, rounded, total

if TYPE_CHECKING:
    from collections.abc import Iterable

    from billing.invoice import Content, Item

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """What changed in one service's use of one meter, or in one kind of the other rows.

    Exactly one of these is meant: `new` or `gone` (only one invoice has it), `price` and `quantity` (both have it), or
    `other` (a row that has no price). They add up to the difference.
    """

    kind: ItemKind
    project_id: str
    environment: str
    service_id: str
    region: str
    meter: str
    price: Decimal = _ZERO
    quantity: Decimal = _ZERO
    new: Decimal = _ZERO
    gone: Decimal = _ZERO
    other: Decimal = _ZERO

    @property
    def difference(self) -> Decimal:
        """All of it."""
        return total([self.price, self.quantity, self.new, self.gone, self.other])


def compare(before: Content, after: Content) -> tuple[Change, ...]:
    """All changes from one invoice to another, in order; they add up to the difference of the totals.

    With several prices on a side, the quantity's part is its change times the earlier average price, rounded to
    twelve decimals; the price's part is the rest.

    Raises:
        Unbalanced: the invoices have two currencies, or do not add up.
    """
    if before.currency != after.currency:
        raise Unbalanced(
            f"invoices: {before.currency} and {after.currency} cannot be compared; choose two of a currency"
        )
    old, new = _grouped(before.items), _grouped(after.items)
    changes = [
        change for key in old.keys() | new.keys() if (change := _change(key, old.get(key), new.get(key))).difference
    ]
    difference = total([after.total, before.total.copy_negate()])
    if total(change.difference for change in changes) != difference:
        raise Unbalanced(f"invoices: their changes do not add up to {difference}")
    return tuple(sorted(changes))


_Key = tuple[ItemKind, str, str, str, str, str]


def _grouped(items: Iterable[Item]) -> dict[_Key, list[Item]]:
    alike: defaultdict[_Key, list[Item]] = defaultdict(list)
    for item in items:
        place = item.project_id, item.environment, item.service_id, item.region, item.meter or ""
        alike[item.kind, *place].append(item)
    return dict(alike)


def _change(key: _Key, old: list[Item] | None, new: list[Item] | None) -> Change:
    was, now = (total(item.amount for item in items or ()) for items in (old, new))
    difference = total([now, was.copy_negate()])
    if not key[-1]:
        return Change(*key, other=difference)
    if old is None:
        return Change(*key, new=now)
    if new is None:
        return Change(*key, gone=difference)
    quantity = _quantity_effect(old, new, was)
    return Change(*key, price=total([difference, quantity.copy_negate()]), quantity=quantity)


def _quantity_effect(old: list[Item], new: list[Item], was: Decimal) -> Decimal:
    used, uses = (total(item.quantity or _ZERO for item in items) for items in (old, new))
    more = total([uses, used.copy_negate()])
    prices = {item.unit_price for item in old}
    if len(prices) == 1:
        return product(more, prices.pop() or _ZERO)
    if not used:
        return _ZERO
    (numerator, denominator), (by, of) = product(more, was).as_integer_ratio(), used.as_integer_ratio()
    sign = 1 if by > 0 else -1
    return rounded(sign * numerator * of, denominator * abs(by), QUANTITY_PLACES + MONEY_PLACES, Mode.HALF_EVEN)
