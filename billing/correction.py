"""What late usage and mended prices change of periods that are closed: the old is reversed, the new is entered."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from billing.rounding import product, total

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from billing.rating import RatedLine

    _Key = tuple[object, ...]


def corrections(invoiced: Iterable[RatedLine], fresh: Iterable[RatedLine], invoice_id: str) -> tuple[RatedLine, ...]:
    """The lines to put on a later invoice so that, all in all, `fresh` is charged instead of `invoiced`.

    `invoiced`: the lines of the closed invoice and every correction of it so far. Both sides keep the day on which the
    usage was. What is the same on both sides gets no line. The amounts add up to exactly the difference.
    """
    before, after = _net(invoiced), _net(fresh)
    changed = [key for key in before.keys() | after.keys() if _amounts(before.get(key)) != _amounts(after.get(key))]
    reversals = [reversed_line(before[key]) for key in changed if key in before]
    entries = [after[key] for key in changed if key in after]
    return tuple(replace(line, corrects=invoice_id) for line in sorted([*reversals, *entries], key=_in_order))


def _net(lines: Iterable[RatedLine]) -> dict[_Key, RatedLine]:
    """Lines of one service, day and price added up; what has been reversed to nothing is gone."""
    alike: defaultdict[_Key, list[RatedLine]] = defaultdict(list)
    for line in lines:
        alike[_key(line)].append(line)
    netted = {}
    for key, each in alike.items():
        quantity = total(line.quantity for line in each)
        base_quantity = sum(line.base_quantity for line in each)
        if quantity or base_quantity:
            netted[key] = replace(
                each[0],
                base_quantity=base_quantity,
                quantity=quantity,
                amount=product(quantity, each[0].unit_price),
                corrects="",
            )
    return netted


def _key(line: RatedLine) -> _Key:
    place = line.workspace_id, line.project_id, line.environment, line.service_id, line.region
    return *place, line.day, line.meter, line.price_id, line.step, line.unit, line.unit_price


def _amounts(line: RatedLine | None) -> tuple[int, Decimal] | None:
    return None if line is None else (line.base_quantity, line.quantity)


def reversed_line(line: RatedLine) -> RatedLine:
    """What takes a line back, whatever it was for."""
    return replace(
        line,
        base_quantity=-line.base_quantity,
        quantity=line.quantity.copy_negate(),
        amount=line.amount.copy_negate(),
    )


def _in_order(line: RatedLine) -> tuple[object, ...]:
    place = line.day, line.workspace_id, line.project_id, line.environment, line.service_id, line.region
    return *place, line.meter, line.price_id, line.step, line.quantity > 0, line.unit_price
