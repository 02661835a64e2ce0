"""Counting one region's series for people: the largest, the fastest growing, and who added label values.

Every page first asks the store's own index, which costs next to nothing, and counts by query only what that says is
small enough.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from query import cardinality_budget as budget
from query.cardinality_report import (
    Amount,
    Change,
    Culprit,
    GrowthRegion,
    LabelAmount,
    ServiceChange,
    TopRegion,
    ValueAmount,
    WhoRegion,
)
from query.platform import TENANT, Selector

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable

    from core.scope import Permit
    from query.platform import Counts, PlatformReader, Status

# A query reads the samples of every series it selects; more than this is for the index alone.
MOST_SERIES: Final = 100_000
_MOST_VALUES: Final = 5_000
_EXAMPLES: Final = 5
# How many labels are looked at when none is named.
_LABELS: Final = 3
# The contract's own: new values of these are new tenants, routes and gateways, not something that a service added.
_CONTRACT: Final = frozenset(TENANT) | frozenset(
    [
        "__name__",
        "cluster",
        "region",
        "job",
        "instance",
        "namespace",
        "route_kind",
        "rule",
        "backend",
        "le",
        "envoy_response_code_class",
    ]
)
_Changed = TypeVar("_Changed", bound=Change)


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
    """One region's count for one question; `warnings` collect what was left out."""

    reader: PlatformReader
    permit: Permit
    question: Question
    tiers: Callable[[Collection[str]], Awaitable[dict[str, set[str]]]]
    warnings: list[str] = field(default_factory=list)

    async def top(self) -> TopRegion:
        """The largest metrics, labels, values, projects and services."""
        asked = self.question
        projects, services, values = await asyncio.gather(
            self._status("project_id"), self._status("service_id"), self._status(asked.label or "")
        )
        whole = not asked.within.matchers
        active = await self.reader.active(self.permit) if whole else None
        names = [entry.name for entry in projects.seriesCountByFocusLabelValue]
        tiers = await self.tiers(names)
        series_of = {entry.name: entry.value for entry in projects.seriesCountByLabelName}
        return TopRegion(
            region=self.reader.region,
            today=Amount.of("today", projects.totalSeries, budget.REGION_PER_DAY if whole else None),
            active=None if active is None else Amount.of("active", active, budget.REGION_ACTIVE),
            metrics=[Amount.of(entry.name, entry.value) for entry in projects.seriesCountByMetricName],
            labels=[
                LabelAmount(name=entry.name, values=entry.value, series=series_of.get(entry.name))
                for entry in projects.labelValueCountByLabelName
            ],
            values=_values(asked.label, values),
            projects=[
                Amount.of(entry.name, entry.value, budget.of_project(tiers.get(entry.name, ())) if whole else None)
                for entry in projects.seriesCountByFocusLabelValue
            ],
            services=[Amount.of(entry.name, entry.value) for entry in services.seriesCountByFocusLabelValue],
        )

    async def growth(self) -> GrowthRegion:
        """What the largest projects, their services and the largest metrics grew by."""
        yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
        today, before = await asyncio.gather(
            self._status("project_id"),
            self.reader.status(self.permit, top=1, within=self.question.within, day=yesterday),
        )
        projects = self._affordable("project", ((one.name, one.value) for one in today.seriesCountByFocusLabelValue))
        metrics = self._affordable("metric", ((one.name, one.value) for one in today.seriesCountByMetricName))
        services = await self._changes(TENANT, "project_id", projects)
        by_project: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
        for (project_id, *_), (now, then) in services.items():
            seen = by_project[project_id]
            by_project[project_id] = (seen[0] + now, seen[1] + then)
        by_metric = await self._changes(("__name__",), "__name__", metrics)
        return GrowthRegion(
            region=self.reader.region,
            today=today.totalSeries,
            yesterday=before.totalSeries,
            projects=self._fastest(Change(**self._change(name, *two)) for name, two in by_project.items()),
            services=self._fastest(
                ServiceChange(**self._change(service, *two), project_id=project, environment=environment)
                for (project, environment, service), two in services.items()
            ),
            metrics=self._fastest(Change(**self._change(name, *two)) for (name,), two in by_metric.items()),
        )

    async def who(self) -> WhoRegion:
        """The services with the most new values of the label that is asked about, or of the labels with most values."""
        # A tenant's: what nobody is accountable for cannot be blamed on anybody.
        tenants = self.question.within.with_matcher("project_id", "!=", "")
        status = await self.reader.status(self.permit, top=100, within=tenants)
        series_of = {entry.name: entry.value for entry in status.seriesCountByLabelName}
        if self.question.label is not None:
            labels = [self.question.label]
        else:
            most = (entry.name for entry in status.labelValueCountByLabelName if entry.name not in _CONTRACT)
            labels = [name for name, _ in zip(most, range(_LABELS), strict=False)]
        culprits: list[Culprit] = []
        for label in self._affordable("label", ((name, series_of.get(name, 0)) for name in labels), each=True):
            within = tenants.with_matcher(label, "!=", "")
            found = await self.reader.new_values(
                self.permit, label, within, hours=self.question.hours, most=_MOST_VALUES
            )
            if len(found) == _MOST_VALUES:
                self.warnings.append(f"region {self.reader.region}: {label} has more new values than are counted")
            culprits += _culprits(label, found, self.question.hours)
        culprits.sort(key=lambda one: (-one.new_values, one.label, one.service_id))
        return WhoRegion(region=self.reader.region, services=culprits[: self.question.limit])

    async def _status(self, focus: str) -> Status:
        return await self.reader.status(self.permit, top=self.question.limit, focus=focus, within=self.question.within)

    def _affordable(self, kind: str, sizes: Iterable[tuple[str, int]], *, each: bool = False) -> list[str]:
        """Those that may be counted by query, together or `each` by itself; the others are warned of."""
        kept, total = [], 0
        for name, series in sizes:
            if series + (0 if each else total) > MOST_SERIES:
                self.warnings.append(
                    f"region {self.reader.region}: {kind} {name} has {series} series today, too many to be counted "
                    "besides; narrow the question to a project or metric"
                )
            else:
                kept.append(name)
                total += series
        return kept

    async def _changes(
        self, labels: tuple[str, ...], of: str, names: list[str]
    ) -> dict[tuple[str, ...], tuple[int, int]]:
        """Series now and before, by the values of `labels`, of what has one of `names` as its label `of`."""
        if not names:
            return {}
        chosen = Selector((*self.question.within.matchers, *Selector.one_of(of, names).matchers))
        now, then = await asyncio.gather(
            self.reader.count(self.permit, labels, chosen),
            self.reader.count(self.permit, labels, chosen, hours_ago=self.question.hours),
        )
        keys = [
            {tuple(has.get(label, "") for label in labels): count for has, count in counts} for counts in (now, then)
        ]
        return {key: (keys[0].get(key, 0), keys[1].get(key, 0)) for key in {**keys[0], **keys[1]}}

    def _change(self, name: str, now: int, then: int) -> dict[str, Any]:
        return {"name": name, "series": now, "before": then, "per_hour": round((now - then) / self.question.hours, 2)}

    def _fastest(self, changes: Iterable[_Changed]) -> list[_Changed]:
        return sorted(changes, key=lambda one: (-one.per_hour, one.name))[: self.question.limit]


def _by(labels: tuple[str, ...], counts: Counts) -> dict[tuple[str, ...], int]:
    return {tuple(has.get(label, "") for label in labels): count for has, count in counts}


def _values(label: str | None, status: Status) -> list[ValueAmount]:
    """The values of `label`, or of all labels, with most series."""
    if label is not None:
        return [
            ValueAmount(label=label, value=entry.name, series=entry.value)
            for entry in status.seriesCountByFocusLabelValue
        ]
    pairs = ((*entry.name.partition("="), entry.value) for entry in status.seriesCountByLabelValuePair)
    return [ValueAmount(label=name, value=value, series=series) for name, _, value, series in pairs]


def _culprits(label: str, found: Counts, hours: int) -> list[Culprit]:
    by_tenant: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
    for has, series in found:
        by_tenant[tuple(has.get(name, "") for name in TENANT)].append((has.get(label, ""), series))
    return [
        Culprit(
            label=label,
            project_id=project_id,
            environment=environment,
            service_id=service_id,
            new_values=len(values),
            values_per_hour=round(len(values) / hours, 2),
            series=sum(series for _, series in values),
            examples=sorted(value for value, _ in values)[:_EXAMPLES],
        )
        for (project_id, environment, service_id), values in by_tenant.items()
    ]
