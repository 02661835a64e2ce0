"""The platform plane: what may leave for Grafana Cloud, and everything that would name a customer if it did."""

from __future__ import annotations

from typing import Final

from core.tenant import ID_PATTERN
from rules.catalogue import SELF_PREFIXES

# Where the platform's own pods run. A project's namespace is a customer's identifier, and so is the name of anything in
# it: series of other namespaces stay in the region.
NAMESPACES: Final = ("kube-system", "envoy-gateway-system", "monitoring", "starform-[a-z0-9-]+")

_SELF: Final = "|".join(prefix.removesuffix(".") for prefix in SELF_PREFIXES)

SERIES: Final = (
    "up",
    f"envoy_({_SELF})_.*",
    "node_.*",
    "kube_(node|deployment|daemonset|statefulset)_.*",
    "(query|ingest|billing)_.*",
    "slo:.*",
    "(vm|vmagent|vmalert|vmauth)_.*",
    "process_.*",
)

# Label names that carry customers; dropped last, for a rule that looks at a label must come before it is gone.
DENIED_LABELS: Final = (
    "project_id",
    "service_id",
    "environment",
    "workspace_id",
    "envoy_cluster_name",
    "label_starform_io_.*",
    "exported_.*",
)

# A name says nothing about values: an id may stand in any label. Hyphenated, and as a route name holds two of them.
IDENTIFIER: Final = f"{ID_PATTERN}|[0-9a-f]{{32}}"

# Labels of platform series whose values are written by others than us, and may hold an identifier.
SUSPECT_LABELS: Final = (
    "id",
    "image",
    "container",
    "instance",
    "pod",
    "name",
    "deployment",
    "statefulset",
    "daemonset",
)

GRAFANA_CLOUD: Final = "grafana.net"
