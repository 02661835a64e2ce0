"""Why one invoice differs from another: by price, by quantity, by what is new and what is gone, to the last decimal."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from billing.errors import Unbalanced
from billing.invoice import ItemKind
from billing.rounding import MONEY_PLACES, QUANTITY_PLACES, Mode, product, rounded, total

if TYPE_CHECKING:
    from billing.invoice import Content, Item

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """What changed in one service's use of one meter, or in one kind of the other rows.

    Exactly one of these is meant: `new` or `gone` (only one invoice has it), `price` and `quantity` (both have it), or
    `other` (a row that has no price). They add up to the difference, which is nothing where they cancel out.
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
        return total(self.parts)

    @property
    def parts(self) -> tuple[Decimal, ...]:
        """What it is made of, most of it nothing."""
        return self.price, self.quantity, self.new, self.gone, self.other


def compare(before: Content, after: Content) -> tuple[Change, ...]:
    """All changes from one invoice to another, in order; they add up to the difference of the totals.

    With several prices on a side, or prices by two units, the quantity's part is its change times the earlier average
    price, rounded to twelve decimals; the price's part is the rest.

    Raises:
        Unbalanced: the invoices have two currencies, or do not add up.
    """
    if before.currency != after.currency:
        raise Unbalanced(
            f"invoices: {before.currency} and {after.currency} cannot be compared; choose two of a currency"
        )
    old, new = _grouped(before), _grouped(after)
    changes = [
        change for key in old.keys() | new.keys() if any((change := _change(key, old.get(key), new.get(key))).parts)
    ]
    difference = total([after.total, before.total.copy_negate()])
    if total(change.difference for change in changes) != difference:
        raise Unbalanced(f"invoices: their changes do not add up to {difference}")
    return tuple(sorted(changes))


_Key = tuple[ItemKind, str, str, str, str, str]


@dataclass(slots=True)
class _Use:
    """The items of one key, and how many base units they are of: 60 seconds are a minute, whatever priced by."""

    items: list[Item] = field(default_factory=list)
    base: int = 0

    @property
    def amount(self) -> Decimal:
        return total(item.amount for item in self.items)


def _grouped(content: Content) -> dict[_Key, _Use]:
    alike: defaultdict[_Key, _Use] = defaultdict(_Use)
    for item in content.items:
        place = item.project_id, item.environment, item.service_id, item.region, item.meter or ""
        alike[item.kind, *place].items.append(item)
    for line in content.lines:
        kind = ItemKind.CORRECTION if line.corrects else ItemKind.USAGE
        place = line.project_id, line.environment, line.service_id, line.region, line.meter
        if (kind, *place) in alike:
            alike[kind, *place].base += line.base_quantity
    return dict(alike)


def _change(key: _Key, old: _Use | None, new: _Use | None) -> Change:
    was, now = (use.amount if use else _ZERO for use in (old, new))
    difference = total([now, was.copy_negate()])
    if not key[-1]:
        return Change(*key, other=difference)
    if old is None:
        return Change(*key, new=now)
    if new is None:
        return Change(*key, gone=difference)
    quantity = _quantity_effect(old, new)
    return Change(*key, price=total([difference, quantity.copy_negate()]), quantity=quantity)


def _quantity_effect(old: _Use, new: _Use) -> Decimal:
    used, uses = (total(item.quantity or _ZERO for item in use.items) for use in (old, new))
    prices = {item.unit_price for item in old.items}
    if len({item.unit for use in (old, new) for item in use.items}) > 1:
        used, uses = Decimal(old.base), Decimal(new.base)
    elif len(prices) == 1:
        return product(total([uses, used.copy_negate()]), prices.pop() or _ZERO)
    if not used:
        return _ZERO
    more = total([uses, used.copy_negate()])
    (numerator, denominator), (by, of) = product(more, old.amount).as_integer_ratio(), used.as_integer_ratio()
    sign = 1 if by > 0 else -1
    return rounded(sign * numerator * of, denominator * abs(by), QUANTITY_PLACES + MONEY_PLACES, Mode.HALF_EVEN)
