"""What real programs expose, as small as tells right from wrong: Envoy's stat names, and series as they are scraped."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

from core.tenant import Tenant
from ingest.cluster_name import ClusterName
from rules.catalogue import CUSTOMER_FAMILIES, GATEWAY_JOB

if TYPE_CHECKING:
    from collections.abc import Iterator

Series = dict[str, str]

_PROJECT: Final = "0b6f8e0c-4d1a-4c5e-9f2b-3a4c5d6e7f80"
_SERVICE: Final = "7d3c1b2a-9e8f-4a6b-b0c1-d2e3f4a5b6c7"
_OTHER: Final = "5f0c7a52-6c0e-4d1b-9b7e-1f6f6f3f0a11"

PRODUCTION: Final = Tenant(_PROJECT, "production", _SERVICE)

_ROUTES: Final = (
    ClusterName.of(PRODUCTION, "prj-a"),
    ClusterName.of(PRODUCTION, "prj-a", rule=1),
    ClusterName.of(PRODUCTION, "prj-a", backend=1),
    ClusterName.of(PRODUCTION, "prj-a", route_kind="grpcroute"),
    ClusterName.of(Tenant(_PROJECT, "pr-7", _SERVICE), "prj-a"),
    ClusterName.of(Tenant(_PROJECT, "a--b-30-characters-long-000000", _SERVICE), "prj-a"),
    ClusterName.of(Tenant(_OTHER, "production", _SERVICE), "prj-b"),
)
ROUTES: Final = {route.name: route for route in _ROUTES}
_PLAIN: Final = _ROUTES[0].name
# Environments that are called as previews commonly are, yet need not be any: whether one is says is_ephemeral alone.
# Their clusters by name.
PREVIEW_LIKE: Final = {
    name: ClusterName.of(Tenant(_PROJECT, name, _SERVICE), "prj-a").name
    for name in (
        *("pr-7", "pr7", "pr-1234", "pull-7", "pull-request-7", "mr-7", "merge-request-7", "issue-7"),
        *("preview", "preview-7", "7-preview", "web-preview", "web-pr-7", "review-7", "review-login", "branch-login"),
        *("feature-login", "feat-login", "fix-login", "bugfix-7", "hotfix-7", "dependabot-npm-x", "renovate-x"),
        *("ephemeral", "ephemeral-7", "temp-7", "tmp-7", "demo-7", "sandbox-7", "dev-7", "test-7", "qa-7"),
    )
}
CUSTOMER_NAMESPACES: Final = ("prj-a", "prj-b")
CUSTOMER_POD: Final = "checkout-7c9f8b-x2x1z"

_CLASSES: Final = ("2", "3", "4", "5")
OWN_STATS: Final = {
    "latency": ("upstream_rq_time",),
    "requests": tuple(f"upstream_rq_{one}xx" for one in "12345"),
    "bytes": ("upstream_cx_rx_bytes_total", "upstream_cx_tx_bytes_total"),
}
CUSTOMER_STATS: Final = tuple(
    f"cluster.{name}.{stat}" for name in ROUTES for stats in OWN_STATS.values() for stat in stats
)

SELF_STATS: Final = {
    "server.": ("server.uptime", "server.memory_allocated", "server.worker_0.watchdog_miss"),
    "control_plane.": ("control_plane.connected_state",),
    "listener_manager.": ("listener_manager.lds.update_success", "listener_manager.total_listeners_active"),
    "cluster_manager.": ("cluster_manager.cds.update_success", "cluster_manager.warming_clusters"),
}

# Of a route, yet not of the three families: variants that double the series, and what nobody looks at.
_NOT_OF_A_ROUTE: Final = (
    "external.upstream_rq_2xx",
    "external.upstream_rq_time",
    "internal.upstream_rq_2xx",
    "canary.upstream_rq_time",
    "retry.upstream_rq_5xx",
    "zone.a.b.upstream_rq_time",
    "upstream_rq_200",
    "upstream_rq_total",
    "upstream_rq_timeout",
    "upstream_cx_total",
    "upstream_cx_length_ms",
    "circuit_breakers.default.cx_open",
    "membership_healthy",
)
# Clusters that are no customer's route.
STRANGERS: Final = (
    f"{_PLAIN}-mirror-0",
    f"{_PLAIN}/match/0",
    "service/prj-a/web/80/http",
    "tcproute/prj-a/db/rule/-1",
    # Tenants' names under other kinds: services shared by routes, connections without requests.
    *(_PLAIN.replace("httproute", kind, 1) for kind in ("service", "backend", "tcproute", "HTTPRoute")),
    "httproute/prj-a/my.dotted.route/rule/0",
    "xds_cluster",
    "prometheus_stats",
    "invalid-backend-cluster",
)
STRANGE_STATS: Final = (
    *(f"cluster.{_PLAIN}.{stat}" for stat in _NOT_OF_A_ROUTE),
    *(f"cluster.{name}.{stat}" for name in STRANGERS for stat in ("upstream_rq_2xx", "upstream_rq_time")),
    "http.gateway.downstream_rq_2xx",
    "listener.0.0.0.0_80.downstream_cx_total",
    "vhost.www.vcluster.other.upstream_rq_2xx",
    "runtime.load_success",
    "filesystem.write_completed",
)
HISTOGRAMS: Final = (
    f"cluster.{_PLAIN}.upstream_rq_time",
    "server.initialization_time_ms",
    "listener_manager.lds.update_duration",
    "cluster_manager.cds.update_duration",
    "control_plane.update_duration",
)

# Envoy's name in the exposition, without the stat's own values.
_EXPOSED: Final = tuple(series for family in CUSTOMER_FAMILIES for series in family.series)
_INSTANCES: Final = ("10.0.0.1:19001", "10.0.0.2:19001")


def _exposed(cluster: str) -> Iterator[Series]:
    """A cluster's customer families as an Envoy exposes them."""
    for name in _EXPOSED:
        series = {"__name__": name, "envoy_cluster_name": cluster}
        if name.endswith("_bucket"):
            yield from (series | {"le": bound} for bound in ("5", "1000", "+Inf"))
        elif name.endswith("_xx"):
            yield from (series | {"envoy_response_code_class": one} for one in _CLASSES)
        else:
            yield series


def preview_like() -> Iterator[Series]:
    """One series of production, and of each environment that is merely called like a preview."""
    for environment, name in {PRODUCTION.environment: _PLAIN, **PREVIEW_LIKE}.items():
        series = {"__name__": _EXPOSED[-1], "envoy_cluster_name": name, "case": environment}
        yield series | {"job": GATEWAY_JOB, "instance": _INSTANCES[0]}


_UNWANTED: Final = ("upstream_rq_total", "upstream_cx_total", "membership_healthy", "external_upstream_rq_xx")


def gateway() -> Iterator[Series]:
    """One scrape of two gateways that expose too much, target labels attached."""
    for instance in _INSTANCES:
        target = {"job": GATEWAY_JOB, "instance": instance}
        for cluster in (*ROUTES, *STRANGERS) if instance == _INSTANCES[0] else (_PLAIN,):
            yield from (series | target for series in _exposed(cluster))
        for stat in _UNWANTED:
            yield {"__name__": f"envoy_cluster_{stat}", "envoy_cluster_name": _PLAIN} | target
        yield from (series | target for series in _itself())


def _itself() -> Iterator[Series]:
    for name in ("server_uptime", "control_plane_connected_state", "listener_manager_lds_update_success"):
        yield {"__name__": f"envoy_{name}"}
    yield {"__name__": "envoy_cluster_manager_warming_clusters"}
    for worker, kind in product(("worker_0", "worker_1"), ("miss", "mega_miss")):
        yield {"__name__": f"envoy_server_worker_watchdog_{kind}", "envoy_worker_id": worker}
    for bound in ("10", "+Inf"):
        yield {"__name__": "envoy_server_initialization_time_ms_bucket", "le": bound}


def pods() -> Iterator[Series]:
    """What kubelets and kube-state-metrics expose of a customer's pod: restarted, with a sidecar and two interfaces."""
    pod = {"namespace": "prj-a", "pod": CUSTOMER_POD}
    kubelet = pod | {"job": "kubelet", "instance": "node-1", "image": "registry/app:1"}
    for container, number in product(("app", "proxy"), ("1", "2")):
        series = kubelet | {"container": container, "id": f"/kubepods/{container}{number}", "name": f"n{number}"}
        yield {"__name__": "container_cpu_usage_seconds_total", "cpu": "total"} | series
        yield {"__name__": "container_memory_working_set_bytes"} | series
    for way, interface in product(("receive", "transmit"), ("eth0", "eth1")):
        yield {"__name__": f"container_network_{way}_bytes_total", "interface": interface, "id": "/pod"} | kubelet
    state = pod | {"job": "kube-state-metrics", "instance": "10.0.0.9:8080"}
    for uid in ("u1", "u2"):
        labels = {f"label_starform_io_{label}": value for label, value in tuple_of(PRODUCTION).items()}
        yield {"__name__": "kube_pod_labels", "uid": uid} | state | labels
        yield {"__name__": "kube_pod_created", "uid": uid} | state


def tuple_of(tenant: Tenant) -> Series:
    """The tenant key as labels."""
    return {
        "project_id": tenant.project_id,
        "environment": tenant.environment,
        "service_id": tenant.service_id,
    }
