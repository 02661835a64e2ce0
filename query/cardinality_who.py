"""Who added label values in one region: the new values of each hour, and the services that brought them."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from query.cardinality import MOST_SERIES
from query.cardinality_report import Culprit, WhoRegion
from query.platform import TENANT

if TYPE_CHECKING:
    from query.cardinality import Count
    from query.platform import Hourly

_MOST_VALUES: Final = 5_000
_EXAMPLES: Final = 5
# How many labels are looked at when none is named, those with most values first.
_LABELS: Final = 30
# A value that was there before is not new; a day back is far enough for what comes with working hours.
_DAY_HOURS: Final = 24
# Reading is what such a query costs, here of 15 s scrapes. Two busy cores read some 10 million samples a second, and a
# question may take ten.
_SAMPLES_PER_HOUR: Final = 240
_MOST_SAMPLES: Final = 50_000_000
# Of all labels together.
_MOST_OF_PAGE: Final = 3 * _MOST_SAMPLES
# As vmalert stores what is pending or fires.
_ALERTS: Final = "ALERTS|ALERTS_FOR_STATE"
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


async def who(count: Count) -> WhoRegion:
    """The services with the most new values of the label that is asked about, or of the labels with most values."""
    asked = count.question
    # A tenant's: what nobody is accountable for cannot be blamed on anybody, nor can what our own rules say of it.
    tenants = asked.within.with_matcher("project_id", "!=", "").with_matcher("__name__", "!~", _ALERTS)
    status = await count.reader.status(count.permit, top=100, within=tenants)
    series_of = {entry.name: entry.value for entry in status.seriesCountByLabelName}
    listed = [entry.name for entry in status.labelValueCountByLabelName if entry.name not in _CONTRACT]
    labels = [asked.label] if asked.label is not None else listed[:_LABELS]
    left_out = 0 if asked.label is not None else len(listed) - len(labels)
    culprits: list[Culprit] = []
    left = _MOST_OF_PAGE
    for label in labels:
        # Outside the longest list it has fewer than the least of it.
        series = series_of.get(label, min(series_of.values(), default=0))
        before = _hours_before(series, asked.hours)
        if before < 1:
            count.warn(
                f"label {label} has {series} series today, too many to be looked through for {asked.hours} h; narrow "
                "the question to a project, a metric or fewer hours"
            )
            continue
        left -= series * _SAMPLES_PER_HOUR * (asked.hours + before)
        if left < 0:
            left_out += 1
            continue
        within = tenants.with_matcher(label, "!=", "")
        found = await count.reader.new_values(
            count.permit, label, within, hours=asked.hours, before=before, most=_MOST_VALUES
        )
        if len(found) == _MOST_VALUES:
            count.warn(f"label {label} has more new values than are counted")
        culprits += _culprits(label, found, asked.hours, before)
    if left_out:
        count.warn(f"{left_out} labels with fewer values were not looked at; name one")
    budgets = await count.budgets({one.project_id for one in culprits})
    culprits = [one.model_copy(update={"budget": budgets.get(one.project_id)}) for one in culprits]
    culprits.sort(key=lambda one: (-one.new_values, one.label, one.service_id))
    return WhoRegion(region=count.reader.region, services=culprits[: asked.limit])


def _hours_before(series: int, hours: int) -> int:
    """How many hours before the first are looked through for values that are not new."""
    if series > MOST_SERIES:
        return 0
    affordable = _MOST_SAMPLES // (max(series, 1) * _SAMPLES_PER_HOUR)
    return min(affordable - hours, _DAY_HOURS)


def _culprits(label: str, found: Hourly, hours: int, before: int) -> list[Culprit]:
    by_tenant: dict[tuple[str, ...], list[tuple[str, list[tuple[int, int]]]]] = defaultdict(list)
    for has, seen in found:
        by_tenant[tuple(has.get(name, "") for name in TENANT)].append((has.get(label, ""), seen))
    return [_culprit(label, tenant, values, hours, before) for tenant, values in by_tenant.items()]


def _culprit(
    label: str, tenant: tuple[str, ...], values: list[tuple[str, list[tuple[int, int]]]], hours: int, before: int
) -> Culprit:
    project_id, environment, service_id = tenant
    in_hour = Counter(ago for _, seen in values for ago, _ in seen)
    return Culprit(
        label=label,
        project_id=project_id,
        environment=environment,
        service_id=service_id,
        new_values=len(values),
        values_per_hour=round(len(values) / hours, 2),
        by_hour=[in_hour[ago] for ago in range(hours - 1, -1, -1)],
        compared_hours=before,
        series=sum(seen[-1][1] for _, seen in values),
        examples=sorted(value for value, _ in values)[:_EXAMPLES],
    )
