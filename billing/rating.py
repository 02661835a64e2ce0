"""What usage is worth: quantities per day and price, rounded once, times the price that held in the hour of use."""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal  # noqa: TC003 - bundles are read by the annotations
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from billing.hour import DAY, month_of
from billing.meter import Meter, unit
from billing.price import Kind, Model
from billing.rounding import QUANTITY_PLACES, Mode, product, rounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from billing.price import Price
    from billing.price_book import PriceBook
    from billing.usage import UsageRow

    # Of a day's usage under one step of its price: the step, base units, units of price.
    _Part = tuple[int, int, Decimal]

_SERVICE: Final = ("workspace_id", "project_id", "environment", "service_id", "region", "meter")
_LINE_ORDER: Final = attrgetter("day", *_SERVICE, "price_id", "step")
_service_of = attrgetter(*_SERVICE)


class DayUsage(NamedTuple):
    """A day's usage of one service and meter under one price, in base units.

    A tuple, as a month has very many, which are sorted by their fields.
    """

    day: int
    workspace_id: str
    project_id: str
    environment: str
    service_id: str
    region: str
    meter: Meter
    price_id: str
    base_quantity: int


@dataclass(frozen=True, slots=True, order=True)
class RatedLine:
    """A day's usage with its worth: `amount` is exactly `quantity` times `unit_price`, to 22 decimals.

    `step` counts the steps of a stepped price from 0. `corrects` names the invoice that a correction belongs to.
    """

    day: int
    workspace_id: str
    project_id: str
    environment: str
    service_id: str
    region: str
    meter: Meter
    price_id: str
    step: int
    base_quantity: int
    quantity: Decimal
    unit: str
    unit_price: Decimal
    amount: Decimal
    corrects: str = ""


def by_day(rows: Iterable[UsageRow], book: PriceBook, plan: str, kind: Kind = Kind.SELL) -> list[DayUsage]:
    """Usage added up per day and price; a price that changes within a day makes two of it. In order.

    Raises:
        MissingPrice: an hour's usage has no price.
    """
    changes = book.changes
    prices: dict[tuple[Meter, str, int], str] = {}
    sums: defaultdict[tuple[int, str, str, str, str, str, Meter, str], int] = defaultdict(int)
    for row in rows:
        if not row.quantity:
            continue
        hour, meter = row.hour, row.meter
        # Between two changes of the book a price is looked for once.
        place = meter, row.region, bisect(changes, hour)
        price_id = prices.get(place)
        if price_id is None:
            price_id = prices[place] = book.price(kind, meter, plan, row.region, hour).id
        sums[(hour - hour % DAY, *_service_of(row), price_id)] += row.quantity
    return [DayUsage(*key, quantity) for key, quantity in sorted(sums.items())]


def rate(rows: Iterable[UsageRow], book: PriceBook, plan: str, kind: Kind = Kind.SELL) -> list[RatedLine]:
    """The lines of usage rows under a book, in order; with another book it answers "what if".

    Raises:
        MissingPrice: an hour's usage has no price.
    """
    return rate_days(by_day(rows, book, plan, kind), book)


def rate_days(days: Sequence[DayUsage], book: PriceBook) -> list[RatedLine]:
    """The lines of usage that is already added up per day and price, in order.

    Steps and packages count what a workspace uses under one price in a calendar month of UTC, in the order of the days
    and, within a day, of project, environment and service.
    """
    prices = {price.id: price for price in book.prices}
    # A flat price, as most are, depends on nothing else that the workspace uses.
    flat = {price.id for price in book.prices if price.model is Model.FLAT}
    totals: defaultdict[tuple[str, str, int], int] = defaultdict(int)
    counted: defaultdict[tuple[str, str, int], int] = defaultdict(int)
    for each in days:
        if each.price_id not in flat:
            totals[_counter(each)] += each.base_quantity
    bases: dict[tuple[str, int], int] = {}
    lines: list[RatedLine] = []
    for each in sorted(days):
        price_id, day, base_quantity = each.price_id, each.day, each.base_quantity
        price = prices[price_id]
        base = bases.get((price_id, day))
        if base is None:
            base = bases[price_id, day] = unit(price.meter, price.unit).size(day)
        if price_id in flat:
            lines.append(_line(each, price, (0, base_quantity, rounded_quantity(base_quantity, base))))
            continue
        counter = _counter(each)
        before = counted[counter]
        counted[counter] = before + base_quantity
        lines += [_line(each, price, part) for part in _parts(price, base, base_quantity, before, totals[counter])]
    # In the order of the days they are so already, unless two of them are of one place.
    return sorted(lines, key=_LINE_ORDER) if totals else lines


def _counter(each: DayUsage) -> tuple[str, str, int]:
    return each.workspace_id, each.price_id, month_of(each.day).start


def _parts(price: Price, base: int, base_quantity: int, before: int, month_total: int) -> Iterator[_Part]:
    """A day's usage under a price that is not flat, step by step; `before` it the month had used so much."""
    match price.model:
        case Model.VOLUME:
            ends = enumerate(step.up_to for step in price.steps)
            within = next(number for number, end in ends if end is None or month_total <= end * base)
            yield within, base_quantity, rounded_quantity(base_quantity, base)
        case Model.GRADUATED:
            lower = 0
            for number, step in enumerate(price.steps):
                upper = before + base_quantity if step.up_to is None else step.up_to * base
                part = min(before + base_quantity, upper) - max(before, lower)
                if part > 0:
                    yield number, part, rounded_quantity(part, base)
                lower = upper
        case Model.PACKAGE:
            size = price.package_size * base
            begun = -(-(before + base_quantity) // size) - -(-before // size)
            yield 0, base_quantity, rounded(begun, 1, 0, Mode.HALF_EVEN)


def rounded_quantity(base_quantity: int, base: int) -> Decimal:
    """Base units as units of price: the only rounding of a quantity."""
    return rounded(base_quantity, base, QUANTITY_PLACES, Mode.HALF_EVEN)


def _line(each: DayUsage, price: Price, part: _Part) -> RatedLine:
    step, base_quantity, quantity = part
    unit_price = price.steps[step].unit_price
    # A line begins with what tells a day's usage from others; field by field, a month's lines take half as long again.
    return RatedLine(
        *each[:-1], step, base_quantity, quantity, price.priced_unit, unit_price, product(quantity, unit_price)
    )
