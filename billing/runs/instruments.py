"""The billing process's own metrics. No tenant label values: this exposition leaves the platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from billing.runs.record import RunKind, RunState

if TYPE_CHECKING:
    from billing.runs.outcome import Outcome

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class Instruments:
    """Counters, gauges and histograms of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.watermark_age = Gauge(
            "starmeter_billing_watermark_age_seconds",
            "Since the end of the oldest hour that should be published and is not; 0 when there is none.",
            registry=self.registry,
        )
        self.due = Gauge("starmeter_billing_due_slices", "Closed hours that are not published.", registry=self.registry)
        self.late = Gauge(
            "starmeter_billing_late_slices",
            "Published hours of which more has been told since, and which are run again.",
            registry=self.registry,
        )
        self.runs = Counter(
            "starmeter_billing_runs",
            "Runs by kind and by what became of them.",
            ("kind", "state"),
            registry=self.registry,
        )
        self.run_seconds = Histogram(
            "starmeter_billing_run_seconds", "What a run took.", buckets=_SECONDS, registry=self.registry
        )
        self.put_aside = Counter(
            "starmeter_billing_put_aside", "Pods and builds put aside, by reason.", ("reason",), registry=self.registry
        )
        self.mismatched = Counter(
            "starmeter_billing_mismatched_pods", "Pods whose labels name another tenant.", registry=self.registry
        )
        self.unattributed = Counter(
            "starmeter_billing_unattributed_pods", "Pods and builds that nobody pays for.", registry=self.registry
        )
        self.last_success = Gauge(
            "starmeter_billing_last_success_timestamp_seconds",
            "When the schedule was last worked off without a failure.",
            registry=self.registry,
        )
        for kind in RunKind:
            for state in (RunState.PUBLISHED, RunState.UNCHANGED, RunState.BLOCKED, RunState.FAILED):
                # A first failure must be an increase.
                self.runs.labels(kind.value, state.value)

    def count(self, outcome: Outcome, seconds: float) -> None:
        """Count a run, and, of one that is published, what a person should look at."""
        self.runs.labels(outcome.order.kind.value, outcome.state.value).inc()
        self.run_seconds.observe(seconds)
        if outcome.metered is None or outcome.state is not RunState.PUBLISHED:
            return
        remarks = outcome.metered.remarks
        for reason, number in remarks.reasons.items():
            self.put_aside.labels(reason).inc(number)
        self.mismatched.inc(len(remarks.mismatched))
        self.unattributed.inc(len(remarks.unattributed))
