"""Envoy Gateway's EnvoyProxy resource: the same allowlist and buckets, in the words of its API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import yaml

from rules.render import document
from rules.statistics import SELF_ONLY, STRICT, buckets, fragment

if TYPE_CHECKING:
    from rules.statistics import Allowlist

_API: Final = "gateway.envoyproxy.io/v1alpha1"
_NAMESPACE: Final = "envoy-gateway-system"
_GATEWAY_API: Final = "gateway.networking.k8s.io"


def resource(name: str, allowlist: Allowlist) -> dict[str, object]:
    """The EnvoyProxy named `name`. Cluster names, and so tenants, hang on `mergeBackends` and `clusterStatName`."""
    prefixes = [{"type": "Prefix", "value": prefix} for prefix in allowlist.prefixes]
    patterns = [{"type": "RegularExpression", "value": pattern} for pattern in allowlist.patterns]
    # Merged as protobuf: lists are appended to, and Envoy Gateway sets no buckets of its own.
    merged = {"stats_config": {"histogram_bucket_settings": buckets()}}
    return {
        "apiVersion": _API,
        "kind": "EnvoyProxy",
        "metadata": {"name": name, "namespace": _NAMESPACE},
        "spec": {
            "telemetry": {
                "metrics": {
                    "prometheus": {"compression": {"type": "Gzip"}},
                    "enableVirtualHostStats": False,
                    "enablePerEndpointStats": False,
                    "enableRequestResponseSizesStats": False,
                    "matches": [*prefixes, *patterns],
                }
            },
            "bootstrap": {"type": "Merge", "value": yaml.safe_dump(merged, sort_keys=False, default_flow_style=None)},
        },
    }


def render() -> str:
    """The EnvoyProxy of the gateways that customers' production and staging routes attach to."""
    return document.render(
        "Which statistics a gateway's Envoys create, and in which buckets (Envoy Gateway).",
        resource("starform", STRICT),
    )


def render_bootstrap() -> str:
    """The same for an Envoy without Envoy Gateway: a fragment of its bootstrap."""
    return document.render("Which statistics an Envoy creates, and in which buckets (part of a bootstrap).", fragment())


def render_preview_gateway() -> str:
    """Previews behind a gateway of their own, for Envoy Gateway before 1.8: it exposes itself and no route."""
    gateway_class = {
        "apiVersion": f"{_GATEWAY_API}/v1",
        "kind": "GatewayClass",
        "metadata": {"name": "starform-preview"},
        "spec": {
            "controllerName": "gateway.envoyproxy.io/gatewayclass-controller",
            "parametersRef": {
                "group": "gateway.envoyproxy.io",
                "kind": "EnvoyProxy",
                "name": "starform-preview",
                "namespace": _NAMESPACE,
            },
        },
    }
    gateway = {
        "apiVersion": f"{_GATEWAY_API}/v1",
        "kind": "Gateway",
        "metadata": {"name": "preview", "namespace": _NAMESPACE},
        "spec": {
            "gatewayClassName": "starform-preview",
            "listeners": [
                {"name": "http", "protocol": "HTTP", "port": 80, "allowedRoutes": {"namespaces": {"from": "All"}}}
            ],
        },
    }
    return document.render(
        "Mechanism B for previews: routes whose environment is ephemeral attach to this gateway (Envoy Gateway < 1.8).",
        resource("starform-preview", SELF_ONLY),
        gateway_class,
        gateway,
    )
