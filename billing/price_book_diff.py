"""What changed between two price books, and what a person should know of one before it is activated."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from billing.canonical import decimal_text, plain
from billing.hour import iso
from billing.price import Kind, Origin

if TYPE_CHECKING:
    from billing.price import Price
    from billing.price_book import PriceBook


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A price that is new, gone, or another; `fields` says what changed as (field, before, after)."""

    price_id: str
    change: str
    fields: tuple[tuple[str, str, str], ...] = ()


def price_changes(before: PriceBook, after: PriceBook) -> tuple[PriceChange, ...]:
    """All changes from one book to another, sorted by price id; `book` stands for what is not in prices."""
    old, new = ({price.id: price for price in book.prices} for book in (before, after))
    changes = [PriceChange(price_id, "gone") for price_id in old.keys() - new.keys()]
    changes += [PriceChange(price_id, "new", _shown(new[price_id])) for price_id in new.keys() - old.keys()]
    for price_id in old.keys() & new.keys():
        first, second = {name: text for name, _, text in _shown(old[price_id])}, _shown(new[price_id])
        if changed := tuple((name, first[name], text) for name, _, text in second if first[name] != text):
            changes.append(PriceChange(price_id, "changed", changed))
    aside = tuple(
        (name, str(plain(getattr(before, name))), str(plain(getattr(after, name))))
        for name in ("currency", "carry_forward_below", "included_usage", "included_amounts", "minimums")
        if getattr(before, name) != getattr(after, name)
    )
    if aside:
        changes.append(PriceChange("book", "changed", aside))
    return tuple(sorted(changes, key=lambda change: change.price_id))


def remarks(book: PriceBook) -> tuple[str, ...]:
    """What is legal and yet worth a look: sample prices, holes in time, sales below cost."""
    return tuple(sorted([*_samples(book), *_holes(book), *_losses(book)]))


def _shown(price: Price) -> tuple[tuple[str, str, str], ...]:
    times = {"valid_from", "valid_to"}
    values = ((field.name, getattr(price, field.name)) for field in fields(price) if field.name != "id")
    return tuple(
        (name, "", "" if value is None else iso(value) if name in times else _text(plain(value)))
        for name, value in values
    )


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(f"{step['unit_price']} up to {step['up_to'] or 'any amount'}" for step in value)
    return str(value)


def _samples(book: PriceBook) -> list[str]:
    return [f"{price.id}: a sample price, not a decision" for price in book.prices if price.origin is Origin.SAMPLE]


def _holes(book: PriceBook) -> list[str]:
    """Where a price ends and no price that serves the same usage goes on."""
    found = []
    for price in book.prices:
        end = price.valid_to
        if end is not None and not any(
            other.is_valid(end)
            and (other.kind, other.meter) == (price.kind, price.meter)
            and other.plan in {price.plan, "*"}
            and other.region in {price.region, "*"}
            for other in book.prices
        ):
            found.append(f"{price.id}: ends at {iso(end)} and no price follows")
    return found


def _losses(book: PriceBook) -> list[str]:
    return [
        f"{sell.id}: sells at {decimal_text(sell.steps[-1].unit_price)}, below the cost of "
        f"{decimal_text(cost.steps[-1].unit_price)} ({cost.id})"
        for sell in book.prices
        for cost in book.prices
        if (sell.kind, cost.kind) == (Kind.SELL, Kind.COST)
        and (sell.meter, sell.unit) == (cost.meter, cost.unit)
        and sell.steps[-1].unit_price < cost.steps[-1].unit_price
        and (sell.valid_to is None or sell.valid_to > cost.valid_from)
        and (cost.valid_to is None or cost.valid_to > sell.valid_from)
    ]
