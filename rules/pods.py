"""The catalogue's pods: which series of kubelets and of kube-state-metrics are collected, and what they lose."""

from __future__ import annotations

from typing import Final

from core.tenant import TENANT_LABELS

# What the recording rules read, and nothing else: a kubelet exposes some hundred names per container.
KUBELET_SERIES: Final = (
    "container_cpu_usage_seconds_total",
    "container_memory_working_set_bytes",
    "container_network_receive_bytes_total",
    "container_network_transmit_bytes_total",
)

# `id` stays, for a restarted container has two of them a while.
KUBELET_NOISE: Final = ("image", "name")

# What attribution (labels) and metering (requests, phases, times, and what a node can give at most) read.
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
    "kube_node_status_allocatable",
)

# Of a pod's phases only those that meter or end it, of its readiness only the truth, of what a node can give only what
# pods are metered by: (labels, what they look like).
STATE_NOISE: Final = (
    (("__name__", "phase"), "kube_pod_status_phase;(Pending|Unknown)"),
    (("__name__", "condition"), "kube_pod_status_ready;(false|unknown)"),
    (("__name__", "resource"), "kube_node_status_allocatable;(ephemeral_storage|pods|(hugepages|attachable)_.*)"),
)

# The labels on every pod, as Kubernetes spells them, in the order of the tenant key.
KUBERNETES_LABELS: Final = tuple(f"starform.io/{label.replace('_', '-')}" for label in TENANT_LABELS)
