"""What a month earned and cost, read from ledger, journal and suppliers' bills for margin and reconciliation."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from billing.accounts.journal import FINALISED, VOIDED
from billing.accounts.margin import Earned, MarginReport, margin_report
from billing.accounts.moment import moment
from billing.accounts.plans import STANDARD, plan_of
from billing.accounts.posting import INCLUDED, MINIMUM, PROMOTION
from billing.accounts.price_books import active_book
from billing.accounts.reconciliation import UNITS, Comparison, compared
from billing.accounts.suppliers import DEPOT, Suppliers
from billing.accounts.workspaces import all_workspaces
from billing.assembly import charges
from billing.meter import Meter, unit
from billing.price import ANY, Kind
from billing.rating import rate_days, rounded_quantity
from billing.rounding import product, total
from billing.schema import invoices, journal
from core.control import reading
from core.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Engine

    from billing.hour import Period
    from billing.invoice import Item
    from billing.ledger.store import Ledger
    from billing.price_book import PriceBook
    from billing.rating import DayUsage

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Used:
    """What a workspace used of a meter in a period (in base units), and how sure its evidence is."""

    workspace_id: str
    meter: Meter
    quantity: int
    unbracketed_s: int
    interpolated_s: int
    floored_pod_hours: int


def used(ledger: Ledger, period: Period, until: int) -> list[Used]:
    """Every workspace's use of every meter, as of a publication."""
    found = ledger.query("ledger/read/quality", {"start": period.start, "end": period.end, "until": until})
    return [Used(row[0], Meter(row[1]), int(row[2]), *row[3:]) for row in found.iter_rows()]


def reconcile(engine: Engine, ledger: Ledger, period: Period, until: int, supplier: str = DEPOT) -> list[Comparison]:
    """A supplier's bill beside what the ledger has of all workspaces, the platform's own and unknown ones included.

    Raises:
        NotFound: the supplier's bill for the month was not imported.
        MissingPrice: the book in force has no cost price.
    """
    bill = Suppliers(engine).bill(supplier, period)
    with reading(engine) as connection:
        book = active_book(connection)
    sums: defaultdict[Meter, int] = defaultdict(int)
    for each in used(ledger, period, until):
        sums[each.meter] += each.quantity
    return [
        compared(each, _in_units(each.meter, sums[each.meter], period), _cost(book, each.meter, period))
        for each in bill.billed
    ]


def margin(engine: Engine, ledger: Ledger, period: Period, until: int) -> MarginReport:
    """The margin of a month. What is final is taken from the journal, the rest is rated with the book in force.

    The cache's overhead is the supplier's bill's, or without one what the ledger has of it at our cost price.

    Raises:
        MissingPrice: usage has no price.
    """
    with reading(engine) as connection:
        names = dict(all_workspaces(connection))
        book = active_book(connection)
        booked = _booked(connection, period)
        plans = {workspace: plan_of(connection, workspace, period.start) for workspace in names}
    usage: defaultdict[str, dict[Meter, Used]] = defaultdict(dict)
    for each in used(ledger, period, until):
        usage[each.workspace_id][each.meter] = each
    days: defaultdict[str, list[DayUsage]] = defaultdict(list)
    if set(usage) - set(booked):
        for day in ledger.day_usage(None, period, book, lambda each: plans.get(each, STANDARD), until=until):
            days[day.workspace_id].append(day)
    earned = [
        _earned((workspace, name), book, period, usage[workspace], revenue)
        for workspace, name in sorted(names.items())
        for revenue in [booked.get(workspace) or _rated(days[workspace], book, plans[workspace])]
        if usage[workspace] or revenue.is_booked
    ]
    return margin_report(earned, _overhead(engine, book, period, usage), book.currency)


@dataclass(frozen=True, slots=True)
class _Revenue:
    meters: dict[Meter, Decimal]
    deductions: Decimal
    credits: Decimal
    is_booked: bool


def _booked(connection: Connection, period: Period) -> dict[str, _Revenue]:
    """Of workspaces whose invoice for the period is final: what the journal has for it, later corrections included."""
    entries = journal.c
    mine = (entries.period_start == moment(period.start)) & entries.event.in_((FINALISED, VOIDED))
    sums: defaultdict[str, defaultdict[str, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    for row in connection.execute(select(entries.workspace_id, entries.account, entries.amount).where(mine)):
        sums[row.workspace_id][row.account].append(Decimal(row.amount).copy_negate())
    final = select(invoices.c.workspace_id).where(
        invoices.c.state == "final", invoices.c.period_start == moment(period.start)
    )
    found = {}
    for workspace in connection.execute(final).scalars():
        accounts = sums[workspace]
        meters = {meter: total(accounts[name]) for meter in Meter if (name := f"revenue:{meter}") in accounts}
        deductions = total([*accounts.get(INCLUDED, ()), *accounts.get(MINIMUM, ())])
        credits_given = total(accounts.get(PROMOTION, ())).copy_negate()
        found[workspace] = _Revenue(meters, deductions, credits_given, is_booked=True)
    return found


def _rated(days: list[DayUsage], book: PriceBook, plan: str) -> _Revenue:
    items = charges(rate_days(days, book), book, plan)
    meters: defaultdict[Meter, list[Item]] = defaultdict(list)
    for item in items:
        if item.meter is not None:
            meters[item.meter].append(item)
    revenue = {meter: total(each.amount for each in alike) for meter, alike in meters.items()}
    return _Revenue(revenue, total(item.amount for item in items if item.meter is None), _ZERO, is_booked=False)


def _earned(
    workspace: tuple[str, str], book: PriceBook, period: Period, usage: dict[Meter, Used], revenue: _Revenue
) -> Earned:
    seconds, cache = (usage[meter].quantity if meter in usage else 0 for meter in (Meter.BUILD, Meter.BUILD_CACHE))
    minutes = _in_units(Meter.BUILD, seconds, period)
    return Earned(
        workspace_id=workspace[0],
        name=workspace[1],
        revenue=revenue.meters,
        deductions=revenue.deductions,
        credits=revenue.credits,
        build_cost=product(minutes, _cost(book, Meter.BUILD, period)) if seconds else _ZERO,
        build_s=seconds,
        cache_byte_s=cache,
        unbracketed_s=_most(each.unbracketed_s for each in usage.values()),
        interpolated_s=_most(each.interpolated_s for each in usage.values()),
        floored_pod_hours=_most(each.floored_pod_hours for each in usage.values()),
        is_booked=revenue.is_booked,
    )


def _overhead(engine: Engine, book: PriceBook, period: Period, usage: dict[str, dict[Meter, Used]]) -> Decimal:
    try:
        bill = Suppliers(engine).bill(DEPOT, period)
    except NotFound:
        bytes_kept = sum(each[Meter.BUILD_CACHE].quantity for each in usage.values() if Meter.BUILD_CACHE in each)
        if not bytes_kept:
            return _ZERO
        return product(_in_units(Meter.BUILD_CACHE, bytes_kept, period), _cost(book, Meter.BUILD_CACHE, period))
    return total(each.amount for each in bill.billed if each.meter is Meter.BUILD_CACHE)


def _in_units(meter: Meter, quantity: int, period: Period) -> Decimal:
    return rounded_quantity(quantity, unit(meter, UNITS[meter]).size(period.start))


def _cost(book: PriceBook, meter: Meter, period: Period) -> Decimal:
    price = book.price(Kind.COST, meter, STANDARD, ANY, period.start)
    return price.steps[0].unit_price


def _most(numbers: Iterable[int]) -> int:
    return max(numbers, default=0)
