"""kube-state-metrics' flags: exactly the three labels of the tenant key, and the series that are collected."""

from __future__ import annotations

from rules.pods import KUBERNETES_LABELS, STATE_SERIES
from rules.render import document


def arguments() -> list[str]:
    """The command line. Never a wildcard: a customer's label that folds into the same name would rename both."""
    return [
        "--resources=pods,nodes",
        f"--metric-labels-allowlist=pods=[{','.join(KUBERNETES_LABELS)}]",
        f"--metric-allowlist=^({'|'.join(STATE_SERIES)})$",
    ]


def render() -> str:
    """The flags as a strategic-merge patch of kube-state-metrics' own Deployment."""
    patch = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "kube-state-metrics", "namespace": "kube-system"},
        "spec": {"template": {"spec": {"containers": [{"name": "kube-state-metrics", "args": arguments()}]}}},
    }
    return document.render("kube-state-metrics' flags (a patch of its Deployment).", patch)
