"""One region of the local stack: its ports, its files, and the processes that run on them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from compose import envoy, victoria, vmagent
from compose.clickhouse.store import Store
from compose.demo import cluster_of, deployments
from compose.envoy import Upstream
from compose.home import write_private
from compose.probe import is_live
from compose.process import Process
from compose.programs import find
from rules import alerts, recording, rulefile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from compose.home import Home

# How often everything is scraped and every rule evaluated: far more often than in production, so that what one does is
# seen at once.
INTERVAL: Final = "2s"

_OF_EACH_JOB: Final = ("envoy_cluster_upstream_rq_xx", "container_cpu_usage_seconds_total", "kube_pod_labels")


class Ports(NamedTuple):
    """Where each of a region's processes listens, on the loopback address."""

    store: int
    gate: int
    agent: int
    ruler: int
    gateway: int
    gateway_admin: int
    cluster: int
    logs: int


def url(port: int) -> str:
    """The base URL of what listens on a loopback port."""
    return f"http://127.0.0.1:{port}"


class Region:
    """The region `name`, whose routes all lead to the application on the port `application`, started at `now`.

    `platform` are the ports of the processes that serve all regions, by name: each region scrapes what concerns it.
    """

    def __init__(  # noqa: PLR0917 - what the region is, and what it shares with the others
        self, home: Home, name: str, ports: Ports, application: int, platform: Mapping[str, int], now: datetime
    ) -> None:
        self.name = name
        self.ports = ports
        self.read_token: Path = home.secret(f"read-{name}")
        self.billing_token: Path = home.secret(f"read-billing-{name}")
        self._home = home
        self._folder = home.folder("regions", name)
        self._application = application
        self._platform = platform
        self._began = now.timestamp()
        self._cluster = cluster_of(name)
        self._write_token = home.secret(f"write-{self._cluster}")
        self.logs = Store(home, f"clickhouse-{name}", ports.logs, self._folder / "clickhouse")

    def tiers(self) -> list[list[Process]]:
        """Write the configurations and return the processes: those of a tier need those of the tiers before."""
        locks = victoria.environment()
        ports, store_url = self.ports, url(self.ports.store)
        users = victoria.users(
            store_url,
            self.name,
            {self._cluster: self._write_token.read_text()},
            self.read_token.read_text(),
            self.billing_token.read_text(),
        )
        bootstrap = self._written("envoy.json", self._bootstrap())
        store = victoria.store(ports.store, self._home.folder("regions", self.name, "victoria-metrics"))
        gate = victoria.gate(ports.gate, self._written("vmauth.yml", users))
        agent = victoria.agent(
            ports.agent,
            self._written("scrape.yml", self._scrape()),
            f"{url(ports.gate)}/api/v1/write",
            self._write_token,
            self._home.folder("regions", self.name, "vmagent"),
        )
        ruler = victoria.ruler(
            ports.ruler,
            [
                self._written("recording.yml", rulefile.render(recording.GROUPS)),
                self._written("alerts.yml", rulefile.render(alerts.GROUPS)),
            ],
            self._written("notifiers.yml", victoria.NO_NOTIFIER),
            store_url,
            INTERVAL,
        )
        gateway: list[str | Path] = [
            find("envoy"),
            *("--config-path", bootstrap),
            *("--concurrency", "1"),
            *("--log-level", "error"),
            # Hot restart shares memory by a number of the whole machine: two stacks would meet in it.
            "--disable-hot-restart",
        ]
        cluster: list[str | Path] = [sys.executable, "-m", "compose.cluster", self.name, str(ports.cluster)]
        return [
            [
                self._process("victoria-metrics", store, f"{store_url}/health", locks),
                self._process("envoy", gateway, f"{url(ports.gateway_admin)}/ready"),
                self._process("cluster", cluster, f"{url(ports.cluster)}/health"),
                self.logs.process(migrated=True),
            ],
            [self._process("vmauth", gate, f"{url(ports.gate)}/health", locks)],
            [self._process("vmagent", agent, f"{url(ports.agent)}/health", locks, self._has_scraped)],
            # Last, for the store remembers a while that what a rule asked for was not there.
            [self._process("vmalert", ruler, f"{url(ports.ruler)}/health", locks)],
        ]

    def _has_scraped(self) -> bool:
        """Whether something of each job has arrived in the store."""
        return all(is_live(url(self.ports.store), metric, self._began) for metric in _OF_EACH_JOB)

    def _bootstrap(self) -> str:
        upstreams = [
            Upstream(one.cluster_name, one.domain, self._application, one.environment.is_ephemeral)
            for one in deployments(self.name)
        ]
        return envoy.render(upstreams, listen_port=self.ports.gateway, admin_port=self.ports.gateway_admin)

    def _scrape(self) -> str:
        simulated = f"127.0.0.1:{self.ports.cluster}"
        jobs = [
            vmagent.gateway_job(f"127.0.0.1:{self.ports.gateway_admin}"),
            vmagent.kubelet_job([simulated]),
            vmagent.state_job(simulated),
            vmagent.platform_job({name: f"127.0.0.1:{port}" for name, port in self._platform.items()}, self.name),
        ]
        return vmagent.render(jobs, interval=INTERVAL)

    def _written(self, name: str, text: str) -> Path:
        path = self._folder / name
        write_private(path, text)
        return path

    def _process(
        self,
        name: str,
        arguments: list[str | Path],
        ready_url: str,
        environment: dict[str, str] | None = None,
        is_ready: Callable[[], bool] | None = None,
    ) -> Process:
        full_name = f"{name}-{self.name}"
        return Process(full_name, arguments, self._home.log(full_name), ready_url, environment, is_ready)
