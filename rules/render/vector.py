"""The region's Vector: records get their tenant or are set aside, and go to ClickHouse at least once."""

from __future__ import annotations

from typing import Final

from core.tenant import ENVIRONMENT_PATTERN, ID_PATTERN, TENANT_LABELS
from rules.log_record import COLUMNS, DATABASE, LABELS_PATH, SEVERITY, TABLE, TIER_LABEL
from rules.pods import KUBERNETES_LABELS
from rules.render import document
from rules.retention import DEFAULT_TIER, LOGS_DAYS

PROGRAM: Final = "tenant.vrl"
_TLS: Final = "/etc/vector/tls"


def topology() -> dict[str, object]:
    """The topology as plain data."""
    return {
        "sources": {
            "fluent": {
                "type": "fluent",
                "mode": "tcp",
                "address": "0.0.0.0:24224",
                "connection_limit": 2000,
                "tls": {
                    "enabled": True,
                    "verify_certificate": True,
                    "ca_file": f"{_TLS}/ca.pem",
                    "crt_file": f"{_TLS}/server.pem",
                    "key_file": f"{_TLS}/server.key",
                },
            }
        },
        "transforms": {
            "tenant": {
                "type": "remap",
                "inputs": ["fluent"],
                "file": f"/etc/vector/{PROGRAM}",
                "drop_on_abort": True,
                "drop_on_error": True,
                "reroute_dropped": True,
            }
        },
        "sinks": {
            "clickhouse": {
                "type": "clickhouse",
                "inputs": ["tenant"],
                "endpoint": "${CLICKHOUSE_URL}",
                "database": DATABASE,
                "table": TABLE,
                "format": "json_each_row",
                # A column that the table lacks is a mistake to see, not to skip.
                "skip_unknown_fields": False,
                "date_time_best_effort": True,
                "compression": "gzip",
                "auth": {"strategy": "basic", "user": "${CLICKHOUSE_USER}", "password": "${CLICKHOUSE_PASSWORD}"},
                "batch": {"max_bytes": 10_000_000, "max_events": 100_000, "timeout_secs": 5},
                "buffer": {"type": "disk", "max_size": 1_073_741_824, "when_full": "block"},
                "acknowledgements": {"enabled": True},
                "query_settings": {"async_insert_settings": {"enabled": False}},
            },
            "unattributed": {
                "type": "file",
                "inputs": ["tenant.dropped"],
                "path": "/var/lib/vector/unattributed-%F.log",
                "encoding": {"codec": "json"},
            },
        },
    }


def render() -> str:
    """The topology as Vector's YAML."""
    return document.render("Log records to the region's ClickHouse (Vector); nobody's are set aside.", topology())


def render_program() -> str:
    """The VRL program: the tenant of a record, or an abort; ids in canonical form, nothing guessed."""
    patterns = {"project_id": ID_PATTERN, "environment": ENVIRONMENT_PATTERN, "service_id": ID_PATTERN}
    lines = [document.heading("A record's tenant, by its pod's labels; without one it is set aside, never guessed.")]
    for label, key in zip(TENANT_LABELS, KUBERNETES_LABELS, strict=True):
        value = f'string!({LABELS_PATH}."{key}")'
        lines.append(f"{label} = {f'downcase({value})' if patterns[label] == ID_PATTERN else value}")
        lines.append(f"if !match({label}, r'^{patterns[label]}$') {{ abort }}")
    tiers = ", ".join(f'"{tier}": {days}' for tier, days in LOGS_DAYS.items())
    default = LOGS_DAYS[DEFAULT_TIER]
    lines.append(
        rf"""
tier = string({LABELS_PATH}."{TIER_LABEL}") ?? "{DEFAULT_TIER}"
retention_days = to_int(get({{ {tiers} }}, [tier]) ?? {default}) ?? {default}
if retention_days == 0 {{ retention_days = {default} }}
at = timestamp!(.timestamp)
stream = string(.stream) ?? "stdout"
severity = if stream == "stderr" {{ {SEVERITY["stderr"]} }} else {{ {SEVERITY["stdout"]} }}
namespace = string!(.kubernetes.namespace_name)
pod = string!(.kubernetes.pod_name)
container = string(.kubernetes.container_name) ?? ""
# The line's own end is not of it, as for whoever else takes lines.
body = replace(string(.log) ?? string!(.message), r'\n\z', "", count: 1)
identity = join!([project_id, environment, service_id, to_string(at), pod, container, body], "|")
"""
    )
    fields = ",\n".join(f'  "{column}": {value}' for column, value in COLUMNS.items())
    lines.append(f". = {{\n{fields}\n}}\n")
    return "\n".join(lines)
