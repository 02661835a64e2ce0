"""Usage per day with what it is worth, from the ledger or from final invoices, in the order of the rows' keys."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa  # type: ignore[import-untyped]

from billing.hour import DAY, Period
from billing.ledger.day import DaySum, priced
from billing.meter import Meter
from billing.rating import rate_days
from billing.rounding import total
from billing.surface.question import GROUPS, Question, Source
from billing.surface.records import months
from billing.surface.row import COLUMNS, FIRST, UNITS, asked
from billing.surface.table import USAGE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection, Iterable, Iterator
    from decimal import Decimal

    from billing.invoice import Invoice
    from billing.rating import RatedLine
    from billing.surface.reader import LedgerReader
    from billing.surface.records import Tariff
    from billing.surface.row import Key


async def days(
    reader: LedgerReader, question: Question, until: int, tariff: Tariff, after: Key
) -> AsyncGenerator[pa.RecordBatch, None]:
    """Usage per day and what it is worth.

    With flat prices, one day at a time. Where a month's total decides about a price, a month at a time, and all of the
    workspace's usage of it, whatever is asked for: the same usage is then worth the same as on the invoice.
    """
    for month in months(question.period):
        whole = tariff.has_steps
        start = month.start if whole else max(month.start, question.period.start, int(after[0]))
        end = month.end if whole else min(month.end, question.period.end)
        if start >= end:
            continue
        wanted = asked(question, until, FIRST, Period(start, end))
        if whole:
            wanted |= dict.fromkeys(GROUPS, "")
        changes = tariff.changes(Period(start, end))
        plan_of = tariff.plan_from(start)
        wanted["changes"] = changes
        async for sums, estimated in _portions(reader.usage(wanted), changes, whole=whole):
            lines = rate_days(priced(sums, tariff.book, plan_of), tariff.book)
            rows = _rows(question, lines, tariff.book.currency, estimated)
            if batch := _batch(question, rows, reader.workspace_id, after):
                yield batch


async def day_sums(
    reader: LedgerReader, period: Period, until: int, changes: list[int], *, estimates: bool
) -> list[DaySum]:
    """All usage of a period per day and stretch between changes of prices."""
    source = Source.ESTIMATE if estimates else Source.PUBLISHED
    wanted = asked(Question(period, DAY, GROUPS, source), until, FIRST) | {"changes": changes}
    return [each async for sums, _ in _portions(reader.usage(wanted), changes, whole=True) for each in sums]


def of_invoices(
    question: Question, invoices: Iterable[Invoice], workspace_id: str, after: Key
) -> Iterator[pa.RecordBatch]:
    """The days of final invoices of one currency, corrections of them on the days that they are about."""
    contents = [each.content for each in invoices]
    lines = [line for content in contents for line in content.lines]
    currency = "".join({content.currency for content in contents})
    if batch := _batch(question, _rows(question, lines, currency, None), workspace_id, after):
        yield batch


class _Group(NamedTuple):
    """A row of days; empty texts where days are not told apart by it."""

    day: int
    names: tuple[str, ...]
    quantity: int
    amount: Decimal
    currency: str
    status: Source


async def _portions(
    batches: AsyncGenerator[pa.RecordBatch, None], changes: list[int], *, whole: bool
) -> AsyncGenerator[tuple[list[DaySum], set[DaySum]], None]:
    """The sums of one day after another, or of all of them, with those of them that are estimates."""
    held: list[DaySum] = []
    estimates: set[DaySum] = set()
    day = None
    async for batch in batches:
        for row in batch.to_pylist():
            if row["begin"] != day and not whole and held:
                yield held, estimates
                held, estimates = [], set()
            day = row["begin"]
            one = DaySum(
                # The stretch begins with the day, or with the last change of a price within it.
                since=max([row["begin"], *changes[: row["segment"]]]),
                workspace_id=row["workspace_text"],
                project_id=row["project_text"],
                environment=row["environment_text"],
                service_id=row["service_text"],
                region=row["region_text"],
                meter=Meter(row["meter_text"]),
                quantity=int(row["base_quantity"]),
            )
            held.append(one)
            if row["is_estimate"]:
                estimates.add(one)
    if held:
        yield held, estimates


def _rows(
    question: Question, lines: Iterable[RatedLine], currency: str, estimates: Collection[DaySum] | None
) -> list[_Group]:
    """Lines of what is asked for, added up by what they are told apart by, in order; invoices have no estimates."""
    groups: defaultdict[tuple[int, tuple[str, ...]], list[RatedLine]] = defaultdict(list)
    for line in lines:
        names = line.project_id, line.environment, line.service_id, line.region, line.meter.value
        if line.day in question.period and question.has(*names):
            groups[line.day, _names(question, names)].append(line)
    estimated = set() if estimates is None else {
        (each.since - each.since % DAY,
         _names(question, (each.project_id, each.environment, each.service_id, each.region, each.meter.value)))
        for each in estimates
    }  # fmt: skip
    rows = []
    for key, alike in sorted(groups.items()):
        seen = Source.ESTIMATE if key in estimated else Source.PUBLISHED
        quantity, amount = sum(each.base_quantity for each in alike), total(each.amount for each in alike)
        rows.append(_Group(*key, quantity, amount, currency, Source.INVOICE if estimates is None else seen))
    return rows


def _names(question: Question, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name if group in question.group_by else "" for group, name in zip(GROUPS, names, strict=True))


def _batch(question: Question, rows: list[_Group], workspace_id: str, after: Key) -> pa.RecordBatch | None:
    left = [row for row in rows if (row.day, *row.names) > after]
    if not left:
        return None
    is_metered = "meter" in question.group_by
    table = {
        "start": [row.day for row in left],
        "end": [row.day + question.grain for row in left],
        "workspace_id": [workspace_id] * len(left),
        **{
            name: [row.names[place] if GROUPS[place] in question.group_by else None for row in left]
            for place, name in enumerate(COLUMNS)
        },
        "quantity": [row.quantity if is_metered else None for row in left],
        "unit": [UNITS[Meter(row.names[-1])] if is_metered else None for row in left],
        "amount": [row.amount for row in left],
        "currency": [row.currency for row in left],
        "status": [row.status.value for row in left],
    }
    return pa.RecordBatch.from_pydict(table, schema=USAGE)
