"""What a person is told when the stack is ready: where everything is, and one call to start with."""

from __future__ import annotations

from typing import Any


def summary(stack: dict[str, Any]) -> str:
    """A table of the URLs in `stack` (the content of stack.json) and a curl command that works as it stands."""
    rows = [
        ("front-door", stack["query_url"]),
        ("ingest", stack["ingest_url"]),
        ("billing", stack["billing_url"]),
        ("ledger  ClickHouse", stack["ledger_url"]),
    ]
    for region in stack["regions"]:
        rows += [
            (f"{region['name']}  Envoy", region["envoy_url"]),
            (f"{region['name']}  Envoy admin", region["envoy_admin_url"]),
            (f"{region['name']}  vmauth", region["vmauth_url"]),
            (f"{region['name']}  VictoriaMetrics", region["victoriametrics_url"]),
            (f"{region['name']}  vmalert", region["vmalert_url"]),
            (f"{region['name']}  ClickHouse", region["clickhouse_url"]),
        ]
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:<{width}}  {where}" for name, where in rows]
    lines += ["", *(line for workspace in stack["workspaces"] for line in _projects(workspace))]
    project = stack["workspaces"][0]["projects"][0]
    token = stack["tokens"][f"viewer@{project['name']}"]
    lines += [
        "",
        f"Requests per second of {project['name']}, as its own viewer reads them:",
        "",
        f"curl -sG '{stack['query_url']}/v1/projects/{project['id']}/prometheus/api/v1/query' \\",
        f"  -H 'Authorization: Bearer {token}' \\",
        "  --data-urlencode 'query=sum by (environment) (rate(envoy_cluster_upstream_rq_xx[1m]))'",
        "",
        "The last month, from evidence of pods and builds to final invoices: starmeter history",
    ]
    return "\n".join(lines)


def _projects(workspace: dict[str, Any]) -> list[str]:
    return [
        f"{workspace['name']}/{project['name']} in {project['region']}: "
        + ", ".join(
            environment["name"] + (" (preview)" if environment["is_ephemeral"] else "")
            for environment in project["environments"]
        )
        for project in workspace["projects"]
    ]
