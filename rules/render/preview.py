"""Mechanism A for previews: one patch for each preview's cluster, written by the platform from `is_ephemeral`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.tenant import Tenant
from ingest.cluster_name import ClusterName
from rules.preview import cluster_metadata
from rules.render import document

if TYPE_CHECKING:
    from collections.abc import Iterable

_CLUSTER: Final = "type.googleapis.com/envoy.config.cluster.v3.Cluster"

# The one in the committed file, so that it can be read, checked and tried; the platform writes its own.
EXAMPLE: Final = ClusterName.of(
    Tenant("0b6f8e0c-4d1a-4c5e-9f2b-3a4c5d6e7f80", "feature-login", "7d3c1b2a-9e8f-4a6b-b0c1-d2e3f4a5b6c7"),
    "prj-example",
).name


def patch(clusters: Iterable[str]) -> dict[str, object]:
    """The EnvoyPatchPolicy that silences the preview `clusters`, by their Envoy names.

    It needs `extensionApis.enableEnvoyPatchPolicy` and Envoy 1.37.2 or later. What it replaces is Envoy Gateway's own
    metadata of the cluster, which names the resources it was made of and does nothing else.
    """
    return {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "EnvoyPatchPolicy",
        "metadata": {"name": "starform-previews", "namespace": "envoy-gateway-system"},
        "spec": {
            "targetRef": {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "starform"},
            "type": "JSONPatch",
            "jsonPatches": [
                {
                    "type": _CLUSTER,
                    "name": cluster,
                    "operation": {"op": "add", "path": "/metadata", "value": cluster_metadata()},
                }
                for cluster in clusters
            ],
        },
    }


def render() -> str:
    """The policy with the example in it."""
    return document.render(
        "Mechanism A for previews: no statistic of these clusters is created (Envoy >= 1.37.2). The platform writes "
        "one patch for each ephemeral route; this one is an example.",
        patch([EXAMPLE]),
    )
