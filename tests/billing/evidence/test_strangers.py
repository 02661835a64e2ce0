"""A customer's own exposition may say anything of any pod: no bill rests on it. What contradicts an end is kept."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pytest

from billing.evidence.collector import MARGIN
from billing.hour import HOUR, hour_of
from billing.ledger.evidence import pod_evidence
from billing.ledger.slice import Slice
from billing.ledger.store import Ledger
from billing.policy import MeteringPolicy
from billing.runs.metering import meter_pods
from tests.billing.evidence.metrics import CLUSTER, MIB, STEP, TENANT, Told, up
from tests.ingest.logs.world import LAB, LAB_WEB, SHOP

if TYPE_CHECKING:
    from billing.evidence.collector import Collector
    from billing.runs.metered import Metered
    from tests.billing.evidence.metrics import Line, Metrics
    from tests.ingest.usage.ledger import Ledger as Store

pytestmark = pytest.mark.stack

H: Final = hour_of(int(time.time())) - 24 * HOUR
WHOLE: Final = range(H - MARGIN, H + HOUR + MARGIN, STEP)


def _of_an_app(lines: list[Line]) -> list[Line]:
    """The same, as vmagent stores it when it stands in an app's own exposition."""
    app = {"job": "app", "instance": "10.9.9.9:8080", "exported_job": "kube-state-metrics"}
    return [{**line, "metric": {**line["metric"], **app}} for line in lines]


def _metered(store: Store) -> Metered:
    ledger = Ledger.at(store.url)
    try:
        one, policy = Slice(H, "fra1", CLUSTER), MeteringPolicy()
        return meter_pods(one, pod_evidence(ledger, one, policy, int(time.time()) + 10), {}, policy)
    finally:
        ledger.close()


def _node(cpu: float) -> list[dict[str, Any]]:
    place = {"__name__": "kube_node_status_allocatable", "job": "kube-state-metrics", "cluster": CLUSTER}
    return [
        {"metric": {**place, "node": "node-1", "resource": name}, "timestamps": [H * 1000], "values": [value]}
        for name, value in (("cpu", cpu), ("memory", float(1 << 30)))
    ]


def test_what_an_app_says_of_anybodys_pods_and_nodes_changes_nothing(
    series: Metrics, collector: Collector, store: Store
) -> None:
    over = Told("uid-1", [H - 300]).lines(
        ("kube_pod_status_phase", {"phase": "Succeeded"}, 1.0), ("kube_pod_completion_time", {}, float(H - 300))
    )
    another = Told("uid-2", WHOLE).running(cpu=64.0)
    told = [*Told("uid-1", WHOLE).running(cpu=0.5), *_node(4), up(WHOLE)]
    claimed = [*Told("uid-1", WHOLE).running(cpu=64.0), *over, *another, *_node(64)]
    series.put([*told, *_of_an_app(claimed), *_of_an_app([up(WHOLE, cluster="fra1-c2")])])

    collector.collect("fra1", H)

    assert store.rows("DISTINCT uid, phase::String, cpu_m, memory_b", "pod_observations") == [
        ("uid-1", "running", 500, 512 * MIB)
    ]
    assert store.rows("node, cpu_m, memory_b", "nodes") == [("node-1", 4_000, 1 << 30)]
    assert store.rows("DISTINCT cluster", "heartbeats") == [(CLUSTER,)]
    cpu = _metered(store).usage.filter(pl.col("meter") == "cpu_mcore_s")
    assert cpu.select("source_id", "running_s", "quantity").rows() == [("uid-1", HOUR, 500 * HOUR)]


def test_a_sight_after_an_end_is_kept_and_put_aside_with_its_reason(
    series: Metrics, collector: Collector, store: Store
) -> None:
    end = H + 600
    first = Told("uid-1", range(H - MARGIN, H + 1_200, STEP))
    # A replica that has not heard of the end, or a claim that there was one: nobody can tell which.
    late = Told("uid-1", range(H - MARGIN + 15, H + 1_200, STEP), instance="ksm-1")
    ended = [
        *[line for line in first.running(started=H - 900) if "phase" not in line["metric"]],
        *first.lines(
            ("kube_pod_status_phase", {"phase": "Running"}, {at: float(at < end) for at in first.scrapes}),
            ("kube_pod_status_phase", {"phase": "Failed"}, {at: float(at >= end) for at in first.scrapes}),
            ("kube_pod_completion_time", {}, {at: float(end) for at in first.scrapes if at >= end}),
        ),
    ]
    series.put([*ended, *late.running(started=H - 900), up(WHOLE)])

    collector.collect("fra1", H)

    metered = _metered(store)
    assert metered.remarks.quarantined == (("uid-1", "lives_after_its_end"),)
    assert metered.usage["running_s"].to_list() == [600, 600]


def test_labels_that_change_within_the_hour_are_told_and_the_first_of_them_hold(
    series: Metrics, collector: Collector, store: Store
) -> None:
    half = H + HOUR // 2
    relabelled = {**TENANT, "label_starform_io_project_id": LAB, "label_starform_io_service_id": LAB_WEB}
    lines = [line for line in Told("uid-1", WHOLE).running() if line["metric"]["__name__"] != "kube_pod_labels"]
    for tenant, at in ((relabelled, range(half, WHOLE.stop, STEP)), (TENANT, range(WHOLE.start, half, STEP))):
        lines += Told("uid-1", at).lines(("kube_pod_labels", tenant, 1))
    series.put([*lines, up(WHOLE)])

    collector.collect("fra1", H)

    first = "argMin(toString(project_id), received_at), count()"
    assert store.rows(first, "pod_registrations") == [(SHOP, 2)]
    assert _metered(store).remarks.mismatched == ("uid-1",)
