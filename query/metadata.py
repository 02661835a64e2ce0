"""Answers that are the same for everyone, because they describe the contract and not anybody's data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.errors import BadRequest
from query.arguments import whole_number

if TYPE_CHECKING:
    from query.form import Form

_METRIC: Final = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*", re.ASCII)

# Clients take version 2.24 as the first one whose label endpoints accept match[]; empty features mean plain Prometheus.
BUILDINFO: Final = {
    "version": "2.24.0",
    "revision": "",
    "branch": "",
    "features": {},
    "buildUser": "",
    "buildDate": "",
    "goVersion": "",
}


def _entry(kind: str, text: str, unit: str = "") -> list[dict[str, str]]:
    return [{"type": kind, "help": text, "unit": unit}]


METADATA: Final = {
    "envoy_cluster_upstream_rq_xx": _entry("counter", "Requests answered, by class of the response code."),
    "envoy_cluster_upstream_rq_time": _entry("histogram", "Time to the service's answer.", "milliseconds"),
    "envoy_cluster_upstream_cx_rx_bytes_total": _entry(
        "counter", "Bytes received from the service, headers included.", "bytes"
    ),
    "envoy_cluster_upstream_cx_tx_bytes_total": _entry(
        "counter", "Bytes sent to the service, headers included.", "bytes"
    ),
    "tenant:requests:rate1m": _entry("gauge", "Requests answered a second."),
    "tenant:request_errors:ratio1m": _entry("gauge", "Share of requests answered with a 5xx, from 0 to 1."),
    "tenant:request_duration_milliseconds:p95_1m": _entry(
        "gauge", "Time that 95 % of requests were answered within.", "milliseconds"
    ),
    **{
        f"{scope}:{name}": _entry("gauge", f"{text} {whose}.", unit)
        for scope, whose in (("tenant", "of all the service's pods"), ("tenant_pod", "of one pod"))
        for name, text, unit in (
            ("container_cpu_usage_seconds:rate1m", "CPU cores in use by the containers", "cores"),
            ("container_memory_working_set_bytes:sum", "Memory in use by the containers", "bytes"),
            ("container_network_receive_bytes:rate1m", "Bytes received a second", "bytes"),
            ("container_network_transmit_bytes:rate1m", "Bytes sent a second", "bytes"),
        )
    },
}


def described(arguments: Form) -> dict[str, list[dict[str, str]]]:
    """The metadata that was asked for: of one `metric`, of the first `limit`, or all.

    Raises:
        BadRequest: `metric` is no metric name, or `limit` no whole number.
    """
    metric, limit = arguments.scalar("metric"), arguments.scalar("limit")
    if metric is not None and not _METRIC.fullmatch(metric):
        raise BadRequest("metric: not a metric name")
    chosen = METADATA if metric is None else {metric: METADATA[metric]} if metric in METADATA else {}
    if limit is None:
        return chosen
    return dict(list(chosen.items())[: whole_number("limit", limit)])
