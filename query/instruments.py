"""The front-door's own metrics. No tenant label values: this exposition leaves the platform (FR-069)."""

from __future__ import annotations

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Instruments:
    """Counters, gauges and histograms of one front-door, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.reads = Counter(
            "query_reads", "Reads by endpoint and HTTP status.", ("endpoint", "code"), registry=self.registry
        )
        self.seconds = Histogram(
            "query_read_seconds",
            "Time from request to last byte.",
            ("endpoint",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.upstream_seconds = Histogram(
            "query_upstream_seconds",
            "Time until a region's store began to answer.",
            ("region",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.answer_bytes = Counter(
            "query_answer_bytes", "Bytes of answers sent.", ("endpoint",), registry=self.registry
        )
        self.region_ready = Gauge(
            "query_region_ready", "1 while a region passes its isolation canary.", ("region",), registry=self.registry
        )
        self.canary_failures = Counter(
            "query_canary_failures", "Failed isolation canaries by cause.", ("region", "cause"), registry=self.registry
        )
        # Looking a child up by its labels costs as much as parsing the request; there are only a few dozen of them.
        self._of_read = cache(self._resolve_read)
        self._of_region = cache(self._resolve_region)

    def note_read(self, endpoint: str, status: int, seconds: float, sent: int) -> None:
        """Count one read that is over."""
        reads, duration, answer_bytes = self._of_read(endpoint, status)
        reads.inc()
        duration.observe(seconds)
        answer_bytes.inc(sent)

    def note_upstream(self, region: str, seconds: float) -> None:
        """Count one answer of a region's store."""
        self._of_region(region).observe(seconds)

    def _resolve_read(self, endpoint: str, status: int) -> tuple[Counter, Histogram, Counter]:
        return self.reads.labels(endpoint, status), self.seconds.labels(endpoint), self.answer_bytes.labels(endpoint)

    def _resolve_region(self, region: str) -> Histogram:
        return self.upstream_seconds.labels(region)
