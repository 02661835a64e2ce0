"""What taking evidence says of itself. No tenant label values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_KINDS = ("pods", "builds")


class UsageInstruments:
    """Counters in the registry of the ingest process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "ingest_usage_requests", "Reports of usage by kind and HTTP status.", ("kind", "code"), registry=registry
        )
        self.parts = Counter(
            "ingest_usage_parts",
            "Pods, nodes and builds that were told, by what became of them.",
            ("kind", "outcome"),
            registry=registry,
        )
        for kind in _KINDS:
            for outcome in ("accepted", "refused"):
                self.parts.labels(kind, outcome)
