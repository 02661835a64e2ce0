"""Counting one region's series for people: what is asked, what it may cost, and what is largest.

Every page first asks the store's own index, which costs next to nothing, and counts by query only what that says is
small enough.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from query import cardinality_budget as budget
from query.cardinality_report import Amount, LabelAmount, TopRegion, ValueAmount
from query.platform import Selector

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable

    from core.scope import Permit
    from query.platform import PlatformReader, Status

# A query reads the samples of every series it selects; more than this is for the index alone.
MOST_SERIES: Final = 100_000
# All that one page counts by query, batch by batch: a region within its budget is counted to the last series.
MOST_COUNTED: Final = budget.REGION_ACTIVE
# A store takes no longer query than 16 KiB; an id in a matcher is written with 45 characters.
_MOST_NAMES: Final = 200


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asks: about everything, or one project, one metric, one label; `hours` back, `limit` entries."""

    limit: int = 10
    hours: int = 1
    project: str | None = None
    metric: str | None = None
    label: str | None = None

    @property
    def within(self) -> Selector:
        """The series that are asked about."""
        selector = Selector(())
        if self.project is not None:
            selector = selector.with_matcher("project_id", "=", self.project)
        if self.metric is not None:
            selector = selector.with_matcher("__name__", "=", self.metric)
        return selector


@dataclass(frozen=True, slots=True)
class Count:
    """One region's count for one question; `warnings` collect what was left out.

    `tiers` tells the tiers of projects' environments, by project id.
    """

    reader: PlatformReader
    permit: Permit
    question: Question
    tiers: Callable[[Collection[str]], Awaitable[dict[str, set[str]]]]
    warnings: list[str] = field(default_factory=list)

    async def top(self) -> TopRegion:
        """The largest metrics, labels, values, projects and services."""
        asked = self.question
        projects, services, values = await asyncio.gather(
            self.status("project_id"), self.status("service_id"), self.status(asked.label or "")
        )
        whole = not asked.within.matchers
        active = await self.reader.active(self.permit) if whole else None
        holders = await asyncio.gather(*(self._holder(one.name) for one in services.seriesCountByFocusLabelValue))
        names = {entry.name for entry in projects.seriesCountByFocusLabelValue} | set(holders)
        budgets = await self.budgets(names)
        series_of = {entry.name: entry.value for entry in projects.seriesCountByLabelName}
        per_day = budget.REGION_PER_DAY
        return TopRegion(
            region=self.reader.region,
            today=Amount(name="today", series=projects.totalSeries, budget=per_day),
            active=None if active is None else Amount(name="active", series=active, budget=budget.REGION_ACTIVE),
            metrics=[
                Amount(name=entry.name, series=entry.value, budget=per_day)
                for entry in projects.seriesCountByMetricName
            ],
            labels=[
                LabelAmount(name=entry.name, values=entry.value, series=series_of.get(entry.name), budget=per_day)
                for entry in projects.labelValueCountByLabelName
            ],
            values=_values(asked.label, values),
            projects=[
                Amount(name=entry.name, series=entry.value, budget=budgets[entry.name])
                for entry in projects.seriesCountByFocusLabelValue
            ],
            services=[
                Amount(name=entry.name, series=entry.value, budget=budgets.get(holder))
                for entry, holder in zip(services.seriesCountByFocusLabelValue, holders, strict=True)
            ],
        )

    async def status(self, focus: str, *, top: int | None = None, day: str = "") -> Status:
        """The index's tables for what is asked about."""
        most = self.question.limit if top is None else top
        return await self.reader.status(self.permit, top=most, focus=focus, within=self.question.within, day=day)

    async def budgets(self, project_ids: Collection[str]) -> dict[str, int]:
        """The series that each of the projects may have, by its plan."""
        known = sorted(one for one in project_ids if one)
        tiers = await self.tiers(known)
        return {one: budget.of_project(tiers.get(one, ())) for one in known}

    def batches(self, kind: str, sizes: Iterable[tuple[str, int]]) -> list[list[str]]:
        """The names whose series may be counted by query, those of one batch together; others are warned of."""
        batches: list[list[str]] = []
        room = counted = left_out = 0
        for name, series in sizes:
            if series > MOST_SERIES:
                self.warn(
                    f"{kind} {name} has {series} series today, too many to be counted; narrow the question to a "
                    "project or metric"
                )
            elif counted + series > MOST_COUNTED:
                left_out += 1
            else:
                if not batches or series > room or len(batches[-1]) == _MOST_NAMES:
                    batches.append([])
                    room = MOST_SERIES
                batches[-1].append(name)
                room -= series
                counted += series
        if left_out:
            self.warn(f"{left_out} {kind}s more were not looked at; narrow the question to a project or metric")
        return batches

    def warn(self, sentence: str) -> None:
        """Say what the answer lacks."""
        self.warnings.append(f"region {self.reader.region}: {sentence}")

    async def _holder(self, service_id: str) -> str:
        """The project of a service, by the index; empty when it has none."""
        within = Selector((("service_id", "=", service_id),))
        found = await self.reader.status(self.permit, top=1, focus="project_id", within=within)
        return next((entry.name for entry in found.seriesCountByFocusLabelValue), "")


def _values(label: str | None, status: Status) -> list[ValueAmount]:
    """The values of `label`, or of all labels, with most series."""
    per_day = budget.REGION_PER_DAY
    if label is not None:
        return [
            ValueAmount(label=label, value=entry.name, series=entry.value, budget=per_day)
            for entry in status.seriesCountByFocusLabelValue
        ]
    pairs = ((*entry.name.partition("="), entry.value) for entry in status.seriesCountByLabelValuePair)
    return [ValueAmount(label=name, value=value, series=series, budget=per_day) for name, _, value, series in pairs]
