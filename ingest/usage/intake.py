"""From a report to rows of the ledger, in the order in which they may be cut off; acknowledged once all are there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from core.errors import BadRequest
from ingest.usage import build_report, pod_report, tables
from ingest.usage.memory import Memory
from ingest.usage.pod import Floor
from ingest.usage.sight import Source
from ingest.usage.tables import Kind, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from core.attribution import Attribution, Cluster
    from ingest.usage.build_report import BuildTold
    from ingest.usage.pod_report import Refusal, Report
    from ingest.usage.registrar import Registrar
    from ingest.usage.store import Evidence

# Hashes of documents that are known to be stored; whichever is not remembered is stored again as the same row.
_MOST_DOCUMENTS: Final = 200_000
# What is kept of a body of which nothing can be read.
_KEPT_BYTES: Final = 256 << 10
_NO_FLOOR: Final = Floor()


class Intake:
    """Takes reports of all regions; blocking, for threads, which may share it.

    `floor` is what containers count that name no request.
    """

    def __init__(
        self,
        evidence: Evidence,
        registrars: Mapping[str, Registrar],
        attribution: Attribution,
        clock: Callable[[], float] = time.time,
        *,
        floor: Floor = _NO_FLOOR,
    ) -> None:
        self._evidence = evidence
        self._registrars = registrars
        self._attribution = attribution
        self._clock = clock
        self._floor = floor
        self._documents = Memory(_MOST_DOCUMENTS)

    @property
    def regions(self) -> Collection[str]:
        """The regions that reports are taken for."""
        return self._registrars.keys()

    def close(self) -> None:
        """Drop the connections."""
        self._evidence.close()

    def take_pods(self, cluster: Cluster, body: bytes) -> Report:
        """Store what a cluster's agent tells; what is refused of it is stored as such.

        The heartbeat comes last: it says that all before it is there. Whatever is cut off, the same report sent again
        completes it.

        Raises:
            BadRequest: nothing of it can be read; it is kept as it came.
            Unavailable: it is not certain that all is stored.
        """
        place = self._place(cluster.region, cluster.name)
        try:
            report = pod_report.read(body, self._floor)
        except BadRequest as refusal:
            told = [(Kind.REPORT, "", refusal.message, body[:_KEPT_BYTES])]
            self._evidence.write([tables.refused(place, told)])
            raise
        registrar = self._registrars[cluster.region]
        new = registrar.unsaid(cluster.name, [(pod.sight.uid, pod.labels) for pod in report.pods])
        documents = {pod.sha256: pod for pod in report.pods if pod.sha256 not in self._documents}
        self._evidence.write(
            [
                tables.refused(place, [_refused(each) for each in report.refusals]),
                tables.documents(
                    place,
                    report.observed_at,
                    [(pod.sight.uid, sha256, pod.document) for sha256, pod in documents.items()],
                ),
                tables.registrations(place, Source.AGENT, new),
                tables.nodes(place, [(name, report.observed_at, cpu, memory) for name, cpu, memory in report.nodes]),
                tables.sights(place, Source.AGENT, [pod.sight for pod in report.pods]),
                tables.heartbeats(place, Source.AGENT, [report.observed_at] if report.is_whole else []),
            ]
        )
        registrar.remember(cluster.name, new)
        self._documents.add(documents)
        return report

    def take_build(self, body: bytes) -> BuildTold:
        """Store what the builder tells of a build.

        Raises:
            BadRequest: it is impossible; it is kept as it came, and the message names the field.
            Unavailable: it is not certain that it is stored.
        """
        try:
            told = build_report.read(body)
            self._check_region(told)
        except BadRequest as refusal:
            place = self._place("", "")
            self._evidence.write([tables.refused(place, [(Kind.BUILD, "", refusal.message, body[:_KEPT_BYTES])])])
            raise
        self._evidence.write([tables.builds(self._place(told.region, ""), [told])])
        return told

    def _check_region(self, told: BuildTold) -> None:
        """A build is metered with its region; in one that nobody meters it would be lost."""
        if told.region not in self._registrars:
            raise BadRequest(f"build.region: {told.region!r} is no region; name the project's own")
        holding = self._attribution.holding(told.tenant.project_id)
        if holding is not None and holding.region != told.region:
            raise BadRequest("build.region: the project is in another region; name the project's own")

    def _place(self, region: str, cluster: str) -> Place:
        return Place(region, cluster, int(self._clock() * 1000))


def _refused(each: Refusal) -> tuple[Kind, str, str, bytes]:
    return each.kind, f"{each.subject} {each.uid}".strip(), each.reason, each.document
