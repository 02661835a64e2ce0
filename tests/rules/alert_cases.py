"""Series of two regions for the platform's alerts: a healthy one, and one in which every alert has its cause."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from rules.budget import BUDGET
from rules.live_finding import LiveCheck
from tests.rules.live_region import API, SHOP, WEB, pod

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACE: Final = 'cluster="c1",region="fra1"'


class Fed(NamedTuple):
    """A series, from `oldest` to `newest` seconds ago; it grows by `slope` a second to its `value`."""

    head: str
    value: float = 1.0
    newest: int = 0
    oldest: int = 60
    slope: float = 0.0


def use(name: str, namespace: str, cluster: str = "c1") -> Fed:
    labels = f'cluster="{cluster}",namespace="{namespace}",pod="{name}",container="app"'
    return Fed(f"container_memory_working_set_bytes{{{labels}}}", 100)


def known(name: str, service: str, namespace: str) -> Iterator[Fed]:
    for line in pod(name, SHOP, "production", service, namespace=namespace):
        head, _, value = line.rpartition(" ")
        yield Fed(head, float(value))


def letters(reason: str, value: float, slope: float) -> Fed:
    head = f'ingest_rejected_records_total{{region="fra1",reason="{reason}",instance="ingest-1"}}'
    return Fed(head, value, slope=slope)


def records(value: float, slope: float) -> Fed:
    return Fed('ingest_records_total{region="fra1",outcome="accepted",instance="ingest-1"}', value, slope=slope)


def own(process: str, up: int) -> Fed:
    return Fed(f'up{{{PLACE},job="platform",process="{process}",instance="{process}-1"}}', up)


def scrape(job: str, scraped: float, kept: float) -> Iterator[Fed]:
    labels = f'{PLACE},job="{job}",instance="{job}-1"'
    yield Fed(f"scrape_samples_scraped{{{labels}}}", scraped)
    yield Fed(f"scrape_samples_post_metric_relabeling{{{labels}}}", kept)


NOW: Final = time.time()
HEALTHY: Final = [
    Fed('query_region_ready{region="fra1",instance="door-1"}', 1),
    # Long ago, and whatever was unreachable in between.
    Fed('query_canary_failures_total{region="fra1",cause="isolation",instance="door-1"}', 2, oldest=900),
    Fed('query_canary_failures_total{region="fra1",cause="unreachable",instance="door-1"}', 7),
    *(Fed(f'up{{{PLACE},job="{job}"}}') for job in ("envoy-gateway", "kubelet", "kube-state-metrics")),
    # A customer's own job may be late.
    Fed(f'up{{{PLACE},job="app"}}', newest=300, oldest=600),
    *known("web-1", WEB, "prj-shop"),
    use("web-1", "prj-shop"),
    # The platform's own pods have no tenant.
    use("coredns-1", "kube-system"),
    *scrape("envoy-gateway", 1_000, 1_000 - BUDGET.gateway_itself),
    *scrape("kubelet", 90_000, 1_000),
    *(Fed(f'rules_live_findings{{region="fra1",check="{check}"}}', 0) for check in LiveCheck),
    Fed('rules_live_last_run_timestamp_seconds{region="fra1"}', NOW - 900),
    own("query", 1),
    own("ingest", 1),
    # Long ago; and of the platform's own pods, few of all lines.
    letters("unparsable", 12, 0),
    letters("no_labels", 600, 0.1),
    records(100_000, 100),
    # Long ago.
    Fed('ingest_unkept_letters_total{region="fra1",instance="ingest-1"}', 40),
    Fed('ingest_batches_set_aside{region="fra1",instance="ingest-1"}', 0),
    Fed("starmeter_billing_watermark_age_seconds", 7_200),
]
SICK: Final = [
    Fed('query_region_ready{region="fra1",instance="door-1"}', 1),
    Fed('query_region_ready{region="fra1",instance="door-2"}', 0),
    Fed('query_canary_failures_total{region="fra1",cause="isolation",instance="door-1"}', 1),
    Fed(f'up{{{PLACE},job="kubelet"}}', newest=0),
    Fed(f'up{{{PLACE},job="envoy-gateway"}}', newest=150, oldest=600),
    *known("web-1", WEB, "prj-shop"),
    *known("api-1", API, "prj-other"),
    use("web-1", "prj-shop"),
    use("stray-1", "prj-shop"),
    use("stray-2", "prj-shop"),
    use("any", "prj-lost", cluster="c2"),
    *scrape("envoy-gateway", 290_000, 280_000),
    Fed('rules_live_findings{region="fra1",check="SL006"}', 3),
    Fed('rules_live_findings{region="fra1",check="SL001"}', 1),
    Fed('rules_live_last_run_timestamp_seconds{region="fra1"}', NOW - 7_200),
    own("query", 1),
    own("ingest", 0),
    letters("foreign_region", 12, 0.1),
    letters("no_labels", 600, 5),
    records(10_000, 100),
    Fed('ingest_unkept_letters_total{region="fra1",instance="ingest-1"}', 40, slope=0.1),
    Fed('ingest_batches_set_aside{region="fra1",instance="ingest-1"}', 2),
    Fed("starmeter_billing_watermark_age_seconds", 11_000),
]
