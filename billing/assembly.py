"""How an invoice's items are made of rated lines: included usage, minimum, credits, tax, rounding, what is carried."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from billing.canonical import lines as canonical_lines
from billing.canonical import sha256
from billing.hour import Period  # noqa: TC001 - bundles are read by the annotations
from billing.invoice import RULES, Content, Item, ItemKind
from billing.meter import TITLES
from billing.rating import RatedLine, rate
from billing.rounding import money, product, shares_in_cents, total
from billing.usage import in_order
from core.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from billing.price_book import PriceBook
    from billing.usage import UsageRow

_ZERO: Final = Decimal(0)
_MOST: Final = 2**63 - 1  # what the ledger's column holds
_key_of = attrgetter("project_id", "environment", "service_id", "region", "cluster", "hour", "meter", "source_id")


@dataclass(frozen=True, slots=True)
class Credit:
    """Money that a workspace has with us, in whole cents; the one that expires first is used first.

    One that expires at `expires_at` (UTC seconds) can pay for every period that begins before.
    """

    id: str
    title: str
    remaining: Decimal
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An amount in whole cents that is given, not computed: a tax, a carried amount. `source`: an invoice's id."""

    title: str
    amount: Decimal
    source: str = ""


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that an invoice depends on besides its usage rows and the price book.

    `corrections`: reversals and new entries of earlier periods (`billing.correction`). `adjustments`: what their
    included usage would have been, less what it was. `names`: (id, name) of projects and services, for people.
    """

    invoice_id: str
    workspace_id: str
    workspace_name: str
    period: Period
    plan: str
    completeness: Decimal
    names: tuple[tuple[str, str], ...] = ()
    credits: tuple[Credit, ...] = ()
    taxes: tuple[Entry, ...] = ()
    carried_in: tuple[Entry, ...] = ()
    corrections: tuple[RatedLine, ...] = ()
    adjustments: tuple[Entry, ...] = ()
    replaces: str = ""


def assemble(rows: Iterable[UsageRow], book: PriceBook, inputs: Inputs) -> Content:
    """A workspace's invoice for a period. The same arguments, in whatever order, give the same content.

    Raises:
        MissingPrice: an hour's usage has no price.
        BadRequest: a row is of another workspace or period, is there twice or impossible, or a given amount is not in
            whole cents.
    """
    used = _checked(rows, inputs)
    lines = rate(used, book, inputs.plan)
    items = _items(lines, book, inputs)
    due = money(total(each.amount for each in items))
    shown = shares_in_cents([each.amount for each in items if each.kind is not ItemKind.ROUNDING], due)
    shares = iter(shown)
    numbered = tuple(
        replace(each, number=number, shown=money(_ZERO) if each.kind is ItemKind.ROUNDING else next(shares))
        for number, each in enumerate(items, 1)
    )
    return Content(
        invoice_id=inputs.invoice_id,
        number="",
        workspace_id=inputs.workspace_id,
        workspace_name=inputs.workspace_name,
        period=inputs.period,
        currency=book.currency,
        plan=inputs.plan,
        rules=RULES,
        price_book=book.name,
        price_book_version=book.version,
        price_book_sha256=book.digest,
        completeness=inputs.completeness,
        usage_rows=len(used),
        usage_sha256=sha256(canonical_lines(used)),
        names=tuple(sorted(inputs.names)),
        items=numbered,
        lines=(*lines, *sorted(inputs.corrections)),
        total=due,
        replaces=inputs.replaces,
    )


def _checked(rows: Iterable[UsageRow], inputs: Inputs) -> list[UsageRow]:
    used = in_order(rows)
    workspace_id, start, end = inputs.workspace_id, inputs.period.start, inputs.period.end
    before = None
    for row in used:
        if row.workspace_id != workspace_id or not start <= row.hour < end:
            raise BadRequest(
                f"rows: {row.source_id} in hour {row.hour} is of another workspace or period; leave it out"
            )
        if not 0 <= row.quantity <= _MOST:
            raise BadRequest(f"rows: {row.source_id} in hour {row.hour} has an impossible quantity; quarantine it")
        if before == (key := _key_of(row)):
            raise BadRequest(f"rows: {row.source_id} has two rows of {row.meter} in hour {row.hour}; publish one run")
        before = key
    given = (*inputs.taxes, *inputs.carried_in)
    for amount in (*(each.amount for each in given), *(each.remaining for each in inputs.credits)):
        if amount != money(amount):
            raise BadRequest(f"inputs: {amount} is not in whole cents; taxes, credits and carried amounts are")
    return used


def charges(lines: Sequence[RatedLine], book: PriceBook, plan: str) -> list[Item]:
    """What rated lines come to on a plan: usage, what the plan includes of it, and its minimum. Not yet numbered."""
    items = [*_usage_items(lines, ItemKind.USAGE)]
    usage = total(each.amount for each in items)
    items += _included(lines, book, plan, usage)
    items += _minimum(book, plan, total(each.amount for each in items))
    return items


def _items(lines: Sequence[RatedLine], book: PriceBook, inputs: Inputs) -> list[Item]:
    items = charges(lines, book, inputs.plan)
    items += _usage_items(inputs.corrections, ItemKind.CORRECTION)
    items += [_row(ItemKind.CORRECTION, each.title, each.amount, each.source) for each in inputs.adjustments]
    due = total(each.amount for each in items)
    # Rounded once, before what is in whole cents anyhow, so that a credit that pays all of it leaves nothing over.
    rounded_due = money(due)
    whole = _credits(inputs, rounded_due)
    whole += [_row(ItemKind.TAX, each.title, each.amount) for each in inputs.taxes]
    whole += [_row(ItemKind.CARRIED_IN, each.title, each.amount, each.source) for each in inputs.carried_in]
    payable = total([rounded_due, *(each.amount for each in whole)])
    items += whole
    if rounded_due != due:
        items.append(_row(ItemKind.ROUNDING, "Rounding to whole cents", total([rounded_due, due.copy_negate()])))
    if payable < 0 or 0 < payable < book.carry_forward_below:
        items.append(_row(ItemKind.CARRIED_OUT, "Carried over to the next invoice", payable.copy_negate()))
    return items


def _row(kind: ItemKind, title: str, amount: Decimal, source: str = "") -> Item:
    return Item(0, kind, title, amount, _ZERO, corrects=source)


def _usage_items(lines: Iterable[RatedLine], kind: ItemKind) -> list[Item]:
    """One item per service, meter, price and step: the sum of its days."""
    days: defaultdict[tuple[str, ...], list[RatedLine]] = defaultdict(list)
    for line in lines:
        place = (line.project_id, line.environment, line.service_id, line.region, line.meter, line.price_id)
        # A correction's two sides may have one price id and two prices.
        days[*place, f"{line.step:03}", line.corrects, str(line.unit_price) if line.corrects else ""].append(line)
    items = []
    for _, alike in sorted(days.items()):
        first = alike[0]
        items.append(
            Item(
                number=0,
                kind=kind,
                title=TITLES[first.meter],
                amount=total(each.amount for each in alike),
                shown=_ZERO,
                project_id=first.project_id,
                environment=first.environment,
                service_id=first.service_id,
                region=first.region,
                meter=first.meter,
                price_id=first.price_id,
                step=first.step,
                quantity=total(each.quantity for each in alike),
                unit=first.unit,
                unit_price=first.unit_price,
                corrects=first.corrects,
            )
        )
    return items


def _included(lines: Sequence[RatedLine], book: PriceBook, plan: str, usage: Decimal) -> list[Item]:
    """What the plan includes, at most what was used; units are taken from the earliest use on, at its price."""
    items = []
    for included in book.included_usage:
        left, worth = Decimal(included.quantity), [_ZERO]
        if included.plan != plan:
            continue
        for line in lines:
            if line.meter is included.meter and left > 0:
                taken = min(left, line.quantity)
                left = total([left, taken.copy_negate()])
                worth.append(product(taken, line.unit_price))
        title = f"Included: {included.quantity} {included.unit} of {TITLES[included.meter].lower()}"
        items.append(_row(ItemKind.INCLUDED, title, total(worth).copy_negate()))
    open_usage = total([usage, *(each.amount for each in items)])
    for amount in book.included_amounts:
        if amount.plan == plan:
            taken = min(amount.amount, open_usage)
            open_usage = total([open_usage, taken.copy_negate()])
            title = f"Included: usage for {book.currency} {amount.amount}"
            items.append(_row(ItemKind.INCLUDED, title, taken.copy_negate()))
    return [each for each in items if each.amount]


def _minimum(book: PriceBook, plan: str, charged: Decimal) -> list[Item]:
    return [
        _row(ItemKind.MINIMUM, f"Minimum of {book.currency} {each.amount}", total([each.amount, charged.copy_negate()]))
        for each in book.minimums
        if each.plan == plan and charged < each.amount
    ]


def _credits(inputs: Inputs, due: Decimal) -> list[Item]:
    """Credits in whole cents, the one that expires first before the others, until nothing is due."""
    items = []
    left = max(due, _ZERO)
    usable = [each for each in inputs.credits if each.expires_at is None or each.expires_at > inputs.period.start]
    for credit in sorted(usable, key=lambda each: (each.expires_at is None, each.expires_at or 0, each.id)):
        taken = min(left, credit.remaining)
        left = total([left, taken.copy_negate()])
        if taken > 0:
            items.append(_row(ItemKind.CREDIT, credit.title, taken.copy_negate(), credit.id))
    return items
