"""What the log agents make of a container's line: the columns they write, and where each comes from."""

from __future__ import annotations

from typing import Final

DATABASE: Final = "logs"
TABLE: Final = "logs"

# Pods' labels reach the aggregator under Kubernetes' own spelling.
LABELS_PATH: Final = ".kubernetes.labels"

# Column and the VRL expression that yields it once the tenant is known.
COLUMNS: Final = {
    "project_id": "project_id",
    "environment": "environment",
    "service_id": "service_id",
    "timestamp": "timestamp",
    "stream": "stream",
    "namespace": "namespace",
    "pod": "pod",
    "container": "container",
    "body": "body",
}
