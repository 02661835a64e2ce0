"""Ingest's own metrics. No tenant label values: this exposition leaves the platform (FR-069)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from ingest.draft import Outcome
from ingest.entry import LetterReason, Protocol

if TYPE_CHECKING:
    from ingest.draft import Draft
    from ingest.lane import Lane
    from ingest.sink import Stored

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Instruments:
    """Counters, gauges and histograms of one ingest process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.records = Counter(
            "ingest_records",
            "Log records by their one outcome; those that only the store can tell are counted once it has.",
            ("region", "outcome"),
            registry=self.registry,
        )
        self.rejected = Counter(
            "ingest_rejected_records", "Rejected log records by reason.", ("region", "reason"), registry=self.registry
        )
        self.requests = Counter(
            "ingest_requests", "Requests by wire format and HTTP status.", ("protocol", "code"), registry=self.registry
        )
        self.body_bytes = Counter(
            "ingest_body_bytes", "Bytes of bodies, decompressed.", ("protocol",), registry=self.registry
        )
        self.notices = Counter(
            "ingest_notices", "Events that told a tenant of limited records.", ("region",), registry=self.registry
        )
        self.unkept = Counter(
            "ingest_unkept_letters",
            "Records that are no one's or unreadable, and beyond what is kept of a cluster; their outcome is limited.",
            ("region",),
            registry=self.registry,
        )
        self.commit_seconds = Histogram(
            "ingest_commit_seconds", "Time to make a group durable.", buckets=_SECONDS, registry=self.registry
        )
        self.stored = Counter("ingest_stored_records", "Records inserted.", ("region",), registry=self.registry)
        self.spool_bytes = Gauge("ingest_spool_bytes", "Bytes in the spool.", ("region",), registry=self.registry)
        self.spool_files = Gauge("ingest_spool_files", "Batches that wait.", ("region",), registry=self.registry)
        self.set_aside = Gauge(
            "ingest_batches_set_aside", "Batches that the store refuses.", ("region",), registry=self.registry
        )
        self.store_failures = Gauge(
            "ingest_store_failures", "Failed attempts to insert.", ("region",), registry=self.registry
        )

    def prepare(self, region: str) -> None:
        """Have every series of a region from the beginning, so that a first failure is an increase."""
        for outcome in Outcome:
            self.records.labels(region, outcome.value)
        for reason in LetterReason:
            self.rejected.labels(region, reason.value)
        self.notices.labels(region)
        self.unkept.labels(region)
        self.stored.labels(region)

    def note_draft(self, region: str, draft: Draft) -> None:
        """Count what a delivery came to, now that it is durable."""
        for outcome, count in draft.outcomes.items():
            if outcome is Outcome.ACCEPTED:
                count -= draft.doubtful  # noqa: PLW2901 - what the store decides is counted then
            self.records.labels(region, outcome.value).inc(count)
        self.unkept.labels(region).inc(draft.unkept)
        for reason, count in draft.reasons.items():
            self.rejected.labels(region, reason.value).inc(count)

    def note_stored(self, region: str, batch: Stored, told: int) -> None:
        """Count what a batch came to in the store, and the events in it that told tenants of limited records."""
        self.stored.labels(region).inc(batch.inserted)
        self.records.labels(region, Outcome.DUPLICATE.value).inc(batch.known)
        self.records.labels(region, Outcome.ACCEPTED.value).inc(batch.doubtful - batch.known)
        self.notices.labels(region).inc(told)

    def note_lane(self, lane: Lane) -> None:
        """Read the gauges of a region."""
        self.spool_bytes.labels(lane.region).set(lane.spool.size)
        self.spool_files.labels(lane.region).set(lane.spool.waiting)
        self.set_aside.labels(lane.region).set(lane.spool.refused)
        self.store_failures.labels(lane.region).set(lane.drain.failures)

    def note_request(self, protocol: Protocol, code: int, size: int) -> None:
        """Count a request that is over."""
        self.requests.labels(protocol.value, code).inc()
        self.body_bytes.labels(protocol.value).inc(size)
