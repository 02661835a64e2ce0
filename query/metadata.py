"""Answers that are the same for everyone, because they describe the contract and not anybody's data."""

from __future__ import annotations

from typing import Final

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
    "tenant:container_cpu_usage_seconds:rate1m": _entry("gauge", "CPU used by the service's containers.", "cores"),
    "tenant:container_memory_working_set_bytes": _entry("gauge", "Memory in use by the service's containers.", "bytes"),
    "tenant:container_network_receive_bytes:rate1m": _entry("gauge", "Bytes received by the service's pods a second."),
    "tenant:container_network_transmit_bytes:rate1m": _entry("gauge", "Bytes sent by the service's pods a second."),
}
