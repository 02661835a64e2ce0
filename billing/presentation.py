"""An invoice as people read it: every text of the page, formatted once for HTML and PDF alike."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from billing.canonical import decimal_text
from billing.hour import iso
from billing.invoice import ItemKind, State
from billing.rounding import total

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from billing.invoice import Content, Invoice, Item

_HEADINGS: Final = {
    State.DRAFT: "Draft invoice",
    State.IN_REVIEW: "Invoice in review",
    State.FINAL: "Invoice",
    State.VOID: "Void invoice",
}
# Not the process's locale, which may be anyone's.
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A service's use of one meter, or one of the rows below: what, how much, at which price, how much money."""

    service: str
    what: str
    quantity: str
    unit: str
    unit_price: str
    amount: str


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one project's environment with their sum."""

    heading: str
    rows: tuple[Row, ...]
    amount: str


@dataclass(frozen=True, slots=True)
class Page:
    """All texts of an invoice. `facts` are (name, value) pairs at its head, `evidence` those at its foot."""

    heading: str
    number: str
    state: str
    workspace: str
    period: str
    currency: str
    total: str
    date: str
    facts: tuple[tuple[str, str], ...]
    groups: tuple[Group, ...]
    others: tuple[Row, ...]
    evidence: tuple[tuple[str, str], ...]


def page(invoice: Invoice) -> Page:
    """The texts of an invoice; the same invoice, the same texts."""
    content = invoice.content
    names = dict(content.names)
    priced: list[Item] = []
    others: list[Item] = []
    for item in content.items:
        (priced if item.meter is not None and item.kind is ItemKind.USAGE else others).append(item)
    date = content.issued_at if content.issued_at is not None else content.period.end
    return Page(
        heading=_HEADINGS[invoice.state],
        number=content.number or content.invoice_id,
        state=invoice.state.value,
        workspace=content.workspace_name,
        period=_span(content),
        currency=content.currency,
        total=_money(content.total),
        date=iso(date)[:10],
        facts=tuple(_facts(invoice)),
        groups=tuple(_groups(priced, names)),
        others=tuple(_row(item, names) for item in others),
        evidence=(
            ("Period", f"{content.period}, UTC, without its end"),
            ("Evidence", f"{content.completeness} % of the expected evidence was there"),
            ("Ledger rows", f"{content.usage_rows:,}, SHA-256 {content.usage_sha256}"),
            (
                "Prices",
                f"{content.price_book} version {content.price_book_version}, SHA-256 {content.price_book_sha256}",
            ),
            ("Rules", f"{content.rules}: quantities to 10 decimals, half to even; the total once to cents, half up"),
            ("Content", f"SHA-256 {content.sha256}"),
        ),
    )


def _facts(invoice: Invoice) -> Iterable[tuple[str, str]]:
    content = invoice.content
    yield "Billed to", content.workspace_name
    yield "Workspace", content.workspace_id
    yield "Plan", content.plan
    yield "Issued", "not yet" if content.issued_at is None else _day(content.issued_at)
    if content.replaces:
        yield "Replaces", content.replaces
    if invoice.state is State.VOID:
        yield "Void because", invoice.void_reason


def _groups(items: list[Item], names: dict[str, str]) -> Iterable[Group]:
    places: defaultdict[tuple[str, str, str], list[Item]] = defaultdict(list)
    for item in items:
        places[names.get(item.project_id, item.project_id), item.environment, item.project_id].append(item)
    for (name, environment, _), rows in sorted(places.items(), key=lambda place: place[0]):
        rows.sort(key=lambda item: (names.get(item.service_id, item.service_id), item.number))
        amount = _money(total(item.shown for item in rows))
        yield Group(f"{name} · {environment}", tuple(_row(item, names) for item in rows), amount)


def _row(item: Item, names: dict[str, str]) -> Row:
    what = item.title if not item.corrects or item.meter is None else f"{item.title}, correction of {item.corrects}"
    return Row(
        service=names.get(item.service_id, item.service_id),
        what=what,
        quantity="" if item.quantity is None else _grouped(item.quantity),
        unit=item.unit,
        unit_price="" if item.unit_price is None else decimal_text(item.unit_price),
        amount=_money(item.shown),
    )


def _span(content: Content) -> str:
    return f"{_day(content.period.start)} to {_day(content.period.end - 1)}"


def _day(second: int) -> str:
    moment = datetime.fromtimestamp(second, UTC)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def _money(amount: Decimal) -> str:
    # A true minus sign is as wide as a digit, so that columns line up.
    return f"{amount:,.2f}".replace("-", "−")  # noqa: RUF001 - meant


def _grouped(quantity: Decimal) -> str:
    whole, _, decimals = f"{quantity:,f}".partition(".")
    decimals = decimals.rstrip("0")
    return (f"{whole}.{decimals}" if decimals else whole).replace("-", "−")  # noqa: RUF001 - meant
