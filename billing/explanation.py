"""Why an item of an invoice is what it is: quantity times price, day by day, down to the pods and builds behind it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from billing.canonical import decimal_text
from billing.errors import Unbalanced
from billing.hour import day_of
from billing.invoice import ItemKind
from billing.rounding import total
from core.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from billing.invoice import Content, Item
    from billing.price import Price
    from billing.price_book import PriceBook
    from billing.rating import RatedLine
    from billing.usage import UsageRow
    from ingest.usage.sight import Quality


_IN_TIME: Final = attrgetter("hour", "source_id")


@dataclass(frozen=True, slots=True)
class Source:
    """What one pod or build brought to an item; hours are UTC seconds, the last one included."""

    source_id: str
    node: str
    first_hour: int
    last_hour: int
    base_quantity: int
    running_s: int
    interpolated_s: int
    unbracketed_s: int
    segments: int
    quality: Quality


@dataclass(frozen=True, slots=True)
class SourceHour:
    """What one pod or build brought to an item in an hour; `before`: what it had when the corrected invoice was made.

    Quantities count the meter's base unit, `hour` and the rest are UTC seconds.
    """

    hour: int
    source_id: str
    node: str
    before: int
    base_quantity: int
    running_s: int
    interpolated_s: int
    unbracketed_s: int
    segments: int
    quality: Quality


@dataclass(frozen=True, slots=True)
class Explanation:
    """An item with its formula, its price, its days, and its sources, the largest first.

    All items of one stepped price share their sources. An item that is not priced has neither price, days nor sources.
    """

    item: Item
    formula: str
    price: Price | None = None
    days: tuple[RatedLine, ...] = ()
    sources: tuple[Source, ...] = ()


def explain(content: Content, number: int, rows: Iterable[UsageRow], book: PriceBook) -> Explanation:
    """The explanation of an invoice's item by its number; `rows` are those that the invoice was assembled from.

    Raises:
        NotFound: the invoice has no such item.
        Unbalanced: days or sources do not add up to the item.
    """
    item = next((each for each in content.items if each.number == number), None)
    if item is None:
        raise NotFound(f"item: invoice {content.invoice_id} has items 1 to {len(content.items)}, not {number}")
    if item.meter is None or item.quantity is None or item.unit_price is None:
        return Explanation(item, f"{item.title}: {decimal_text(item.amount)} {content.currency}")
    days = tuple(line for line in content.lines if _belongs(line, item) and line.step == item.step)
    if total(line.amount for line in days) != item.amount:
        raise Unbalanced(f"item {number}: its days do not add up to it")
    formula = (
        f"{decimal_text(item.quantity)} {item.unit} × {decimal_text(item.unit_price)} {content.currency} = "  # noqa: RUF001 - a product
        f"{decimal_text(item.amount)} {content.currency}, shown as {item.shown}"
    )
    if item.kind is ItemKind.CORRECTION:
        return Explanation(item, f"{formula}, corrects {item.corrects}", days=days)
    sources = _sources(row for row in rows if _is_of(row, item, content, book))
    base = sum(line.base_quantity for line in content.lines if _belongs(line, item))
    if base != sum(source.base_quantity for source in sources):
        raise Unbalanced(f"item {number}: its pods and builds do not add up to it")
    return Explanation(item, formula, book.by_id(item.price_id), days, sources)


def hours_of(content: Content, number: int, rows: Iterable[UsageRow], book: PriceBook) -> tuple[SourceHour, ...]:
    """The hours of the pods and builds behind an item that is usage, in order; nothing for the others.

    They add up to the sources of its explanation.
    """
    item = next(each for each in content.items if each.number == number)
    if item.meter is None or item.kind is not ItemKind.USAGE:
        return ()
    here = (row for row in rows if _is_of(row, item, content, book))
    return tuple(sorted((_source_hour(row, 0) for row in here), key=_IN_TIME))


def changed_hours(
    content: Content, number: int, before: Iterable[UsageRow], after: Iterable[UsageRow]
) -> tuple[SourceHour, ...]:
    """The hours by which an item that is a correction differs from the invoice that it corrects, in order.

    `before`, `after`: the corrected period's rows when that invoice was made, and when this one was. Hours that another
    invoice has corrected in between are among them; a correction of a price alone has none.
    """
    item = next(each for each in content.items if each.number == number)
    if item.meter is None:
        return ()
    place = item.project_id, item.environment, item.service_id, item.region, item.meter
    days = {line.day for line in content.lines if _belongs(line, item)}
    was, now = (
        {
            (row.hour, row.cluster, row.source_id): row
            for row in rows
            if (row.project_id, row.environment, row.service_id, row.region, row.meter) == place
            and day_of(row.hour) in days
        }
        for rows in (before, after)
    )
    found = []
    for key in was.keys() | now.keys():
        old, new = was.get(key), now.get(key)
        had = 0 if old is None else old.quantity
        if new is None and old is not None:
            new = replace(old, quantity=0)
        if new is not None and new.quantity != had:
            found.append(_source_hour(new, had))
    return tuple(sorted(found, key=_IN_TIME))


def _source_hour(row: UsageRow, before: int) -> SourceHour:
    told = row.running_s, row.interpolated_s, row.unbracketed_s, row.segments
    return SourceHour(row.hour, row.source_id, row.node, before, row.quantity, *told, row.quality)


def _belongs(line: RatedLine, item: Item) -> bool:
    place = line.project_id, line.environment, line.service_id, line.region, line.meter, line.price_id, line.corrects
    same = place == (
        *(item.project_id, item.environment, item.service_id, item.region),
        *(item.meter, item.price_id, item.corrects),
    )
    return same and (not item.corrects or line.unit_price == item.unit_price)


def _is_of(row: UsageRow, item: Item, content: Content, book: PriceBook) -> bool:
    place = row.project_id, row.environment, row.service_id, row.region, row.meter
    if place != (item.project_id, item.environment, item.service_id, item.region, item.meter) or not row.quantity:
        return False
    return book.price(book.by_id(item.price_id).kind, row.meter, content.plan, row.region, row.hour).id == item.price_id


def _sources(rows: Iterable[UsageRow]) -> tuple[Source, ...]:
    alike: defaultdict[str, list[UsageRow]] = defaultdict(list)
    for row in rows:
        alike[row.source_id].append(row)
    sources = [
        Source(
            source_id=source_id,
            node=max(row.node for row in each),
            first_hour=min(row.hour for row in each),
            last_hour=max(row.hour for row in each),
            base_quantity=sum(row.quantity for row in each),
            running_s=sum(row.running_s for row in each),
            interpolated_s=sum(row.interpolated_s for row in each),
            unbracketed_s=sum(row.unbracketed_s for row in each),
            segments=sum(row.segments for row in each),
            quality=max(row.quality for row in each),
        )
        for source_id, each in alike.items()
    ]
    return tuple(sorted(sources, key=lambda source: (-source.base_quantity, source.source_id)))
