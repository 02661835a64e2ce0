"""What a fleet of gateways and pods costs in series, scrape bytes and daily churn: arithmetic, nothing is asked."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Final

from core.errors import BadRequest
from rules import recording
from rules.predict_gateway import DIGITS, NAME_LENGTH, Cost, headings, itself, route
from rules.rulefile import Recording

if TYPE_CHECKING:
    from rules.predict_matcher import Statistics

_RECORDED: Final = [rule.record for group in recording.GROUPS for rule in group.rules if isinstance(rule, Recording)]
RECORDED_PER_TENANT: Final = sum(name.startswith("tenant:") for name in _RECORDED)
RECORDED_PER_POD: Final = sum(name.startswith("tenant_pod:") for name in _RECORDED)

# Of a kubelet: CPU and memory of each container, both directions of each interface.
_PER_CONTAINER: Final = 2
_PER_INTERFACE: Final = 2
# Of kube-state-metrics: labels, info, three phases, readiness, three times; two requests and the restarts.
_STATE_PER_POD: Final = 9
_STATE_PER_CONTAINER: Final = 3


@dataclass(frozen=True, slots=True)
class Fleet:
    """A region's gateways and what runs behind them.

    Routes are spread evenly over the gateways; `pods` are the Envoy pods of each, and every one of them exposes all its
    gateway's routes. `idle` of the routes have had no request. A rule is one cluster, or one for each of `backends`.
    `previews` come on top of `routes`. `replacements` and `pod_replacements` are how often a day every Envoy pod and
    every service pod is replaced. `project_tenants` are the largest project's services, each environment's counted by
    itself. `name_length` and `digits` are characters.
    """

    routes: int
    gateways: int = 1
    pods: int = 1
    classes: int = 4
    idle: int = 0
    rules: int = 1
    backends: int = 1
    previews: int = 0
    suppressed: bool = True
    replacements: float = 1.0
    service_pods: int = 0
    pod_replacements: float = 1.0
    containers: int = 1
    interfaces: int = 1
    workers: int = 2
    managed: bool = True
    project_tenants: int = 1
    name_length: int = NAME_LENGTH
    digits: int = DIGITS

    def __post_init__(self) -> None:
        for field, least, most in (
            ("routes", 0, 10_000_000),
            ("gateways", 1, 10_000),
            ("pods", 1, 10_000),
            ("classes", 1, 5),
            ("idle", 0, self.routes),
            ("rules", 1, 16),
            ("backends", 1, 16),
            ("previews", 0, 10_000_000),
            ("replacements", 0, 1_000),
            ("service_pods", 0, 10_000_000),
            ("pod_replacements", 0, 1_000),
            ("containers", 1, 100),
            ("interfaces", 0, 100),
            ("workers", 1, 1_024),
            ("project_tenants", 1, 1_000_000),
            ("name_length", 1, 60_000),
            ("digits", 1, 20),
        ):
            if not least <= getattr(self, field) <= most:
                raise BadRequest(f"{field}: must be from {least} to {most}")


@dataclass(frozen=True, slots=True)
class Prediction:
    """Series unless said otherwise; `churn` is how many new ones a day brings, restarts included.

    `route` and `idle_route` are one cluster in one Envoy pod, `gateway_itself` one Envoy pod without its routes,
    `gateway` the fullest Envoy pod. `avoided` is what previews would cost were they not suppressed. `scrape_bytes` are
    those of one scrape: of the fullest Envoy pod, of all of the region's, of a tenant in all that have it. `tenant` is
    one service of one environment in the region's store, `project` all of the largest project.
    """

    route: int
    idle_route: int
    gateway_itself: int
    gateway: int
    scrape_bytes: int
    routes: int
    previews: int
    avoided: int
    envoy: int
    resources: int
    recorded: int
    region: int
    region_scrape_bytes: int
    churn: int
    tenant: int
    tenant_scrape_bytes: int
    tenant_churn: int
    project: int


def predict(fleet: Fleet, statistics: Statistics) -> Prediction:
    """The prediction for a region."""
    busy = route(statistics, fleet.classes, name_length=fleet.name_length, digits=fleet.digits)
    quiet = route(statistics, fleet.classes, active=False, name_length=fleet.name_length, digits=fleet.digits)
    own = itself(statistics, workers=fleet.workers, managed=fleet.managed)
    clusters = fleet.rules * fleet.backends
    active = fleet.routes - fleet.idle
    previews = 0 if fleet.suppressed else fleet.previews
    routes = (busy * active + quiet * fleet.idle) * clusters
    shown = routes + busy * (previews * clusters)
    # Once in a scrape, however many routes there are.
    types = headings(statistics, active=active > 0)
    # Idle routes are as likely on one gateway as on another.
    fullest = _share(shown, fleet.gateways) + own + types
    envoys = (shown + (own + types) * fleet.gateways) * fleet.pods
    resources = fleet.service_pods * (
        fleet.containers * (_PER_CONTAINER + _STATE_PER_CONTAINER) + fleet.interfaces * _PER_INTERFACE + _STATE_PER_POD
    )
    # Without pods of its own a route still has its recorded rates.
    recorded = active * RECORDED_PER_TENANT + fleet.service_pods * RECORDED_PER_POD
    of_pods = resources + fleet.service_pods * RECORDED_PER_POD
    churn = (
        envoys.series * (1 + fleet.replacements) + of_pods * (1 + fleet.pod_replacements) + active * RECORDED_PER_TENANT
    )
    tenant = busy * (clusters * fleet.pods)
    pods_of_tenant = of_pods / max(fleet.routes, 1)
    of_tenant = tenant.series + RECORDED_PER_TENANT + ceil(pods_of_tenant)
    return Prediction(
        route=busy.series,
        idle_route=quiet.series,
        gateway_itself=own.series,
        gateway=fullest.series,
        scrape_bytes=fullest.scrape_bytes,
        routes=routes.series * fleet.pods,
        previews=busy.series * previews * clusters * fleet.pods,
        avoided=busy.series * (fleet.previews - previews) * clusters * fleet.pods,
        envoy=envoys.series,
        resources=resources,
        recorded=recorded,
        region=envoys.series + resources + recorded,
        region_scrape_bytes=envoys.scrape_bytes,
        churn=ceil(churn),
        tenant=of_tenant,
        tenant_scrape_bytes=tenant.scrape_bytes,
        tenant_churn=ceil(
            tenant.series * (1 + fleet.replacements)
            + RECORDED_PER_TENANT
            + pods_of_tenant * (1 + fleet.pod_replacements)
        ),
        project=of_tenant * fleet.project_tenants,
    )


def _share(whole: Cost, parts: int) -> Cost:
    return Cost(ceil(whole.series / parts), ceil(whole.scrape_bytes / parts))
