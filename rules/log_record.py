"""What the region's Vector makes of a container's line: the log table's columns, and where each comes from.

Columns that it cannot know (trace, span) keep the table's defaults. The retention comes from the pod's label of its
tier, and is the default tier's when there is none: a record without one would expire at once.

A record's id here is not the one that ingest gives the same line: ingest's is BLAKE2b over the record's bytes, and VRL
has neither BLAKE2 nor arithmetic on bits to write it with (of hashes it has MD5, SHA-1, SHA-2, SHA-3, HMAC, SeaHash).
Either id is the same whenever the line comes the same way again: a line is stored once as long as its cluster's lines
come one way; see docs/log-agents.md.
"""

from __future__ import annotations

from typing import Final

DATABASE: Final = "starmeter"
TABLE: Final = "logs"

# Pods' labels reach the aggregator under Kubernetes' own spelling.
LABELS_PATH: Final = ".kubernetes.labels"
TIER_LABEL: Final = "starform.io/tier"

# OpenTelemetry's numbers: what came by standard error is an error, everything else information.
SEVERITY: Final = {"stderr": 17, "stdout": 9}

# Column and the VRL that yields it once the tenant is known.
COLUMNS: Final = {
    "project_id": "project_id",
    "environment": "environment",
    "service_id": "service_id",
    "retention_days": "retention_days",
    "timestamp": 'format_timestamp!(at, format: "%Y-%m-%d %H:%M:%S%.9f")',
    # The same record delivered twice this way has the same id; VRL's integers have a sign, the column has none.
    "id": "abs(seahash(identity))",
    "source": '"app"',
    "severity": "severity",
    "region": 'get_env_var!("REGION")',
    "pod": "pod",
    "container": "container",
    "body": "body",
    "attributes": '{ "stream": stream, "namespace": namespace }',
}
