"""vmagent's scrape configuration: the gateway, the kubelets, kube-state-metrics, and what of each is kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from ingest.relabel import metric_relabel_configs
from rules.catalogue import CUSTOMER_FAMILIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What the recording rules read, and nothing else: a kubelet exposes some hundred names per container.
KUBELET_SERIES: Final = (
    "container_cpu_usage_seconds_total",
    "container_memory_working_set_bytes",
    "container_network_receive_bytes_total",
    "container_network_transmit_bytes_total",
)

# The three customer families, each series attributed to its tenant by its cluster name.
GATEWAY_RULES: Final = metric_relabel_configs(
    keep="|".join(series for family in CUSTOMER_FAMILIES for series in family.series)
)

# What attribution (labels) and the cross-check of metering (requests, phases, times) read.
STATE_SERIES: Final = (
    "kube_pod_labels",
    "kube_pod_info",
    "kube_pod_container_resource_requests",
    "kube_pod_init_container_resource_requests",
    "kube_pod_init_container_info",
    "kube_pod_overhead_(cpu_cores|memory_bytes)",
    "kube_pod_status_(phase|ready|scheduled_time)",
    "kube_pod_(created|start_time|completion_time)",
    "kube_pod_deletion_timestamp",
    "kube_pod_container_status_restarts_total",
)

_STATE_NOISE: Final = (
    (("__name__", "phase"), "kube_pod_status_phase;(Pending|Unknown)"),
    (("__name__", "condition"), "kube_pod_status_ready;(false|unknown)"),
)


def gateway_job(target: str, rules: Sequence[Mapping[str, object]] = GATEWAY_RULES) -> dict[str, object]:
    """Scrape Envoy's admin port at `target` (host:port), attributing each series by the relabelling `rules`."""
    return _job("envoy-gateway", "/stats/prometheus", [target], rules)


def kubelet_job(targets: Sequence[str]) -> dict[str, object]:
    """Scrape the containers' use of every kubelet; `id` stays, for a restarted container has two of them a while."""
    names: dict[str, object] = {"action": "labeldrop", "regex": "image|name"}
    job = _job("kubelet", "/metrics/cadvisor", targets, [_keep(KUBELET_SERIES), names])
    # cAdvisor stamps its samples itself, seconds late and unevenly; staleness and rates go by the scrape's own time.
    return job | {"honor_timestamps": False}


def state_job(target: str) -> dict[str, object]:
    """Scrape kube-state-metrics; of a pod's phases only those that meter or end it, of its readiness only the truth."""
    return _job("kube-state-metrics", "/metrics", [target], [_keep(STATE_SERIES), *map(_drop, _STATE_NOISE)])


def render(jobs: Sequence[Mapping[str, object]], *, interval: str = "5s") -> str:
    """The configuration as JSON text: YAML whose every string is quoted, so that no name turns into a boolean."""
    configuration = {"global": {"scrape_interval": interval, "scrape_timeout": interval}, "scrape_configs": list(jobs)}
    return json.dumps(configuration, indent=1, ensure_ascii=False)


def _keep(names: Sequence[str]) -> dict[str, object]:
    return {"action": "keep", "source_labels": ["__name__"], "regex": "|".join(names)}


def _drop(noise: tuple[tuple[str, ...], str]) -> dict[str, object]:
    labels, regex = noise
    return {"action": "drop", "source_labels": list(labels), "separator": ";", "regex": regex}


def _job(name: str, path: str, targets: Sequence[str], rules: Sequence[Mapping[str, object]]) -> dict[str, object]:
    return {
        "job_name": name,
        "metrics_path": path,
        # A customer's text never overrides what we know of the target.
        "honor_labels": False,
        "static_configs": [{"targets": list(targets)}],
        "metric_relabel_configs": [dict(rule) for rule in rules],
    }
