"""Envoy's bootstrap: one listener, a virtual host per route, and which statistics may leave the gateway."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ingest.grammar import GRAMMAR
from rules.catalogue import CUSTOMER_FAMILIES, LATENCY_BUCKETS_MS, SELF_BUCKETS_MS, SELF_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable

_TYPE: Final = "@type"
_LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Upstream:
    """One route: requests for the host `domain` go to the loopback `port` through the cluster named `cluster`.

    `cluster` is used exactly as given. `is_ephemeral` marks a preview's route: Envoy creates no statistic for it.
    """

    cluster: str
    domain: str
    port: int
    is_ephemeral: bool = False


@dataclass(frozen=True, slots=True)
class Allowlist:
    """The statistics that may exist: stat names with one of `prefixes`, or matched by one of the RE2 `patterns`."""

    prefixes: tuple[str, ...]
    patterns: tuple[str, ...]

    def as_matcher(self) -> dict[str, object]:
        """Envoy's `StatsMatcher`: an inclusion list, so that an unknown statistic is never created."""
        prefixes = [{"prefix": prefix} for prefix in self.prefixes]
        patterns = [{"safe_regex": {"regex": pattern}} for pattern in self.patterns]
        return {"inclusion_list": {"patterns": [*prefixes, *patterns]}}


# Anchored at both ends: a suffix alone would also let `external.`, `internal.`, `canary.` and `retry.` variants in.
# `[.]`, never a backslash: Envoy Gateway escapes backslashes twice, and the pattern would silently match nothing.
STRICT: Final = Allowlist(
    prefixes=SELF_PREFIXES,
    patterns=(f"^cluster[.]{GRAMMAR.pattern}[.](?:{'|'.join(family.stat for family in CUSTOMER_FAMILIES)})$",),
)


def render(
    upstreams: Iterable[Upstream],
    *,
    listen_port: int,
    admin_port: int,
    allowlist: Allowlist | None = STRICT,
) -> str:
    """Envoy's bootstrap as JSON text, which quotes every name, so that none is read as a YAML boolean or number.

    `allowlist=None` exposes every statistic.
    """
    routes = list(upstreams)
    stats: dict[str, object] = {"histogram_bucket_settings": _buckets()}
    if allowlist is not None:
        stats["stats_matcher"] = allowlist.as_matcher()
    bootstrap = {
        "node": {"id": "gateway", "cluster": "gateway"},
        "admin": {"address": _address(admin_port)},
        "stats_config": stats,
        # A route that never had traffic costs nothing; its counters are born with their first value.
        "deferred_stat_options": {"enable_deferred_creation_stats": True},
        "static_resources": {
            "listeners": [_listener(routes, listen_port)],
            "clusters": [_cluster(upstream) for upstream in routes],
        },
    }
    return json.dumps(bootstrap, indent=1, ensure_ascii=False)


def _address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": _LOOPBACK, "port_value": port}}


def _buckets() -> list[dict[str, object]]:
    """Bounds per stat name; the first match wins, and names are Envoy's dotted ones, not the exposed ones."""
    settings: list[dict[str, object]] = [
        {"match": {"suffix": ".upstream_rq_time"}, "buckets": list(LATENCY_BUCKETS_MS)}
    ]
    settings += [{"match": {"prefix": prefix}, "buckets": list(SELF_BUCKETS_MS)} for prefix in SELF_PREFIXES]
    return settings


def _listener(upstreams: list[Upstream], port: int) -> dict[str, object]:
    hosts = [
        {
            "name": f"host-{number}",
            "domains": [upstream.domain],
            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": upstream.cluster}}],
        }
        for number, upstream in enumerate(upstreams)
    ]
    connections = {
        _TYPE: "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "gateway",
        "route_config": {"name": "routes", "virtual_hosts": hosts},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {_TYPE: "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
            }
        ],
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": connections}]}
    return {"name": "gateway", "address": _address(port), "filter_chains": [chain]}


def _cluster(upstream: Upstream) -> dict[str, object]:
    endpoint = {"endpoint": {"address": _address(upstream.port)}}
    cluster: dict[str, object] = {
        "name": upstream.cluster,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": upstream.cluster, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    if upstream.is_ephemeral:
        # Replaces the global matcher for this cluster: decided by the flag, never by how a customer named it.
        matcher = {_TYPE: "type.googleapis.com/envoy.config.metrics.v3.StatsMatcher", "reject_all": True}
        cluster["metadata"] = {"typed_filter_metadata": {"envoy.stats_matcher": matcher}}
    return cluster
