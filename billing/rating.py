"""What usage is worth: quantities per day and price, rounded once, times the price that held in the hour of use."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal  # noqa: TC003 - bundles are read by the annotations
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from billing.hour import day_of, month_of
from billing.meter import Meter, unit
from billing.price import Kind, Model
from billing.rounding import QUANTITY_PLACES, Mode, product, rounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from billing.price import Price
    from billing.price_book import PriceBook
    from billing.usage import UsageRow

_PLACE: Final = ("day", "workspace_id", "project_id", "environment", "service_id", "region", "meter", "price_id")
_DAY_ORDER: Final = attrgetter(*_PLACE)
_LINE_ORDER: Final = attrgetter(*_PLACE, "step")


@dataclass(frozen=True, slots=True, order=True)
class DayUsage:
    """A day's usage of one service and meter under one price, in base units."""

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
    prices: dict[tuple[Meter, str, int], Price] = {}
    sums: defaultdict[tuple[int, str, str, str, str, str, Meter, str], int] = defaultdict(int)
    for row in rows:
        if not row.quantity:
            continue
        place = row.meter, row.region, row.hour
        price = prices.get(place)
        if price is None:
            price = prices[place] = book.price(kind, row.meter, plan, row.region, row.hour)
        sums[
            day_of(row.hour),
            row.workspace_id,
            row.project_id,
            row.environment,
            row.service_id,
            row.region,
            row.meter,
            price.id,
        ] += row.quantity
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
    counted: defaultdict[tuple[str, str, int], int] = defaultdict(int)
    totals: defaultdict[tuple[str, str, int], int] = defaultdict(int)
    for each in days:
        totals[_counter(each)] += each.base_quantity
    lines: list[RatedLine] = []
    for each in sorted(days, key=_DAY_ORDER):
        price, counter = prices[each.price_id], _counter(each)
        before = counted[counter]
        counted[counter] = before + each.base_quantity
        lines += _lines(each, price, before, totals[counter])
    return sorted(lines, key=_LINE_ORDER)


def _counter(each: DayUsage) -> tuple[str, str, int]:
    return each.workspace_id, each.price_id, month_of(each.day).start


def _lines(each: DayUsage, price: Price, before: int, month_total: int) -> Iterator[RatedLine]:
    base = unit(price.meter, price.unit).size(each.day)
    match price.model:
        case Model.FLAT:
            yield _line(each, price, 0, each.base_quantity, rounded_quantity(each.base_quantity, base))
        case Model.VOLUME:
            ends = enumerate(step.up_to for step in price.steps)
            within = next(number for number, end in ends if end is None or month_total <= end * base)
            yield _line(each, price, within, each.base_quantity, rounded_quantity(each.base_quantity, base))
        case Model.GRADUATED:
            lower = 0
            for number, step in enumerate(price.steps):
                upper = before + each.base_quantity if step.up_to is None else step.up_to * base
                part = min(before + each.base_quantity, upper) - max(before, lower)
                if part > 0:
                    yield _line(each, price, number, part, rounded_quantity(part, base))
                lower = upper
        case Model.PACKAGE:
            size = price.package_size * base
            begun = -(-(before + each.base_quantity) // size) - -(-before // size)
            yield _line(each, price, 0, each.base_quantity, rounded(begun, 1, 0, Mode.HALF_EVEN))


def rounded_quantity(base_quantity: int, base: int) -> Decimal:
    """Base units as units of price: the only rounding of a quantity."""
    return rounded(base_quantity, base, QUANTITY_PLACES, Mode.HALF_EVEN)


def _line(each: DayUsage, price: Price, step: int, base_quantity: int, quantity: Decimal) -> RatedLine:
    unit_price = price.steps[step].unit_price
    return RatedLine(
        day=each.day,
        workspace_id=each.workspace_id,
        project_id=each.project_id,
        environment=each.environment,
        service_id=each.service_id,
        region=each.region,
        meter=each.meter,
        price_id=each.price_id,
        step=step,
        base_quantity=base_quantity,
        quantity=quantity,
        unit=price.priced_unit,
        unit_price=unit_price,
        amount=product(quantity, unit_price),
    )
