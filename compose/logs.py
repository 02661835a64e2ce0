"""What the demonstration's services and builds log, posted to ingest as a cluster's Fluent Bit would."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import logging
import random
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aiohttp
import orjson

from compose.cluster.inventory import Cluster
from compose.cluster.pods import Role, digest
from compose.demo import deployments
from compose.logline import BUILD_STEPS, line
from compose.posting import is_over
from core import log

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from compose.cluster.pods import Pod
    from compose.demo import Deployment
    from core.tenant import Tenant

_log = logging.getLogger("compose.logs")

_FLUSH_SECONDS: Final = 1.0
_REPORT_SECONDS: Final = 60.0
# A flush that is refused is kept and sent again before newer ones, up to so many; older ones are given up, as an agent
# whose own buffer is full gives them up.
_KEPT: Final = 600
_BUILD_SECONDS: Final = 120
_NOBODYS: Final = 0.02


class Agent:
    """The Fluent Bit of one region's node: tails every container, about `rate` lines a second over all of them."""

    def __init__(self, region: str, rate: float, drawn: random.Random) -> None:
        self._cluster = Cluster(region)
        self._region = region
        self._rate = rate
        self._drawn = drawn
        self._last = 0

    def flush(self, now: float) -> bytes:
        """The lines of the last second, as the `http` output's JSON array."""
        pods = [pod for pod in self._cluster.running(now) if pod.ended is None]
        # The platform's own pods are nobody's: their lines become dead letters, of which a few are enough.
        if self._drawn.random() > _NOBODYS:
            pods = [pod for pod in pods if pod.tenant is not None]
        count = max(1, round(self._drawn.gauss(self._rate, self._rate / 4)))
        moments = sorted(now - self._drawn.random() * _FLUSH_SECONDS for _ in range(count))
        records = [self._record(self._drawn.choice(pods), moment) for moment in moments]
        records += self._build(now)
        return orjson.dumps(records)

    def _record(self, pod: Pod, moment: float) -> dict[str, object]:
        container = self._drawn.choice([one for one in pod.containers if one.role is not Role.INIT])
        stream, text = line(container.name, moment, self._drawn)
        labels = {} if pod.tenant is None else _labels(pod.tenant)
        return self._as_tailed(moment, stream, text, pod.namespace, pod.name, container.name, labels)

    def _build(self, now: float) -> Iterator[dict[str, object]]:
        """The lines of this second of a build: one service after the other is built, for two minutes each."""
        ones: list[Deployment] = list(deployments(self._region))
        number, second = divmod(int(now), _BUILD_SECONDS)
        one = ones[number % len(ones)]
        if second >= len(BUILD_STEPS):
            return
        name = f"build-{one.service.name}-{digest(one.project.id, number, digits=8)}"
        labels = _labels(one.tenant)
        labels["starform.io/source"] = "build"
        yield self._as_tailed(now, "stdout", BUILD_STEPS[second], one.project.namespace, name, "build", labels)

    def _as_tailed(  # noqa: PLR0917 - what a tailed line is told by
        self,
        moment: float,
        stream: str,
        text: str,
        namespace: str,
        pod: str,
        container: str,
        labels: Mapping[str, str],
    ) -> dict[str, object]:
        # Two lines of one container never have the same nanosecond.
        nanoseconds = self._last = max(self._last + 1, int(moment * 10**9))
        whole = datetime.fromtimestamp(nanoseconds // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return {
            "date": nanoseconds / 10**9,
            "time": f"{whole}.{nanoseconds % 10**9:09d}Z",
            "stream": stream,
            "_p": "F",
            "log": text,
            "kubernetes": {
                "pod_name": pod,
                "namespace_name": namespace,
                "host": f"{self._region}-c1-node-1",
                "container_name": container,
                "labels": {**labels, "app.kubernetes.io/name": container},
            },
        }


def _labels(tenant: Tenant) -> dict[str, str]:
    return {
        "starform.io/project-id": tenant.project_id,
        "starform.io/environment": tenant.environment,
        "starform.io/service-id": tenant.service_id,
    }


async def ship(url: str, agents: Mapping[str, Agent], tokens: Mapping[str, str]) -> None:
    """Post every second until cancelled; what is refused for now is sent again."""
    outcomes: Counter[str] = Counter()
    waiting: dict[str, list[bytes]] = {region: [] for region in agents}
    limit = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(timeout=limit) as session:
        for second in itertools.count(1):
            began = time.monotonic()
            for region, agent in agents.items():
                kept = waiting[region]
                kept.append(agent.flush(time.time()))
                del kept[:-_KEPT]
                headers = {"Authorization": f"Bearer {tokens[region]}", "Content-Type": "application/json"}
                while kept and await is_over(session, f"{url}/v1/logs/fluentbit", kept[0], headers, outcomes):
                    del kept[0]
            if second % _REPORT_SECONDS == 0:
                _log.info("answers", extra=dict(outcomes))
                outcomes.clear()
            await asyncio.sleep(max(0.0, _FLUSH_SECONDS - (time.monotonic() - began)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True, help="where ingest listens")
    parser.add_argument("--rate", type=float, required=True, help="lines a second of each region")
    parser.add_argument("regions", nargs="+", metavar="region=token-file", help="regions and their clusters' tokens")
    given = parser.parse_args()
    log.configure()
    files = dict(region.split("=", 1) for region in given.regions)
    asyncio.run(
        ship(
            given.url,
            {region: Agent(region, given.rate, random.Random()) for region in files},  # noqa: S311 - variety, not secrecy
            {region: Path(file).read_text().strip() for region, file in files.items()},
        )
    )
