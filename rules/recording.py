"""The recorded `tenant:` series: what customers read of their pods and routes, under exactly the contract's labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rules.attribution import attributed, by_pod, by_tenant
from rules.rulefile import Group, Recording

if TYPE_CHECKING:
    from collections.abc import Iterator

# Four samples at the slowest scrape interval in use, so that one lost scrape leaves no gap.
WINDOW: Final = "1m"

# `container=""` is the pod's own cgroup and `POD` its pause container: both would count the use again.
_CONTAINERS: Final = 'pod!="", container!="", container!="POD"'

# A customer's own /metrics may expose names like Envoy's.
_GATEWAY: Final = 'job="envoy-gateway", project_id!=""'

# One number per pod. A restarted container has two cgroups for some minutes: of a counter each has its own rate, of a
# gauge only the larger is real. Network counters belong to the pod's interfaces and carry no container.
USES: Final = {
    f"container_cpu_usage_seconds:rate{WINDOW}": (
        f"sum by ({by_pod}) (rate(container_cpu_usage_seconds_total{{{_CONTAINERS}}}[{WINDOW}]))"
    ),
    "container_memory_working_set_bytes:sum": (
        f"sum by ({by_pod}) (max by ({by_pod}, container) (container_memory_working_set_bytes{{{_CONTAINERS}}}))"
    ),
} | {
    f"container_network_{way}_bytes:rate{WINDOW}": (
        f"sum by ({by_pod}) "
        f'(max by ({by_pod}, interface) (rate(container_network_{way}_bytes_total{{pod!=""}}[{WINDOW}])))'
    )
    for way in ("receive", "transmit")
}

_REQUESTS: Final = f"sum by ({by_tenant}) (rate(envoy_cluster_upstream_rq_xx{{{_GATEWAY}}}[{WINDOW}]))"
_ERRORS: Final = (
    f'sum by ({by_tenant}) (rate(envoy_cluster_upstream_rq_xx{{{_GATEWAY}, envoy_response_code_class="5"}}[{WINDOW}]))'
)
_TIMES: Final = f"sum by ({by_tenant}, le) (rate(envoy_cluster_upstream_rq_time_bucket{{{_GATEWAY}}}[{WINDOW}]))"

REQUESTS: Final = f"tenant:requests:rate{WINDOW}"
ERROR_RATIO: Final = f"tenant:request_errors:ratio{WINDOW}"
LATENCY_P95: Final = f"tenant:request_duration_milliseconds:p95_{WINDOW}"


def _pods() -> Iterator[Recording]:
    for name, use in USES.items():
        yield Recording(f"tenant:{name}", attributed(use))
        yield Recording(f"tenant_pod:{name}", attributed(use, per_pod=True))


GROUPS: Final = (
    Group("tenant pods", tuple(_pods())),
    Group(
        "tenant routes",
        (
            Recording(REQUESTS, _REQUESTS),
            # The series of an answer class is born with its first answer: without the zero there would be no ratio.
            Recording(ERROR_RATIO, f"({_ERRORS} or 0 * {_REQUESTS})\n/\n({_REQUESTS} > 0)\n"),
            Recording(LATENCY_P95, f"histogram_quantile(0.95, {_TIMES})"),
        ),
    ),
)
