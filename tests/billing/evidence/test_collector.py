"""A closed hour of real VictoriaMetrics, as evidence in the ledger."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any, Final

import pytest
from pydantic import SecretStr

from billing.evidence.collector import MARGIN, Collector
from billing.hour import HOUR, hour_of
from compose.process import free_port
from core.errors import BadRequest, Unavailable
from core.region import Region
from ingest.usage.store import Evidence
from tests.billing.evidence.metrics import CLUSTER, CPU, MIB, STEP, Told, up
from tests.ingest.logs.world import LAB, LAB_WEB, SHOP, WEB

if TYPE_CHECKING:
    from core.attribution import Attribution
    from tests.billing.evidence.metrics import Metrics
    from tests.ingest.usage.ledger import Ledger

pytestmark = pytest.mark.stack

# Yesterday: within the store's retention, and closed.
H: Final = hour_of(int(time.time())) - 24 * HOUR
WHOLE: Final = range(H - MARGIN, H + HOUR + MARGIN, STEP)
_SIGHT: Final = (
    "toUnixTimestamp(observed_at) AS at, phase::String AS phase, cpu_m, memory_b, quality::String AS quality"
)


def _sights(store: Ledger, uid: str = "uid-1", columns: str = _SIGHT) -> list[tuple[Any, ...]]:
    return store.rows(columns, f"pod_observations WHERE uid = '{uid}'")


def test_an_hour_of_a_pod_is_told_by_few_sights_that_prove_all_of_it(
    series: Metrics, collector: Collector, store: Ledger
) -> None:
    series.put([*Told("uid-1", WHOLE).running(), up(WHOLE)])

    collector.collect("fra1", H)

    seconds = [row[0] for row in _sights(store)]
    assert {row[1:] for row in _sights(store)} == {("running", 500, 512 * MIB, "lower_bound")}
    # The nearest ones outside, both ends of the hour, and never more than two minutes between two.
    assert (seconds[:2], seconds[-2:]) == ([H - STEP, H], [H + HOUR - STEP, H + HOUR])
    assert max(later - earlier for earlier, later in itertools.pairwise(seconds)) == 120
    place = "region, cluster, source::String, namespace, pod, node, toUnixTimestamp(started_at)"
    assert store.rows(f"DISTINCT {place}", "pod_observations") == [
        ("fra1", CLUSTER, "series", "prj-a", "web-uid-1", "node-1", WHOLE[0] - 60)
    ]
    tenant = "toString(project_id), environment, toString(service_id)"
    assert store.rows(f"uid, {tenant}, source::String", "pod_registrations") == [
        ("uid-1", SHOP, "production", WEB, "series")
    ]
    assert [at for (at,) in store.rows("toUnixTimestamp(observed_at)", "heartbeats")] == list(range(H, H + HOUR, STEP))


def test_collecting_again_adds_nothing_and_a_neighbouring_hour_agrees(
    series: Metrics, collector: Collector, store: Ledger, attribution: Attribution
) -> None:
    longer = range(H - MARGIN, H + 2 * HOUR + MARGIN, STEP)
    series.put([*Told("uid-1", longer).running(), up(longer)])
    evidence = Evidence(SecretStr(store.url))
    another = Collector([Region(name="fra1", metrics_url=series.url)], evidence, attribution)

    for one in (collector, collector, another):
        one.collect("fra1", H)
    once = [len(store.rows("*", table)) for table in ("pod_observations", "pod_registrations", "heartbeats")]
    another.collect("fra1", H + HOUR)
    evidence.close()

    assert once == [33, 1, 120]
    seconds = [row[0] for row in _sights(store)]
    # The two sights around the hours' border are told by both.
    assert sorted(at for at in set(seconds) if seconds.count(at) == 2) == [H + HOUR - STEP, H + HOUR]


def test_a_resize_is_told_by_the_scrapes_on_both_sides(series: Metrics, collector: Collector, store: Ledger) -> None:
    resized = H + 1_000 - 1_000 % STEP
    told = Told("uid-1", WHOLE)
    lines = [line for line in told.running() if line["metric"].get("resource") != "cpu"]
    values = {at: 0.25 if at < resized else 1.1 for at in WHOLE}
    series.put([*lines, *told.lines(("kube_pod_container_resource_requests", CPU, values))])

    collector.collect("fra1", H)

    amounts = {row[0]: row[2] for row in _sights(store)}
    assert (amounts[resized - STEP], amounts[resized]) == (250, 1100)
    assert set(amounts.values()) == {250, 1100}


def test_a_pod_that_ends_has_its_end_beside_the_final_phase_alone(
    series: Metrics, collector: Collector, store: Ledger
) -> None:
    end = H + 1_815
    before = range(H - MARGIN, end, STEP)
    after = range(before[-1] + STEP, H + HOUR, STEP)
    both = [*before, *after]
    told = Told("uid-1", both)
    series.put(
        [
            *[line for line in told.running() if "phase" not in line["metric"]],
            *told.lines(
                # One of two containers had ended long before.
                ("kube_pod_completion_time", {}, {at: H if at < end else end for at in both}),
                ("kube_pod_status_phase", {"phase": "Running"}, {at: float(at < end) for at in both}),
                ("kube_pod_status_phase", {"phase": "Succeeded"}, {at: float(at >= end) for at in both}),
                ("kube_pod_deletion_timestamp", {}, dict.fromkeys(after, H + HOUR)),
            ),
        ]
    )

    collector.collect("fra1", H)

    columns = "toUnixTimestamp(observed_at), phase::String, toUnixTimestamp(finished_at), toUnixTimestamp(deletion_at)"
    rows = _sights(store, columns=columns)
    assert {row[1:] for row in rows if row[0] < end} == {("running", None, None)}
    assert {row[1:] for row in rows if row[0] > end} == {("succeeded", end, H + HOUR)}
    assert (before[-1], after[0]) == (
        max(row[0] for row in rows if row[1] == "running"),
        min(row[0] for row in rows if row[1] == "succeeded"),
    )


def test_two_replicas_are_one_pod_and_a_late_one_contradicts_its_end(
    series: Metrics, collector: Collector, store: Ledger
) -> None:
    end = H + 600
    first = Told("uid-1", range(H - MARGIN, H + 1_200, STEP))
    second = Told("uid-1", range(H - MARGIN + 15, H + 1_200, STEP), instance="ksm-1")
    for told, heard in ((first, end), (second, end + 60)):
        at = told.scrapes
        series.put(
            [
                *[line for line in told.running(started=H - 900) if "phase" not in line["metric"]],
                *told.lines(
                    ("kube_pod_status_phase", {"phase": "Running"}, {one: float(one < heard) for one in at}),
                    ("kube_pod_status_phase", {"phase": "Failed"}, {one: float(one >= heard) for one in at}),
                    ("kube_pod_completion_time", {}, {one: end for one in at if one >= heard}),
                ),
            ]
        )

    collector.collect("fra1", H)

    rows = _sights(store)
    # What the late one says is told as it is, for metering to put aside.
    assert {row[0] for row in rows if row[1] == "running" and row[0] > end} == {end + 15, end + 45}
    assert next(row[0] for row in rows if row[1] == "failed") == end
    assert {row[2] for row in rows} == {500}
    assert len(rows) < 20


def test_missing_scrapes_are_a_hole_with_both_its_sides(series: Metrics, collector: Collector, store: Ledger) -> None:
    scrapes = [at for at in WHOLE if not H + 900 <= at < H + 1_800]
    series.put([*Told("uid-1", scrapes).running(), up(scrapes), up([H + 900], value=0)])

    collector.collect("fra1", H)

    seconds = [row[0] for row in _sights(store)]
    assert H + 870 in seconds
    assert H + 1_800 in seconds
    heard = [at for (at,) in store.rows("toUnixTimestamp(observed_at)", "heartbeats")]
    assert len(heard) == 90
    assert not set(heard) & set(range(H + 900, H + 1_800))


def test_a_name_that_is_used_again_is_another_pod(series: Metrics, collector: Collector, store: Ledger) -> None:
    early = Told("uid-1", range(H, H + 600, STEP), pod="db-0")
    late = Told("uid-2", range(H + 600, H + HOUR, STEP), pod="db-0")
    series.put([*early.running(cpu=0.1), *late.running(cpu=0.2)])

    collector.collect("fra1", H)

    assert {row[2] for row in _sights(store, "uid-1")} == {100}
    assert {row[2] for row in _sights(store, "uid-2")} == {200}
    assert max(row[0] for row in _sights(store, "uid-1")) < min(row[0] for row in _sights(store, "uid-2"))


@pytest.mark.parametrize(
    ("sidecar", "expected"),
    [
        # 300 beside a sidecar of 50, before them 800: in the other order it would have been 850.
        pytest.param("Always", (800, "lower_bound"), id="an order that matters"),
        pytest.param("", (800, "lower_bound"), id="no sidecar"),
        pytest.param(None, (800, "lower_bound"), id="nothing is known of it yet"),
    ],
)
def test_whatever_the_order_of_init_containers_the_lower_bound_is_told_as_such(
    series: Metrics, collector: Collector, store: Ledger, sidecar: str | None, expected: tuple[int, str]
) -> None:
    told = Told("uid-1", WHOLE)
    init = "kube_pod_init_container_resource_requests"
    lines = told.lines(
        (init, {"container": "warm-up", "resource": "cpu", "unit": "core"}, 0.8),
        (init, {"container": "proxy", "resource": "cpu", "unit": "core"}, 0.05),
        ("kube_pod_init_container_info", {"container": "warm-up", "restart_policy": ""}, 1),
    )
    if sidecar is not None:
        lines += told.lines(("kube_pod_init_container_info", {"container": "proxy", "restart_policy": sidecar}, 1))
    series.put([*told.running(cpu=0.3), *lines])

    collector.collect("fra1", H)

    assert {(row[2], row[4]) for row in _sights(store)} == {expected}


def test_overhead_is_part_of_the_request_and_a_missing_request_is_nothing(
    series: Metrics, collector: Collector, store: Ledger
) -> None:
    told = Told("uid-1", WHOLE)
    lines = [line for line in told.running() if line["metric"].get("resource") != "memory"]
    overhead = told.lines(("kube_pod_overhead_cpu_cores", {}, 0.25), ("kube_pod_overhead_memory_bytes", {}, 64 * MIB))
    series.put([*lines, *overhead])

    collector.collect("fra1", H)

    assert {row[2:4] for row in _sights(store)} == {(750, 64 * MIB)}


def test_a_pod_that_waits_is_pending_and_one_that_ran_and_does_not_is_unknown(
    series: Metrics, collector: Collector, store: Ledger
) -> None:
    """The region keeps no series of the phases Pending and Unknown: what is told is that it does not run."""
    ran, lost = range(H + 300, H + 900), range(H + 900, H + 1_200)
    told = Told("uid-1", range(H, H + 1_800, STEP))
    running = {at: float(at in ran or at >= lost.stop) for at in told.scrapes}
    lines = [line for line in told.running(started=H + 280) if "phase" not in line["metric"]]
    series.put([*lines, *told.lines(("kube_pod_status_phase", {"phase": "Running"}, running))])

    collector.collect("fra1", H)

    phases = {row[0]: row[1] for row in _sights(store)}
    assert [phases[at] for at in (H, H + 270, H + 300, H + 870, H + 900, H + 1_170, H + 1_200)] == [
        *("pending", "pending", "running", "running", "unknown", "unknown", "running")
    ]


def test_pods_of_nobody_and_of_other_clusters_are_kept_apart(
    series: Metrics, collector: Collector, store: Ledger
) -> None:
    labels = dict(zip(Told("", WHOLE).tenant, (LAB, "nowhere", LAB_WEB), strict=True))
    series.put(
        [
            *Told("uid-1", WHOLE, tenant=labels).running(),
            *Told("uid-2", WHOLE, tenant={}, namespace="kube-system").running(),
            *Told("Not-A-Uuid", WHOLE, cluster="fra1-c2").running(),
            up(WHOLE, cluster="fra1-c2"),
        ]
    )

    collector.collect("fra1", H)

    assert store.rows("cluster, uid, count()", "pod_observations GROUP BY cluster, uid") == [
        *((CLUSTER, "uid-1", 33), (CLUSTER, "uid-2", 33), ("fra1-c2", "Not-A-Uuid", 33))
    ]
    assert store.rows("cluster, uid", "pod_registrations") == [("fra1-c2", "Not-A-Uuid")]
    assert store.rows("DISTINCT cluster", "heartbeats") == [("fra1-c2",)]


def test_what_a_node_can_give_is_kept_at_its_most(series: Metrics, collector: Collector, store: Ledger) -> None:
    at = [H * 1000, (H + 60) * 1000]
    place = {
        "__name__": "kube_node_status_allocatable",
        "job": "kube-state-metrics",
        "cluster": CLUSTER,
        "node": "node-1",
    }
    series.put(
        [
            {"metric": {**place, "resource": "cpu", "unit": "core"}, "timestamps": at, "values": [3.92, 4]},
            {"metric": {**place, "resource": "memory", "unit": "byte"}, "timestamps": at, "values": [1 << 30, 1 << 30]},
            {"metric": {**place, "resource": "pods", "unit": "integer"}, "timestamps": at, "values": [110, 110]},
        ]
    )

    collector.collect("fra1", H)

    assert store.rows("cluster, node, toUnixTimestamp(observed_at), cpu_m, memory_b", "nodes") == [
        (CLUSTER, "node-1", H, 4_000, 1 << 30)
    ]


def test_a_region_that_does_not_answer_is_named_and_nothing_is_told_of_its_hour(
    store: Ledger, attribution: Attribution
) -> None:
    dead = Region(name="fra1", metrics_url=f"http://127.0.0.1:{free_port()}")
    collector = Collector([dead], Evidence(SecretStr(store.url)), attribution)

    with pytest.raises(Unavailable, match=r"^region fra1: the store does not answer$"):
        collector.collect("fra1", H)

    assert store.rows("*", "heartbeats") == []


@pytest.mark.parametrize(
    ("region", "hour", "named"),
    [
        pytest.param("lon1", H, "region: 'lon1' is not configured", id="no such region"),
        pytest.param("fra1", H + 1, "hour: ", id="within an hour"),
        pytest.param("fra1", H + 24 * HOUR, "hour: ", id="not closed"),
    ],
)
def test_what_cannot_be_collected_is_refused(collector: Collector, region: str, hour: int, named: str) -> None:
    with pytest.raises(BadRequest, match=f"^{named}"):
        collector.collect(region, hour)
