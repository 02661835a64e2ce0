"""The platform plane: what may leave for Grafana Cloud, and everything that would name a customer if it did."""

from __future__ import annotations

from typing import Final

from rules.catalogue import SELF_PREFIXES

# Where the platform's own pods run. A project's namespace is a customer's identifier, and so is the name of anything in
# it: series of other namespaces stay in the region.
NAMESPACES: Final = ("kube-system", "envoy-gateway-system", "monitoring", "starform-[a-z0-9-]+")

_SELF: Final = "|".join(prefix.removesuffix(".") for prefix in SELF_PREFIXES)

# What our own processes expose of themselves; the billing process's begin with starmeter_billing_.
OWN_SERIES: Final = "(query|ingest|starmeter|rules_live)_.*"

SERIES: Final = (
    "up",
    f"envoy_({_SELF})_.*",
    "node_.*",
    "kube_(node|deployment|daemonset|statefulset)_.*",
    OWN_SERIES,
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

# A name says nothing about values: an id may stand in any label. However it is spelt: hyphenated, as a route name holds
# two of them, with underscores as control groups have it, in capitals.
_HEX: Final = "[0-9A-Fa-f]"
IDENTIFIER: Final = "[-_]?".join(f"{_HEX}{{{digits}}}" for digits in (8, 4, 4, 4, 12))

# Labels whose values are written by others than us, and may hold an identifier. A rule cannot look at every label, so
# that a new one must be added here; the check of the rendered rules runs them over a series of each.
SUSPECT_LABELS: Final = (
    *("id", "uid", "name", "image", "container", "pod", "node", "instance", "job", "service", "endpoint", "target"),
    *("deployment", "statefulset", "daemonset", "replicaset", "cronjob", "job_name", "owner_name", "created_by_name"),
    *("project", "workspace", "tenant", "customer", "user", "username", "owner", "account", "org", "org_id"),
    *("path", "url", "uri", "route", "host", "hostname", "domain", "address", "server_name", "cluster_name"),
    *("file", "filename", "mountpoint", "device", "volume", "persistentvolumeclaim", "configmap", "secret"),
    *("group", "alertname", "recording", "rule_group", "query", "topic", "queue", "bucket", "database", "table"),
)

GRAFANA_CLOUD: Final = "grafana.net"
