"""The whole local stack: its regions, the traffic through them, the front-door over them, and what is told of it."""

from __future__ import annotations

import sys
from itertools import chain
from typing import TYPE_CHECKING, Final

from compose import seed
from compose.clickhouse.store import Store
from compose.configuration import Configuration
from compose.demo import PROJECTS, REGIONS, WORKSPACES, cluster_of, stable_id
from compose.probe import is_live
from compose.process import Process
from compose.region import Ports, Region, url
from core.migration import LEDGER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

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

    PORTS: Final = 5 + len(REGIONS) * len(Ports._fields)

    def __init__(self, home: Home, ports: Sequence[int], now: datetime) -> None:
        self._home = home
        self._began = now.timestamp()
        self._application, self._query, ledger, self._ingest, self._billing, *others = ports
        platform = {"query": self._query, "ingest": self._ingest, "billing": self._billing}
        of_regions = map(Ports._make, zip(*[iter(others)] * len(Ports._fields), strict=True))
        self._regions = [
            Region(home, name, of_region, self._application, platform, now)
            for name, of_region in zip(REGIONS, of_regions, strict=True)
        ]
        self._ledger = Store(home, "ledger", ledger, home.path / "ledger")
        self._control_store = seed.prepare(home, now)
        self._tokens = seed.tokens(home, now)
        self._settings = Configuration(home, self._regions, self._ledger, self._control_store)

    def tiers(self) -> list[list[Process]]:
        """All processes, in the order in which they need each other; writes their configurations."""
        stores, gates, agents, rulers = zip(*(region.tiers() for region in self._regions), strict=True)
        gateways = [f"{region.name}={url(region.ports.gateway)}" for region in self._regions]
        application = self._python("application", "compose.application", str(self._application), port=self._application)
        traffic = self._python("traffic", "compose.traffic", "--rate", str(RATE), *gateways)
        query = self._python("query", "starmeter", "serve", "query", "--config", str(self._settings.query(self._query)))
        query.ready_url = f"{url(self._query)}/readyz"
        ingest = self._python(
            "ingest", "starmeter", "serve", "ingest", "--config", str(self._settings.ingest(self._ingest))
        )
        ingest.ready_url = f"{url(self._ingest)}/readyz"
        tokens = [f"{name}={seed.ingest_token_file(self._home, cluster_of(name)).resolve()}" for name in REGIONS]
        logs = self._python("logs", "compose.logs", "--url", url(self._ingest), "--rate", str(LOG_RATE), *tokens)
        secret = ("--build-secret", str(self._settings.build_secret))
        agent = self._python("agent", "compose.agent", "--url", url(self._ingest), *secret, *tokens)
        billing = self._python(
            "billing", "starmeter", "serve", "billing", "--config", str(self._settings.billing(self._billing))
        )
        billing.ready_url = f"{url(self._billing)}/readyz"
        return [
            [*chain(*stores), application, self._ledger.process(migrated=True, family=LEDGER)],
            [*chain(*gates), traffic, ingest],
            [*chain(*agents), query, logs, agent, billing],
            [*chain(*rulers)],
        ]

    def description(self) -> dict[str, object]:
        """What `stack.json` holds."""
        return {
            "query_url": url(self._query),
            "ingest_url": url(self._ingest),
            "billing_url": url(self._billing),
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
