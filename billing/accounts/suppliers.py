"""Bills of suppliers: imported month by month, booked as costs, and held against what the ledger says."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, func, insert, select

from billing.accounts import journal
from billing.accounts.moment import moment, now
from billing.accounts.posting import supplier_legs
from billing.accounts.reconciliation import UNITS, Billed
from billing.canonical import decimal_text
from billing.hour import date, month
from billing.meter import Meter
from billing.schema import journal as entries
from billing.schema import supplier_bills
from core import field
from core.control import reading, writing
from core.errors import BadRequest, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Connection, Engine

    from billing.hour import Period

DEPOT: Final = "depot"
_EVENT: Final = "supplier_bill"
_REVERSAL: Final = "supplier_void"
_MONTH: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
_NUMBER: Final = re.compile(r"(0|[1-9]\d{0,14})(\.\d{1,12})?", re.ASCII)
_COLUMNS: Final = ("month", "meter", "quantity", "unit", "amount", "currency")


@dataclass(frozen=True, slots=True)
class SupplierBill:
    """A supplier's bill for a calendar month of UTC, one entry per meter."""

    supplier: str
    period: Period
    currency: str
    billed: tuple[Billed, ...]


class Suppliers:
    """Suppliers' bills in the control store."""

    def __init__(self, engine: Engine, *, clock: Callable[[], int] = now) -> None:
        self._engine = engine
        self._clock = clock

    def record(self, bill: SupplierBill, by: str) -> bool:
        """Keep a bill and book it; tells whether anything is new. A mended bill replaces the month's former one."""
        bill = replace(bill, billed=tuple(sorted(bill.billed, key=lambda each: each.meter)))
        who, at, start = field.subject(by), self._clock(), moment(bill.period.start)
        name = field.label(bill.supplier, "supplier")
        with writing(self._engine) as connection:
            former = _read(connection, name, bill.period)
            if former == bill:
                return False
            booked = _times_booked(connection, name, bill.period)
            if former is not None:
                source = _source(name, bill.period, booked)
                journal.reverse(connection, (_EVENT, source), _REVERSAL, source, at)
                same = (supplier_bills.c.supplier == name) & (supplier_bills.c.period_start == start)
                connection.execute(delete(supplier_bills).where(same))
            rows = [
                {
                    "supplier": name,
                    "period_start": start,
                    "meter": each.meter.value,
                    "quantity": decimal_text(each.quantity),
                    "unit": UNITS[each.meter],
                    "amount": decimal_text(each.amount),
                    "currency": bill.currency,
                    "imported_at": moment(at),
                    "imported_by": who,
                }
                for each in bill.billed
            ]
            connection.execute(insert(supplier_bills), rows)
            legs = supplier_legs(name, bill.period.start, {each.meter: each.amount for each in bill.billed})
            source = _source(name, bill.period, booked + 1)
            journal.post(connection, _EVENT, source, legs, bill.currency, at)
        return True

    def bill(self, supplier: str, period: Period) -> SupplierBill:
        """A supplier's bill for a month.

        Raises:
            NotFound: none was imported.
        """
        with reading(self._engine) as connection:
            found = _read(connection, supplier, period)
        if found is None:
            raise NotFound(
                f"supplier: {supplier} has no bill for {date(period.start)[:7]}; import it with "
                "`starmeter billing supplier import`"
            )
        return found


def read_csv(text: str, supplier: str) -> tuple[SupplierBill, ...]:
    """The bills of a CSV file with the columns month (2026-03), meter, quantity, unit, amount and currency.

    Raises:
        BadRequest: another header, a field that cannot be read, or a month in two currencies; the line is named.
    """
    lines = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    if tuple(lines.fieldnames or ()) != _COLUMNS:
        raise BadRequest(f"header: write it as {','.join(_COLUMNS)}")
    months: dict[Period, dict[Meter, tuple[Billed, str]]] = {}
    for number, line in enumerate(lines, 2):
        period, meter = read_month(line["month"] or "", f"line {number}: month"), _meter(line["meter"], number)
        if line["unit"] != UNITS[meter]:
            raise BadRequest(f"line {number}: unit: {meter} is billed in {UNITS[meter]}")
        if not re.fullmatch(r"[A-Z]{3}", line["currency"] or ""):
            raise BadRequest(f"line {number}: currency: write three capital letters, such as USD")
        entry = Billed(meter, amount_of(line["quantity"], number), amount_of(line["amount"], number))
        if meter in months.setdefault(period, {}):
            raise BadRequest(f"line {number}: meter: {meter} is there twice for {line['month']}")
        months[period][meter] = entry, line["currency"]
    return tuple(_bill(supplier, period, entries.values()) for period, entries in sorted(months.items()))


def read_month(text: str, field_name: str = "month") -> Period:
    """A calendar month of UTC from `2026-03`.

    Raises:
        BadRequest: another spelling; the message names the field.
    """
    match = _MONTH.fullmatch(text)
    if match is None:
        raise BadRequest(f"{field_name}: {text[:20]!r} is no month; write it as 2026-03")
    return month(int(match[1]), int(match[2]))


def amount_of(text: str | None, line: int | None = None) -> Decimal:
    """A number that is not negative, exactly.

    Raises:
        BadRequest: anything else.
    """
    if _NUMBER.fullmatch(text or "") is None:
        place = "amount" if line is None else f"line {line}: quantity or amount"
        raise BadRequest(f"{place}: {(text or '')[:20]!r} is no number; write it as 1234.56")
    return Decimal(text or "")


def _meter(text: str | None, line: int) -> Meter:
    for meter in UNITS:
        if text == meter:
            return meter
    raise BadRequest(f"line {line}: meter: {(text or '')[:20]!r} is not billed by suppliers; use {' or '.join(UNITS)}")


def _bill(supplier: str, period: Period, entries_of: Iterable[tuple[Billed, str]]) -> SupplierBill:
    given = sorted(entries_of, key=lambda each: each[0].meter)
    currencies = {currency for _, currency in given}
    if len(currencies) != 1:
        raise BadRequest(f"currency: {date(period.start)[:7]} has several; a bill has one")
    return SupplierBill(supplier, period, currencies.pop(), tuple(each for each, _ in given))


def _read(connection: Connection, supplier: str, period: Period) -> SupplierBill | None:
    bills = supplier_bills.c
    statement = select(supplier_bills).where(bills.supplier == supplier, bills.period_start == moment(period.start))
    found = connection.execute(statement.order_by(bills.meter)).all()
    if not found:
        return None
    billed = tuple(Billed(Meter(row.meter), Decimal(row.quantity), Decimal(row.amount)) for row in found)
    return SupplierBill(supplier, period, found[0].currency, billed)


def _times_booked(connection: Connection, supplier: str, period: Period) -> int:
    like = _source(supplier, period, 0).removesuffix("0")
    statement = select(func.count(entries.c.source_id.distinct())).where(
        entries.c.event == _EVENT, entries.c.source_id.startswith(like, autoescape=True)
    )
    return int(connection.execute(statement).scalar_one())


def _source(supplier: str, period: Period, number: int) -> str:
    return f"{supplier}/{date(period.start)[:7]}/{number}"
