"""Pods and builds as Kubernetes and the builder tell them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from tests.ingest.logs.world import LABELS, SHOP, WEB

AT: Final = 1_767_225_600  # 2026-01-01T00:00:00Z


def rfc3339(second: int) -> str:
    """As Kubernetes writes it."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pod(
    uid: str = "uid-1",
    *,
    phase: str = "Running",
    labels: dict[str, str] | None = None,
    **status: Any,  # noqa: ANN401 - JSON
) -> dict[str, Any]:
    """A pod with an init container, a sidecar and an app container."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "namespace": "prj-a",
            "name": f"web-{uid}",
            "uid": uid,
            "labels": dict(LABELS if labels is None else labels),
            "creationTimestamp": rfc3339(AT - 60),
        },
        "spec": {
            "nodeName": "node-1",
            "initContainers": [
                {"name": "warm-up", "resources": {"requests": {"cpu": "800m", "memory": "128Mi"}}},
                {
                    "name": "proxy",
                    "restartPolicy": "Always",
                    "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
                },
            ],
            "containers": [
                {
                    "name": "web",
                    "env": [{"name": "PASSWORD", "value": "hunter2"}],
                    "resources": {"requests": {"cpu": "300m", "memory": "768Mi"}},
                }
            ],
        },
        "status": {"phase": phase, "startTime": rfc3339(AT - 50), **status},
    }


def report(*pods: dict[str, Any], at: int = AT, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A whole report."""
    return {"observed_at": rfc3339(at), "heartbeat": True, "pods": list(pods), **more}


def delivery(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A finished build of two minutes."""
    build = {
        "id": "bld-1",
        "project_id": SHOP,
        "environment": "production",
        "service_id": WEB,
        "region": "fra1",
        "state": "succeeded",
        "started_at": rfc3339(AT),
        "finished_at": rfc3339(AT + 120),
    }
    return {"delivery_id": changes.pop("delivery_id", "dlv-1"), "build": {**build, **changes}}
