"""The collector: a closed hour of a region's metrics store becomes evidence in the ledger, once for all its runs."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from billing.evidence import selector
from billing.evidence.export import Export
from billing.evidence.pod_series import PodSeries
from billing.evidence.sights import sights
from billing.hour import HOUR, iso
from core.errors import BadRequest
from core.tenant import TENANT_LABELS
from ingest.owner import ENVIRONMENT_LABEL, PROJECT_LABEL, SERVICE_LABEL, Owners
from ingest.usage import tables
from ingest.usage.pod import Floor
from ingest.usage.registrar import Registrar
from ingest.usage.sight import Source
from ingest.usage.tables import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from core.attribution import Attribution
    from core.region import Region
    from ingest.usage.store import Evidence

# Each pod's neighbours of the hour are looked for in so many seconds before and after it.
MARGIN: Final = 600
# Sights that tell nothing new are kept this far apart: less than the hole that metering flags.
_SPACING: Final = 120
_MILLI: Final = 1000
_NO_FLOOR: Final = Floor()
# Of cores or bytes a node can give no more: what says so is set aside.
_MOST: Final = 2.0**50
# The tenant key as Kubernetes spells it in labels.
_LABELS: Final = dict(zip(TENANT_LABELS, (PROJECT_LABEL, ENVIRONMENT_LABEL, SERVICE_LABEL), strict=True))


class Collector:
    """Collects from `regions` into `evidence`; `attribution` is asked whose pods are that nobody has registered.

    One hour of one region is collected part by part, each of which is in memory alone.
    """

    def __init__(
        self,
        regions: Iterable[Region],
        evidence: Evidence,
        attribution: Attribution,
        *,
        seconds: float = 120.0,
        floor: Floor = _NO_FLOOR,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._regions = {region.name: region for region in regions}
        self._evidence = evidence
        self._registrars = {
            name: Registrar(name, Owners(attribution, name, {}, default_days=1, seconds=60.0), evidence)
            for name in self._regions
        }
        self._seconds = seconds
        self._floor = floor
        self._clock = clock

    def collect(self, region: str, hour: int) -> None:
        """Store what the region's series tell of the UTC hour that begins at `hour`, in every cluster.

        Collected again, the same samples are the same rows; later ones are added.

        Raises:
            BadRequest: the region is not configured, or the hour and its margin have not passed.
            Refused: the region's store does not give the hour.
            Unavailable: the region or the ledger does not answer. Nothing is guessed: what was stored until then is
                true, and the hour has no heartbeat of this source yet, so that it counts as not heard.
        """
        if region not in self._regions:
            raise BadRequest(f"region: {region!r} is not configured; add it to [[regions]]")
        if hour % HOUR:
            raise BadRequest(f"hour: {iso(hour)} is within an hour; use a whole UTC hour")
        now = self._clock()
        if now < hour + HOUR + MARGIN:
            raise BadRequest(f"hour: {iso(hour)} can be collected from {iso(hour + HOUR + MARGIN)} on")
        asyncio.run(self._collect(region, hour, int(now * _MILLI)))

    async def _collect(self, region: str, hour: int, received_ms: int) -> None:
        export = Export(self._regions[region], seconds=self._seconds)
        try:
            for part in selector.PARTS:
                await self._pods(export, region, part, hour, received_ms)
            await self._nodes(export, region, hour, received_ms)
            # Last of all, for it says that the hour's evidence is there.
            await self._heartbeats(export, region, hour, received_ms)
        finally:
            await export.close()

    async def _pods(self, export: Export, region: str, part: str, hour: int, received_ms: int) -> None:
        clusters: dict[str, dict[str, PodSeries]] = {}
        async for series in export.series(selector.pods(part), hour - MARGIN, hour + HOUR + MARGIN):
            uid = series.labels["uid"]
            clusters.setdefault(series.labels["cluster"], {}).setdefault(uid, PodSeries(uid)).add(series)
        for cluster, pods in sorted(clusters.items()):
            place = Place(region, cluster, received_ms)
            seen = [sight for uid in sorted(pods) for sight in sights(pods[uid], hour, _SPACING, self._floor)]
            told = {sight.uid for sight in seen}
            registrar = self._registrars[region]
            new = registrar.unsaid(cluster, [(uid, each) for uid in sorted(told) for each in _labels(pods[uid])])
            self._evidence.write(
                [tables.registrations(place, Source.SERIES, new), tables.sights(place, Source.SERIES, seen)]
            )
            registrar.remember(cluster, new)

    async def _nodes(self, export: Export, region: str, hour: int, received_ms: int) -> None:
        """What each node could give at most in the hour: a change within it must not look like too much."""
        most: dict[str, dict[str, dict[str, float]]] = {}
        async for series in export.series(selector.NODES, hour, hour + HOUR):
            labels = series.labels
            if series.values and 0 <= max(series.values) <= _MOST:
                node = most.setdefault(labels["cluster"], {}).setdefault(labels["node"], {})
                node[labels["resource"]] = max(node.get(labels["resource"], 0.0), *series.values)
        for cluster, nodes in sorted(most.items()):
            told = [
                (name, hour, round(amounts["cpu"] * _MILLI), int(amounts["memory"]))
                for name, amounts in sorted(nodes.items())
                if amounts.keys() == {"cpu", "memory"}
            ]
            self._evidence.write([tables.nodes(Place(region, cluster, received_ms), told)])

    async def _heartbeats(self, export: Export, region: str, hour: int, received_ms: int) -> None:
        heard: dict[str, set[int]] = {}
        async for series in export.series(selector.HEARD, hour, hour + HOUR):
            seconds = heard.setdefault(series.labels["cluster"], set())
            samples = zip(series.timestamps, series.values, strict=True)
            seconds.update(at // _MILLI for at, value in samples if value == 1)
        for cluster, seconds in sorted(heard.items()):
            place = Place(region, cluster, received_ms)
            self._evidence.write([tables.heartbeats(place, Source.SERIES, sorted(seconds))])


def _labels(pod: PodSeries) -> list[dict[str, object]]:
    return [{_LABELS[name]: value for name, value in each.items()} for each in pod.tenants]
