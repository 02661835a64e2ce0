"""A cluster's agent, and the builder beside it: what they know of pods, nodes and builds, posted to ingest."""

from __future__ import annotations

import argparse
import asyncio
import logging
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aiohttp
import orjson

from compose.cluster.builds import SLOT_SECONDS, builds
from compose.cluster.inventory import Cluster
from compose.cluster.manifest import manifest, node, rfc3339
from compose.demo import cluster_of
from compose.posting import is_over
from core import log
from ingest.usage.signature import HEADER, sign

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = logging.getLogger("compose.agent")

_REPORT_SECONDS: Final = 15.0
_SAY_SECONDS: Final = 60.0
# What is refused or not answered is sent again, in order; so much is kept, as an agent's own disk would keep it.
_KEPT: Final = 2_000
NODE_CORES: Final = 32
NODE_MEMORY: Final = 64 << 30


class Agent:
    """The agent of one region's cluster: all pods it sees, those that are gone since, and its one node."""

    def __init__(self, region: str) -> None:
        self._cluster = Cluster(region)
        self._node = f"{cluster_of(region)}-node-1"
        self._last: dict[str, dict[str, object]] = {}

    def report(self, now: float) -> bytes:
        """A whole report at `now` (unix seconds)."""
        pods = {pod.uid: manifest(pod, now) for pod in self._cluster.known(now)}
        gone = [told for uid, told in self._last.items() if uid not in pods]
        self._last = pods
        return orjson.dumps(
            {
                "observed_at": rfc3339(now),
                "heartbeat": True,
                "pods": list(pods.values()),
                "deleted": gone,
                "nodes": [node(self._node, cores=NODE_CORES, memory=NODE_MEMORY)],
            }
        )


class Builder:
    """The builder of a region's services: tells of each build when it begins and when it has ended."""

    def __init__(self, region: str, since: float) -> None:
        self._region = region
        self._since = since

    def deliveries(self, now: float) -> list[bytes]:
        """What is to be told since the last time."""
        # A build that began before may have ended since.
        ones = list(builds(self._region, self._since - 2 * SLOT_SECONDS, now))
        due = [(one, at) for one in ones for at in (one.started, one.finished) if self._since <= at < now]
        self._since = now
        return [orjson.dumps(one.delivery(at)) for one, at in due]


async def report(url: str, tokens: Mapping[str, str], secret: bytes) -> None:
    """Post the reports of all regions for ever, each cluster with its own token."""
    agents = {region: Agent(region) for region in tokens}
    builders = {region: Builder(region, time.time()) for region in tokens}
    waiting: list[tuple[str, str, bytes]] = []
    outcomes: Counter[str] = Counter()
    said = time.monotonic()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        while True:
            began = time.monotonic()
            for region in tokens:
                waiting.append(("pods", region, agents[region].report(time.time())))
                waiting += [("builds", region, body) for body in builders[region].deliveries(time.time())]
            del waiting[:-_KEPT]
            while waiting:
                kind, region, body = waiting[0]
                headers = _headers(kind, tokens[region], secret, body)
                if not await is_over(session, f"{url}/v1/usage/{kind}", body, headers, outcomes):
                    break
                del waiting[0]
            if time.monotonic() - said > _SAY_SECONDS:
                said = time.monotonic()
                _log.info("answers", extra={"outcomes": dict(outcomes), "waiting": len(waiting)})
                outcomes.clear()
            await asyncio.sleep(max(0.0, _REPORT_SECONDS - (time.monotonic() - began)))


def _headers(kind: str, token: str, secret: bytes, body: bytes) -> dict[str, str]:
    given = {"Content-Type": "application/json"}
    if kind == "pods":
        return given | {"Authorization": f"Bearer {token}"}
    # Signed at each attempt, for a signature is good for five minutes.
    return given | {HEADER: sign(secret, body, int(time.time()))}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True, help="where ingest listens")
    parser.add_argument("--build-secret", required=True, type=Path, help="the file with the secret that signs builds")
    parser.add_argument("regions", nargs="+", metavar="region=token-file", help="regions and their clusters' tokens")
    given = parser.parse_args()
    log.configure()
    files = dict(region.split("=", 1) for region in given.regions)
    asyncio.run(
        report(
            given.url,
            {region: Path(file).read_text().strip() for region, file in files.items()},
            given.build_secret.read_text().strip().encode(),
        )
    )
