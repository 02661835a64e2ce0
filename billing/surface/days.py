"""Usage per day with what it is worth, from the ledger or from final invoices, in the order of the rows' keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billing.hour import DAY, Period, months
from billing.ledger.day import DaySum, Tariffs, priced
from billing.meter import Meter
from billing.rating import rate_days
from billing.surface.question import GROUPS, Question, Source
from billing.surface.row import FIRST, asked
from billing.surface.worth import Worth

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Iterator

    import pyarrow as pa  # type: ignore[import-untyped]

    from billing.invoice import Invoice
    from billing.surface.reader import LedgerReader
    from billing.surface.records import Tariff
    from billing.surface.row import Key


async def days(
    reader: LedgerReader, question: Question, until: int, tariff: Tariff, after: Key
) -> AsyncGenerator[pa.RecordBatch, None]:
    """Usage per day and what it is worth: in a closed month what its invoices say of it, in an open one now.

    With flat prices, one day at a time. Where a month's total decides about a price, a month at a time, and all of the
    workspace's usage of it, whatever is asked for: the same usage is then worth the same as on the invoice.
    """
    for month in months(question.period):
        terms = tariff.of(month)
        whole = terms.has_steps
        start = month.start if whole else max(month.start, question.period.start, int(after[0]))
        end = month.end if whole else min(month.end, question.period.end)
        if start >= end:
            continue
        wanted = asked(question, until, FIRST, Period(start, end))
        if whole:
            wanted |= dict.fromkeys(GROUPS, "")
        changes = [each for each in terms.book.changes if start <= each < end]
        tariffs = Tariffs(terms.book, terms.plan_of)
        wanted["changes"] = changes
        async for sums, estimated in _portions(reader.usage(wanted), changes, whole=whole):
            lines = rate_days(priced(sums, tariffs), terms.book)
            worth = Worth(question, reader.workspace_id, terms.book.currency)
            if batch := worth.batch(lines, after, estimated):
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
    if batch := Worth(question, workspace_id, currency).batch(lines, after, None):
        yield batch


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
