"""A past month of the demonstration, as its agents and its builder would have told it: evidence like any other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import orjson

from compose.agent import NODE_CORES, NODE_MEMORY
from compose.cluster.builds import builds
from compose.cluster.inventory import Cluster
from compose.cluster.manifest import is_resizing, manifest
from compose.demo import REGIONS, cluster_of
from ingest.usage import build_report, tables
from ingest.usage.effective_request import effective_request
from ingest.usage.pod_document import read_pod
from ingest.usage.sight import Phase, Sight, Source
from ingest.usage.tables import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from billing.hour import Period
    from billing.ledger.store import Ledger
    from compose.cluster.pods import Pod
    from core.tenant import Tenant
    from ingest.usage.build_report import BuildTold
    from ingest.usage.pod import EffectiveRequest
    from ingest.usage.store import Evidence

_DAY: Final = 86_400
_MILLI: Final = 1000
# An agent is heard this often: once in each slot that completeness counts.
_HEARTBEAT_SECONDS: Final = 30
# All that comes and goes in the simulated clusters does so at multiples of this, and can be seen for ten seconds more.
_LOOK_SECONDS: Final = 80
_LATE: Final = 10
_PHASES: Final = {phase.name.capitalize(): phase for phase in Phase}


class History:
    """Writes the evidence of a month into the ledger's store; days that are told there already are passed over."""

    def __init__(self, evidence: Evidence, ledger: Ledger) -> None:
        self._evidence = evidence
        self._ledger = ledger
        self._registered: set[str] = set()

    def write(self, month: Period, progress: Callable[[int], None]) -> int:
        """Write all regions' evidence of a past period; `progress` gets the days that are done. Returns the sights.

        Raises:
            Unavailable: the ledger's store does not answer.
        """
        written = done = 0
        for region in REGIONS:
            told = self._told(region, month)
            for day in range(month.start, month.end, _DAY):
                end = min(day + _DAY, month.end)
                # Heartbeats are written last: where they all are, everything is.
                if told.get(day, 0) < (end - day) // _HEARTBEAT_SECONDS:
                    written += self._day(region, day, end)
                done += 1
                progress(done)
        return written

    def _told(self, region: str, month: Period) -> dict[int, int]:
        asked = {"region": region, "cluster": cluster_of(region), "first": month.start, "until": month.end}
        return dict(self._ledger.query("ledger/evidence/heard_days", asked).select("day", "heard").iter_rows())

    @staticmethod
    def days(month: Period) -> int:
        """How many days `write` will report."""
        return len(REGIONS) * len(range(month.start, month.end, _DAY))

    def _day(self, region: str, start: int, end: int) -> int:
        cluster = Cluster(region)
        place = Place(region, cluster_of(region), int(time.time() * _MILLI))
        seen: list[Sight] = []
        new: dict[str, Tenant] = {}
        requests: dict[tuple[object, ...], EffectiveRequest] = {}
        for second in range(start + _LATE, end, _LOOK_SECONDS):
            for pod in cluster.known(second):
                # Pods of one shape ask for the same: their documents need not be read one by one.
                shape = (pod.containers, *(is_resizing(one, second) for one in pod.containers))
                request = requests.get(shape)
                if request is None:
                    request = requests[shape] = effective_request(read_pod(manifest(pod, second)))
                seen.append(_sight(pod, second, request))
                if pod.tenant is not None and pod.uid not in self._registered:
                    new[pod.uid] = pod.tenant
        node = (f"{place.cluster}-node-1", start, NODE_CORES * _MILLI, NODE_MEMORY)
        self._evidence.write(
            [
                tables.registrations(place, Source.AGENT, sorted(new.items(), key=lambda item: item[0])),
                tables.nodes(place, [node]),
                tables.builds(Place(region, "", place.received_ms), list(_told(region, start, end))),
                tables.sights(place, Source.AGENT, seen),
                tables.heartbeats(place, Source.AGENT, list(range(start, end, _HEARTBEAT_SECONDS))),
            ]
        )
        self._registered.update(new)
        return len(seen)


def _told(region: str, start: int, end: int) -> Iterator[BuildTold]:
    """The deliveries about the builds that began in a stretch of time, as ingest would have read them."""
    for one in builds(region, start, end):
        for at in (one.started, one.finished):
            yield build_report.read(orjson.dumps(one.delivery(at)))


def _sight(pod: Pod, second: int, request: EffectiveRequest) -> Sight:
    return Sight(
        uid=pod.uid,
        namespace=pod.namespace,
        pod=pod.name,
        observed_at=second,
        phase=_PHASES[pod.phase_at(second).value],
        cpu_m=request.cpu_m,
        memory_b=request.memory_b,
        node=pod.node,
        started_at=int(pod.started) if pod.started <= second else None,
        finished_at=None if pod.ended is None or pod.ended > second else int(pod.ended),
        deletion_at=None if pod.deletion is None else int(pod.deletion),
    )
