"""What grew in one region: every project, its services and every metric, now and some hours ago."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from query import cardinality_budget as budget
from query.cardinality_report import Change, GrowthRegion, ServiceChange
from query.platform import TENANT, Selector

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from query.cardinality import Count
    from query.platform import Counts

# As many as the index lists: what grows is not yet among the largest.
_CANDIDATES: Final = 1_000

_Changed = TypeVar("_Changed", bound=Change)
_Changes = dict[tuple[str, ...], tuple[int, int]]


async def growth(count: Count) -> GrowthRegion:
    """The fastest growing of all projects, services and metrics of a region."""
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    today, before = await asyncio.gather(
        count.status("project_id", top=_CANDIDATES), count.status("", top=1, day=yesterday)
    )
    sizes = {
        "project": [(entry.name, entry.value) for entry in today.seriesCountByFocusLabelValue],
        "metric": [(entry.name, entry.value) for entry in today.seriesCountByMetricName],
    }
    for kind, listed in sizes.items():
        if len(listed) == _CANDIDATES:
            count.warn(f"only the {_CANDIDATES} largest {kind}s were looked at; narrow the question")
    services = await _changes(count, TENANT, "project_id", count.batches("project", sizes["project"]))
    projects: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for (project_id, *_), (now, then) in services.items():
        seen = projects[project_id]
        projects[project_id] = (seen[0] + now, seen[1] + then)
    metrics = await _changes(count, ("__name__",), "__name__", count.batches("metric", sizes["metric"]))
    budgets = await count.budgets(projects)
    hours, limit = count.question.hours, count.question.limit
    return GrowthRegion(
        region=count.reader.region,
        today=today.totalSeries,
        yesterday=before.totalSeries,
        projects=_fastest(
            (Change(**_change(name, two, hours), budget=budgets.get(name)) for name, two in projects.items()), limit
        ),
        services=_fastest(
            (
                ServiceChange(
                    **_change(service, two, hours),
                    budget=budgets.get(project),
                    project_id=project,
                    environment=environment,
                )
                for (project, environment, service), two in services.items()
            ),
            limit,
        ),
        metrics=_fastest(
            (Change(**_change(name, two, hours), budget=budget.REGION_ACTIVE) for (name,), two in metrics.items()),
            limit,
        ),
    )


async def _changes(count: Count, labels: tuple[str, ...], of: str, batches: Sequence[list[str]]) -> _Changes:
    """Series now and before, by the values of `labels`, of what has a name of the batches as its label `of`."""
    within = count.question.within.matchers
    found: _Changes = {}
    for names in batches:
        chosen = Selector((*within, *Selector.one_of(of, names).matchers))
        now, then = await asyncio.gather(
            count.reader.count(count.permit, labels, chosen),
            count.reader.count(count.permit, labels, chosen, hours_ago=count.question.hours),
        )
        present, past = _by(labels, now), _by(labels, then)
        found |= {key: (present.get(key, 0), past.get(key, 0)) for key in {**present, **past}}
    return found


def _by(labels: tuple[str, ...], counts: Counts) -> dict[tuple[str, ...], int]:
    return {tuple(has.get(label, "") for label in labels): series for has, series in counts}


def _change(name: str, two: tuple[int, int], hours: int) -> dict[str, Any]:
    now, then = two
    return {"name": name, "series": now, "before": then, "per_hour": round((now - then) / hours, 2)}


def _fastest(changes: Iterable[_Changed], limit: int) -> list[_Changed]:
    return sorted(changes, key=lambda one: (-one.per_hour, one.name))[:limit]
