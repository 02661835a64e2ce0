"""The live checks on a region's store: each asks a few bounded questions and returns what it found."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from rules.attribution import POD_LABELS, attributed, by_pod, by_tenant
from rules.budget import BUDGET
from rules.catalogue import CUSTOMER_FAMILIES, GATEWAY_JOB
from rules.live_finding import LiveCheck, LiveFinding
from rules.recording import REQUESTS
from rules.retention import DEFAULT_TIER

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from rules.live_store import Store

Previews = set[tuple[str, str]]
Tiers = dict[str, set[str]]

_CONFLICT: Final = re.compile(r"label_.*_conflict[0-9]+", re.ASCII)
# Projects that are looked at, largest first; further ones are far below any budget.
_PROJECTS: Final = 1_000
# Names in one matcher: a store compiles it into one regular expression.
_BATCH: Final = 200
_MOST_BATCHES: Final = 20

_SERIES: Final = "|".join(series for family in CUSTOMER_FAMILIES for series in family.series)
# One of a route's series stands for all of it.
_ROUTES: Final = f'envoy_cluster_upstream_cx_rx_bytes_total{{job="{GATEWAY_JOB}", project_id!=""}}'
_PROJECT: Final = POD_LABELS["project_id"]


def previews(store: Store, known: Previews) -> Iterator[LiveFinding]:
    """Per-route series of environments that are ephemeral."""
    names = sorted({environment for _, environment in known})
    batches = [names[start : start + _BATCH] for start in range(0, len(names), _BATCH)]
    for batch in batches[:_MOST_BATCHES]:
        # Legal names hold nothing that means something in a regular expression.
        chosen = f'{{__name__=~"{_SERIES}", environment=~"{"|".join(batch)}"}}'
        for labels, series in store.query(f"count by (project_id, environment) ({chosen})"):
            tenant = labels.get("project_id", ""), labels["environment"]
            if tenant in known:
                yield LiveFinding(LiveCheck.PREVIEW_AUDIT, "/".join(tenant), f"{series:.0f} series")
    if len(batches) > _MOST_BATCHES:
        left = len(names) - _MOST_BATCHES * _BATCH
        yield LiveFinding(LiveCheck.PREVIEW_AUDIT, "the audit", f"{left} preview names were not looked at")


def conflicts(store: Store) -> Iterator[LiveFinding]:
    """Pod labels that two of Kubernetes' labels fold into."""
    for label in store.labels("kube_pod_labels"):
        if _CONFLICT.fullmatch(label):
            yield LiveFinding(LiveCheck.LABEL_CONFLICT, f"kube_pod_labels, {label}", "the attribution join is empty")


def budgets(store: Store, region: str, tiers_of: Callable[[Collection[str]], Tiers]) -> Iterator[LiveFinding]:
    """Today's series of each project and of the region, and the region's active ones, against their budgets."""
    today, by_project = store.series_by("project_id", _PROJECTS)
    smallest = min(BUDGET.per_project.values()) * BUDGET.alert_at
    large = {project: series for project, series in by_project.items() if series > smallest}
    tiers = tiers_of(list(large)) if large else {}
    for project, series in large.items():
        budget = max(
            (BUDGET.per_project[tier] for tier in tiers.get(project, ()) if tier in BUDGET.per_project),
            default=BUDGET.per_project[DEFAULT_TIER],
        )
        if series > budget * BUDGET.alert_at:
            yield LiveFinding(LiveCheck.PROJECT_BUDGET, project, _share(series, budget))
    active = sum(value for _, value in store.query("sum(scrape_samples_post_metric_relabeling)"))
    for about, series, budget in (
        ("active series", int(active), BUDGET.per_region),
        ("series today", today, BUDGET.per_region * BUDGET.per_day),
    ):
        if series > budget * BUDGET.alert_at:
            yield LiveFinding(LiveCheck.REGION_BUDGET, f"{region}, {about}", _share(series, budget))


def blind_outages(store: Store) -> Iterator[LiveFinding]:
    """Services with pods that have not ended, none of them ready, and without a request."""
    ready = attributed(f'max by ({by_pod}) (kube_pod_status_ready{{condition="true"}})')
    alive = attributed(f'(1 - max by ({by_pod}) (kube_pod_status_phase{{phase=~"Succeeded|Failed"}}))')
    silent = f"({ready} == 0) and ({alive} > 0) unless on ({by_tenant}) ({REQUESTS} > 0)"
    for labels, _ in store.query(silent):
        subject = "/".join(labels.get(label, "") for label in ("project_id", "environment", "service_id"))
        yield LiveFinding(LiveCheck.BLIND_OUTAGE, subject, "0 ready pods, 0 requests per second")


def limits(store: Store) -> Iterator[LiveFinding]:
    """Jobs of which a target's samples have come so near to the scrape's limit that growth would tear it."""
    headroom = BUDGET.limiter_headroom
    samples = "max by (cluster, job) (scrape_samples_post_metric_relabeling / (scrape_samples_limit > 0))"
    # Of a target's series only newer releases of vmagent tell.
    series = "max by (cluster, job) (scrape_series_current / (scrape_series_limit > 0))"
    for about, share_of in (("sample_limit", samples), ("series_limit", series)):
        for labels, share in store.query(f"{share_of} > {1 / headroom:.4f}"):
            subject = "/".join(filter(None, (labels.get("cluster", ""), labels.get("job", ""))))
            detail = f"{share:.0%} of {about} are used; it must be {headroom:g} times what is scraped"
            yield LiveFinding(LiveCheck.LIMIT_NEAR, subject, detail)


def wrong_projects(store: Store) -> Iterator[LiveFinding]:
    """Routes whose project is none of those that their namespace belongs to, by its pods' labels."""
    pods = f'count by (cluster, namespace, {_PROJECT}) (kube_pod_labels{{{_PROJECT}!=""}})'
    owners = _projects_by_namespace(store.query(pods), _PROJECT)
    routes = _projects_by_namespace(store.query(f"count by (cluster, namespace, project_id) ({_ROUTES})"), "project_id")
    for place, projects in sorted(routes.items()):
        # Of a namespace without pods nothing is known.
        for project in sorted(projects - owners[place]) if place in owners else ():
            detail = f"routes of project {project}, in the namespace of {', '.join(sorted(owners[place]))}"
            yield LiveFinding(LiveCheck.WRONG_PROJECT, "/".join(filter(None, place)), detail)


def _projects_by_namespace(
    counts: list[tuple[dict[str, str], float]], label: str
) -> Mapping[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for labels, _ in counts:
        found[labels.get("cluster", ""), labels.get("namespace", "")].add(labels[label])
    return found


def _share(series: int, budget: int) -> str:
    return f"{series:,} series, {series / budget:.0%} of {budget:,}"
