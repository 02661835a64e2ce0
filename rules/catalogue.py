"""The telemetry catalogue: which Envoy statistics leave a gateway, in which buckets, under which contract labels.

The rest of the catalogue, one noun a module: `pods` (kubelet and kube-state-metrics), `attribution` (join rules),
`preview` (suppression), `platform` (what may leave for Grafana Cloud), `budget`, `retention`, `objective`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.tenant import TENANT_LABELS

# Stands at the head of every rendered file. The first number changes when stored series change their names or labels,
# the second when series come or go, the third when neither does.
VERSION: Final = "1.1.0"

# The job whose series are the gateways' own; a customer's /metrics may expose the same names under another job.
GATEWAY_JOB: Final = "envoy-gateway"

# The job whose series our own processes have about themselves.
PLATFORM_JOB: Final = "platform"

# What a route's series carry besides, until recording rules sum over it: without these, counters of different clusters
# would be stored as one series.
ROUTE_LABELS: Final = ("namespace", "route_kind", "rule", "backend")

# Every customer-facing series carries exactly these, its family's own labels, and nothing else.
TOPOLOGY_LABELS: Final = ("cluster", "region")
CONTRACT_LABELS: Final = (*TENANT_LABELS, *TOPOLOGY_LABELS)


@dataclass(frozen=True, slots=True)
class Family:
    """One customer-facing family of Envoy cluster statistics.

    `stat` is the RE2 text of what follows `cluster.<name>.` in Envoy's own stat names; `series` are the Prometheus
    names it is exposed under; `labels` are the labels the family adds to the contract's.
    """

    stat: str
    series: tuple[str, ...]
    labels: tuple[str, ...]
    unit: str
    gives: str


CUSTOMER_FAMILIES: Final = (
    Family(
        stat="upstream_rq_time",
        series=(
            "envoy_cluster_upstream_rq_time_bucket",
            "envoy_cluster_upstream_rq_time_sum",
            "envoy_cluster_upstream_rq_time_count",
        ),
        labels=("le",),
        unit="milliseconds",
        gives="latency",
    ),
    Family(
        stat="upstream_rq_[1-5]xx",
        series=("envoy_cluster_upstream_rq_xx",),
        labels=("envoy_response_code_class",),
        unit="requests",
        gives="requests per second and error rate",
    ),
    Family(
        stat="upstream_cx_(?:rx|tx)_bytes_total",
        series=("envoy_cluster_upstream_cx_rx_bytes_total", "envoy_cluster_upstream_cx_tx_bytes_total"),
        labels=(),
        unit="bytes",
        gives="throughput",
    ),
)

# The gateway about itself: platform series without any customer in them.
SELF_PREFIXES: Final = ("server.", "control_plane.", "listener_manager.", "cluster_manager.")

# The latencies, in milliseconds, that alerts and objectives are about.
LATENCY_THRESHOLDS_MS: Final = (100, 250, 500, 1000, 2500)

# Every bound is a series of every route.
MOST_BUCKETS: Final = 12

# Upper bounds in milliseconds. Thresholds must be among them, or a quantile cannot tell which side it is on.
LATENCY_BUCKETS_MS: Final = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000)

# Envoy's own durations (start-up, updates) need an order of magnitude, no more.
SELF_BUCKETS_MS: Final = (10, 100, 1000, 10000)
