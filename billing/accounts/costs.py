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
from billing.accounts.reconciliation import UNITS, Billed, Reconciliation, Spend, compared
from billing.accounts.suppliers import DEPOT, Suppliers
from billing.accounts.workspaces import all_workspaces
from billing.assembly import charges
from billing.hour import HOUR
from billing.meter import Meter, unit
from billing.price import ANY, Kind
from billing.rating import rate_days, rounded_quantity
from billing.rounding import Mode, rounded, total
from billing.schema import invoices, journal
from core.control import reading
from core.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Engine

    from billing.accounts.suppliers import SupplierBill
    from billing.hour import Period
    from billing.invoice import Item
    from billing.ledger.store import Ledger
    from billing.price_book import PriceBook
    from billing.rating import DayUsage, RatedLine

_ZERO: Final = Decimal(0)
_FINE: Final = 12


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


def reconcile(engine: Engine, ledger: Ledger, period: Period, until: int, supplier: str = DEPOT) -> Reconciliation:
    """A supplier's bill beside what the ledger has of all workspaces, the platform's own and unknown ones included.

    What was measured and not billed is compared, too.

    Raises:
        NotFound: the supplier's bill for the month was not imported.
        MissingPrice: the book in force has no cost price.
    """
    bill = Suppliers(engine).bill(supplier, period)
    with reading(engine) as connection:
        book = active_book(connection)
    costs = _costs(ledger, book, period, until)
    theirs = {each.meter: each for each in bill.billed}
    comparisons = tuple(
        compared(
            theirs.get(meter, Billed(meter, _ZERO, _ZERO)),
            _in_units(meter, costs.used(meter), period),
            costs.unit_cost(meter),
        )
        for meter in UNITS
        if meter in theirs or costs.used(meter)
    )
    return Reconciliation(supplier, bill.currency, book.currency, comparisons)


def margin(
    engine: Engine, ledger: Ledger, period: Period, until: int, threshold: Decimal | None = None
) -> MarginReport:
    """The margin of a month. What is final is taken from the journal, the rest is rated with the book in force.

    Builds cost what they did when they ran, those that are nobody's included. The cache's overhead is the supplier's
    bill's, or without one what the ledger has of it at our cost price. `threshold`: from which spend at Depot builds
    should move elsewhere.

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
    costs = _costs(ledger, book, period, until)
    build_costs = costs.by_workspace(Meter.BUILD)
    # The bucket of what is nobody's is no workspace, and costs us as much as one.
    names |= {workspace: workspace.strip("_") for workspace in usage if workspace not in names}
    earned = [
        _earned((workspace, name), build_costs.get(workspace, _ZERO), usage[workspace], revenue)
        for workspace, name in sorted(names.items())
        for revenue in [booked.get(workspace) or _rated(days[workspace], book, plans.get(workspace, STANDARD))]
        if usage[workspace] or revenue.is_booked
    ]
    bill = _bill(engine, period)
    spend = Spend(DEPOT, bill.currency, total(each.amount for each in bill.billed), threshold) if bill else None
    return margin_report(earned, _overhead(bill, costs), book.currency, spend)


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


def _earned(workspace: tuple[str, str], build_cost: Decimal, usage: dict[Meter, Used], revenue: _Revenue) -> Earned:
    seconds, cache = (usage[meter].quantity if meter in usage else 0 for meter in (Meter.BUILD, Meter.BUILD_CACHE))
    return Earned(
        workspace_id=workspace[0],
        name=workspace[1],
        revenue=revenue.meters,
        deductions=revenue.deductions,
        credits=revenue.credits,
        build_cost=build_cost,
        build_s=seconds,
        cache_byte_s=cache,
        unbracketed_s=_most(each.unbracketed_s for each in usage.values()),
        interpolated_s=_most(each.interpolated_s for each in usage.values()),
        floored_pod_hours=_most(each.floored_pod_hours for each in usage.values()),
        is_booked=revenue.is_booked,
    )


def _bill(engine: Engine, period: Period) -> SupplierBill | None:
    try:
        return Suppliers(engine).bill(DEPOT, period)
    except NotFound:
        return None


def _overhead(bill: SupplierBill | None, costs: _Costs) -> Decimal:
    if bill is None:
        return costs.of(Meter.BUILD_CACHE)
    return total(each.amount for each in bill.billed if each.meter is Meter.BUILD_CACHE)


@dataclass(frozen=True, slots=True)
class _Costs:
    """What a month's use of what suppliers bill costs us, hour by hour at the cost price that held."""

    book: PriceBook
    period: Period
    lines: tuple[RatedLine, ...]

    def of(self, meter: Meter) -> Decimal:
        """Of all workspaces."""
        return total(each.amount for each in self.lines if each.meter is meter)

    def by_workspace(self, meter: Meter) -> dict[str, Decimal]:
        """Of each workspace that used any."""
        amounts: defaultdict[str, list[Decimal]] = defaultdict(list)
        for each in self.lines:
            if each.meter is meter:
                amounts[each.workspace_id].append(each.amount)
        return {workspace_id: total(each) for workspace_id, each in amounts.items()}

    def used(self, meter: Meter) -> int:
        """By all, in base units."""
        return sum(each.base_quantity for each in self.lines if each.meter is meter)

    def unit_cost(self, meter: Meter) -> Decimal:
        """Of one of the supplier's units: the price where one held, else their average, to twelve decimals.

        Raises:
            MissingPrice: nothing was used, and the month ends without a price.
        """
        size = unit(meter, UNITS[meter]).size(self.period.start)
        ids = {each.price_id for each in self.lines if each.meter is meter}
        if len(ids) > 1:
            numerator, denominator = self.of(meter).as_integer_ratio()
            return rounded(numerator * size, denominator * self.used(meter), _FINE, Mode.HALF_EVEN)
        last = self.period.end - HOUR
        price = self.book.by_id(ids.pop()) if ids else self.book.price(Kind.COST, meter, ANY, ANY, last)
        numerator, denominator = price.steps[0].unit_price.as_integer_ratio()
        per = unit(meter, price.unit).size(self.period.start)
        return rounded(numerator * size, denominator * per, _FINE, Mode.HALF_EVEN)


def _costs(ledger: Ledger, book: PriceBook, period: Period, until: int) -> _Costs:
    return _Costs(book, period, tuple(rate_days(ledger.day_costs(period, book, UNITS.keys(), until=until), book)))


def _in_units(meter: Meter, quantity: int, period: Period) -> Decimal:
    return rounded_quantity(quantity, unit(meter, UNITS[meter]).size(period.start))


def _most(numbers: Iterable[int]) -> int:
    return max(numbers, default=0)
