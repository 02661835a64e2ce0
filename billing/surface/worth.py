"""Rated lines as rows of days: added up by what a question tells them apart by, all of one workspace."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa  # type: ignore[import-untyped]

from billing.hour import day_of
from billing.meter import Meter
from billing.rounding import total
from billing.surface.question import GROUPS, Question, Source
from billing.surface.row import COLUMNS, FIRST, UNITS
from billing.surface.table import USAGE
from billing.surface.verification import assert_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from decimal import Decimal

    from billing.ledger.day import DaySum
    from billing.rating import RatedLine
    from billing.surface.row import Key


class _Group(NamedTuple):
    """A row of days; empty texts where days are not told apart by it."""

    day: int
    names: tuple[str, ...]
    quantity: int
    amount: Decimal
    status: Source


@dataclass(frozen=True, slots=True)
class Worth:
    """What a question's days are worth in a currency."""

    question: Question
    workspace_id: str
    currency: str

    def batch(
        self, lines: Collection[RatedLine], after: Key = FIRST, estimates: Collection[DaySum] | None = ()
    ) -> pa.RecordBatch | None:
        """The rows behind `after` in order, if there are any; `estimates` are sums that are some, `None` on invoices.

        Raises:
            IsolationError: a line is of another workspace.
        """
        assert_rows(self.workspace_id, {line.workspace_id for line in lines})
        rows = [row for row in self._rows(lines, estimates) if (row.day, *row.names) > after]
        return self._table(rows) if rows else None

    def _rows(self, lines: Iterable[RatedLine], estimates: Collection[DaySum] | None) -> list[_Group]:
        groups: defaultdict[tuple[int, tuple[str, ...]], list[RatedLine]] = defaultdict(list)
        for line in lines:
            names = line.project_id, line.environment, line.service_id, line.region, line.meter.value
            if line.day in self.question.period and self.question.has(*names):
                groups[line.day, self._shown(names)].append(line)
        estimated = {
            (day_of(each.since), self._shown(_names(each))) for each in (() if estimates is None else estimates)
        }
        rows = []
        for key, alike in sorted(groups.items()):
            seen = Source.ESTIMATE if key in estimated else Source.PUBLISHED
            quantity, amount = sum(each.base_quantity for each in alike), total(each.amount for each in alike)
            rows.append(_Group(*key, quantity, amount, Source.INVOICE if estimates is None else seen))
        return rows

    def _shown(self, names: tuple[str, ...]) -> tuple[str, ...]:
        asked = self.question.group_by
        return tuple(name if group in asked else "" for group, name in zip(GROUPS, names, strict=True))

    def _table(self, rows: list[_Group]) -> pa.RecordBatch:
        asked = self.question.group_by
        is_metered = "meter" in asked
        table = {
            "start": [row.day for row in rows],
            "end": [row.day + self.question.grain for row in rows],
            "workspace_id": [self.workspace_id] * len(rows),
            **{
                column: [row.names[place] if GROUPS[place] in asked else None for row in rows]
                for place, column in enumerate(COLUMNS)
            },
            "quantity": [row.quantity if is_metered else None for row in rows],
            "unit": [UNITS[Meter(row.names[-1])] if is_metered else None for row in rows],
            "amount": [row.amount for row in rows],
            "currency": [self.currency] * len(rows),
            "status": [row.status.value for row in rows],
        }
        return pa.RecordBatch.from_pydict(table, schema=USAGE)


def _names(each: DaySum) -> tuple[str, ...]:
    return each.project_id, each.environment, each.service_id, each.region, each.meter.value
