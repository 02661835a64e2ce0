"""Envoy's bootstrap: one listener, a virtual host per route, and the statistics that the rules let exist."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rules.preview import cluster_metadata
from rules.statistics import STRICT, Allowlist, fragment

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["STRICT", "Allowlist", "Upstream", "render"]

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
    bootstrap = {
        "node": {"id": "gateway", "cluster": "gateway"},
        "admin": {"address": _address(admin_port)},
        **fragment(allowlist),
        "static_resources": {
            "listeners": [_listener(routes, listen_port)],
            "clusters": [_cluster(upstream) for upstream in routes],
        },
    }
    return json.dumps(bootstrap, indent=1, ensure_ascii=False)


def _address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": _LOOPBACK, "port_value": port}}


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
        cluster["metadata"] = cluster_metadata()
    return cluster
