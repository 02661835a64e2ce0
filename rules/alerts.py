"""The alerts: a tenant's own carry its tuple, those about attribution carry none and stay the platform's."""

from __future__ import annotations

from typing import Final

from rules import platform_alerts
from rules.attribution import POD_LABELS, WELL_LABELLED, attributed, by_pod
from rules.catalogue import LATENCY_BUCKETS_MS
from rules.recording import ERROR_RATIO, LATENCY_P95, REQUESTS
from rules.rulefile import Alert, Group

ERROR_RATIO_LIMIT: Final = 0.05
# A bucket's bound, or the quantile could not tell on which side of it the requests were.
LATENCY_LIMIT_MS: Final = 1000
if LATENCY_LIMIT_MS not in LATENCY_BUCKETS_MS:
    raise ValueError(f"LATENCY_LIMIT_MS: {LATENCY_LIMIT_MS} is no bound of LATENCY_BUCKETS_MS; choose one of them")

# Below this many requests per second a single failure would be an alert.
_REQUESTS_ENOUGH: Final = 0.1
_RESTARTS_LIMIT: Final = 2


def _per_pod(series: str) -> str:
    """The larger of what two uids of one pod name, or two replicas of kube-state-metrics, say."""
    return f"max by ({by_pod}) ({series})"


_READY: Final = attributed(_per_pod('kube_pod_status_ready{condition="true"}'))
_RUNNING: Final = attributed(_per_pod('kube_pod_status_phase{phase="Running"}'))
# Not increase(): it takes the first value of a series it has just met for an increase from 0.
_RESTART_COUNT: Final = "kube_pod_container_status_restarts_total"
_RESTARTS: Final = attributed(
    f"sum by ({by_pod}) (max by ({by_pod}, container) ({_RESTART_COUNT} - min_over_time({_RESTART_COUNT}[15m])))"
)
_LABELLED: Final = f'kube_pod_labels{{{POD_LABELS["project_id"]}!=""}}'

TENANT_ALERTS: Final = (
    Alert(
        name="ServiceHighErrorRate",
        expr=f"{ERROR_RATIO} > {ERROR_RATIO_LIMIT}\nand {REQUESTS} > {_REQUESTS_ENOUGH}\n",
        summary="{{ $value | humanizePercentage }} of the requests in {{ $labels.environment }} fail with a 5xx.",
        severity="critical",
    ),
    Alert(
        name="ServiceHighLatency",
        expr=f"{LATENCY_P95} > {LATENCY_LIMIT_MS}\nand {REQUESTS} > {_REQUESTS_ENOUGH}\n",
        summary='One in twenty requests in {{ $labels.environment }} takes longer than {{ printf "%.0f" $value }} ms.',
    ),
    Alert(
        name="ServiceRestarts",
        expr=f"{_RESTARTS}> {_RESTARTS_LIMIT}\n",
        summary='Containers in {{ $labels.environment }} restarted {{ printf "%.0f" $value }} times in 15 minutes.',
        hold="0s",
    ),
    # Without a ready pod the gateway answers 503 by itself, and no statistic of the route moves.
    Alert(
        name="ServiceHasNoReadyPod",
        expr=f"{_READY}== 0\nand {_RUNNING}> 0\n",
        summary="No pod in {{ $labels.environment }} is ready: requests are answered 503 by the gateway.",
        severity="critical",
    ),
)

PLATFORM_ALERTS: Final = (
    Alert(
        name="PodAttributionAmbiguous",
        expr=f"count by ({by_pod}) (max by ({by_pod}, {', '.join(POD_LABELS.values())}) ({_LABELLED})) > 1",
        summary="{{ $labels.namespace }}/{{ $labels.pod }} has the labels of two tenants; the younger pod's are used.",
        hold="0s",
    ),
    Alert(
        name="PodTenantMalformed",
        expr=f"count by ({by_pod}) ({_LABELLED})\nunless count by ({by_pod}) ({WELL_LABELLED})\n",
        summary="{{ $labels.namespace }}/{{ $labels.pod }} has tenant labels that are no tuple; its use is nobody's.",
    ),
)

GROUPS: Final = (
    Group("tenant alerts", TENANT_ALERTS),
    Group("attribution", PLATFORM_ALERTS),
    *platform_alerts.GROUPS,
)
