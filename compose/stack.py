"""The whole local stack: its regions, the traffic through them, the front-door over them, and what is told of it."""

from __future__ import annotations

import json
import sys
from itertools import chain
from typing import TYPE_CHECKING, Final

from compose import seed
from compose.clickhouse.store import Store
from compose.demo import PROJECTS, REGIONS, WORKSPACES, cluster_of, stable_id
from compose.home import write_private
from compose.probe import is_live
from compose.process import Process
from compose.region import Ports, Region, url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from compose.home import Home

# Requests a second over all regions: enough for every panel to move, little enough for a laptop.
RATE: Final = 40
# Log lines a second of each region.
LOG_RATE: Final = 25

# A series as it came, and one recorded from either customer path: when a project has them, all before them works.
_PROOFS: Final = (
    "envoy_cluster_upstream_rq_xx",
    "tenant:requests:rate1m",
    "tenant:container_cpu_usage_seconds:rate1m",
)


class Stack:
    """The stack in one state folder, on `PORTS` free ports; tokens are issued at construction."""

    PORTS: Final = 4 + len(REGIONS) * len(Ports._fields)

    def __init__(self, home: Home, ports: Sequence[int], now: datetime) -> None:
        self._home = home
        self._began = now.timestamp()
        self._application, self._query, ledger, self._ingest, *others = ports
        platform = {"query": self._query, "ingest": self._ingest}
        of_regions = map(Ports._make, zip(*[iter(others)] * len(Ports._fields), strict=True))
        self._regions = [
            Region(home, name, of_region, self._application, platform, now)
            for name, of_region in zip(REGIONS, of_regions, strict=True)
        ]
        self._ledger = Store(home, "ledger", ledger, home.path / "ledger")
        self._control_store = seed.prepare(home, now)
        self._tokens = seed.tokens(home, now)

    def tiers(self) -> list[list[Process]]:
        """All processes, in the order in which they need each other; writes their configurations."""
        stores, gates, agents, rulers = zip(*(region.tiers() for region in self._regions), strict=True)
        gateways = [f"{region.name}={url(region.ports.gateway)}" for region in self._regions]
        application = self._python("application", "compose.application", str(self._application), port=self._application)
        traffic = self._python("traffic", "compose.traffic", "--rate", str(RATE), *gateways)
        query = self._python("query", "starmeter", "serve", "query", "--config", str(self._query_settings()))
        query.ready_url = f"{url(self._query)}/readyz"
        ingest = self._python("ingest", "starmeter", "serve", "ingest", "--config", str(self._ingest_settings()))
        ingest.ready_url = f"{url(self._ingest)}/readyz"
        tokens = [f"{name}={seed.ingest_token_file(self._home, cluster_of(name)).resolve()}" for name in REGIONS]
        logs = self._python("logs", "compose.logs", "--url", url(self._ingest), "--rate", str(LOG_RATE), *tokens)
        return [
            [*chain(*stores), application, self._ledger.process()],
            [*chain(*gates), traffic, ingest],
            [*chain(*agents), query, logs],
            [*chain(*rulers)],
        ]

    def description(self) -> dict[str, object]:
        """What `stack.json` holds."""
        return {
            "query_url": url(self._query),
            "ingest_url": url(self._ingest),
            "ledger_url": self._ledger.url,
            "control_store": self._control_store,
            "regions": [
                {
                    "name": region.name,
                    "victoriametrics_url": url(region.ports.store),
                    "vmauth_url": url(region.ports.gate),
                    "vmalert_url": url(region.ports.ruler),
                    "clickhouse_url": region.logs.url,
                    "envoy_url": url(region.ports.gateway),
                    "envoy_admin_url": url(region.ports.gateway_admin),
                }
                for region in self._regions
            ],
            "workspaces": [_workspace(name) for name in WORKSPACES],
            "tokens": self._tokens,
            "ingest_tokens": {cluster: seed.ingest_token(self._home, cluster) for cluster in map(cluster_of, REGIONS)},
        }

    def missing(self) -> list[str]:
        """The projects whose own viewer cannot yet read both their routes and their pods through the front-door."""
        return [
            project.name
            for project in PROJECTS
            if not self._is_readable(project.id, self._tokens[f"viewer@{project.name}"])
        ]

    def _is_readable(self, project_id: str, token: str) -> bool:
        surface = f"{url(self._query)}/v1/projects/{project_id}/prometheus"
        return all(is_live(surface, metric, self._began, token) for metric in _PROOFS)

    def _query_settings(self) -> Path:
        """The front-door's settings file; TOML's basic strings are JSON's."""
        lines = [
            f"listen = {json.dumps(f'127.0.0.1:{self._query}')}",
            f"control_store = {json.dumps(self._control_store)}",
            f"audit_log = {json.dumps(str(self._home.log('audit').resolve()))}",
        ]
        for region in self._regions:
            lines += [
                "",
                "[[regions]]",
                f"name = {json.dumps(region.name)}",
                f"metrics_url = {json.dumps(url(region.ports.gate))}",
                f"metrics_token_file = {json.dumps(str(region.read_token.resolve()))}",
                f"alerts_url = {json.dumps(url(region.ports.ruler))}",
            ]
        cursor_key = self._home.secret("log-cursors").resolve()
        lines += ["", "[logs]", f"cursor_key_file = {json.dumps(str(cursor_key))}"]
        for region in self._regions:
            lines += [
                "",
                "[[logs.stores]]",
                f"region = {json.dumps(region.name)}",
                f"url = {json.dumps(region.logs.url)}",
                f"password_file = {json.dumps(str(region.logs.reader_password.resolve()))}",
            ]
        path = self._home.path / "query.toml"
        write_private(path, "\n".join([*lines, ""]))
        return path

    def _ingest_settings(self) -> Path:
        """The settings file of ingest; the stores' URLs, which hold passwords, are secrets of their own."""
        lines = [
            f"listen = {json.dumps(f'127.0.0.1:{self._ingest}')}",
            f"control_store = {json.dumps(self._control_store)}",
            f"spool = {json.dumps(str(self._home.folder('spool').resolve()))}",
        ]
        for region in self._regions:
            where = self._home.folder("secrets") / f"logs-url-{region.name}"
            write_private(where, region.logs.writer_url())
            lines += [
                "",
                "[[regions]]",
                f"name = {json.dumps(region.name)}",
                f"logs_url_file = {json.dumps(str(where.resolve()))}",
            ]
        path = self._home.path / "ingest.toml"
        write_private(path, "\n".join([*lines, ""]))
        return path

    def _python(self, name: str, module: str, *arguments: str, port: int | None = None) -> Process:
        ready = None if port is None else f"{url(port)}/health"
        return Process(name, [sys.executable, "-m", module, *arguments], self._home.log(name), ready)


def _workspace(name: str) -> Mapping[str, object]:
    projects = [
        {
            "id": project.id,
            "name": project.name,
            "region": project.region,
            "environments": [{"name": one.name, "is_ephemeral": one.is_ephemeral} for one in project.environments],
            "services": [{"id": project.service_id(one), "name": one.name} for one in project.services],
        }
        for project in PROJECTS
        if project.workspace == name
    ]
    return {"id": stable_id(name), "name": name, "projects": projects}
