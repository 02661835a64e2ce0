"""Two regions for the live checks: a healthy one, and one with every defect that they look for."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import httpx

from core.tenant import Tenant
from ingest.cluster_name import ClusterName
from rules.budget import BUDGET
from tests.rules.live_region import API, BLOG, SHOP, WEB, Running, pod, region, route, tenant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROUTE: Final = ClusterName.of(Tenant(SHOP, "production", WEB), "prj-shop").name
STRANGER: Final = "service/prj-shop/web/80/http"
BROKEN: Final = """
groups:
- name: joins
  rules:
  - {record: broken, expr: "kube_pod_labels * on (cluster) group_left kube_pod_labels"}
"""

# Of both ways to a customer.
RECORDED: Final = [
    f"tenant:container_cpu_usage_seconds:rate1m{{{tenant(SHOP, 'production', WEB)}}} 1",
    f"tenant:request_errors:ratio1m{{{tenant(SHOP, 'production', WEB)}}} 0",
]
# What may leave the region.
SENT: Final = [
    'up{job="node",instance="node-1"} 1',
    'envoy_server_live{namespace="envoy-gateway-system",pod="envoy-1.a"} 1',
    'kube_deployment_status_replicas{namespace="starform-control",deployment="x"} 1',
]
STRIPPED: Final = SHOP.replace("-", "")
LEFT: Final = [
    *SENT,
    f'up{{job="node",project_id="{SHOP}"}} 1',
    f'kube_deployment_status_replicas{{namespace="kube-system",deployment="web-{STRIPPED}"}} 1',
    f'envoy_server_{STRIPPED}_total{{job="envoy"}} 1',
    'node_load1{namespace="prj-shop"} 1',
    'node_load1{exported_namespace="prj-blog"} 1',
    'process_open_fds{pod="web-1"} 1',
]

COMMON: Final = [
    *route(SHOP, "production", "prj-shop"),
    *route(BLOG, "pr-12", "prj-blog"),
    *pod("web-1", SHOP, "production", WEB, namespace="prj-shop"),
    *pod("site-1", BLOG, "pr-12", WEB, namespace="prj-blog"),
    *RECORDED,
]
HEALTHY: Final = [
    *COMMON,
    'scrape_samples_limit{job="envoy-gateway"} 1600',
    # None is no limit.
    'scrape_samples_limit{job="kubelet"} 0',
    'scrape_samples_post_metric_relabeling{job="kubelet"} 9000',
    'scrape_samples_post_metric_relabeling{job="envoy-gateway"} 1000',
]
SICK: Final = [
    *COMMON,
    *(f'tenant:container_memory_working_set_bytes:sum{{{tenant(SHOP, "production", WEB)},pod="{n}"}} 1' for n in "ab"),
    f'envoy_cluster_upstream_rq_xx{{{tenant(SHOP.replace("-", ""), "production", WEB)},job="envoy-gateway"}} 1',
    # A customer may call his own as he likes.
    'envoy_cluster_upstream_rq_xx{project_id="x",job="app"} 1',
    f'scrape_samples_limit{{cluster="c1",job="envoy-gateway"}} {BUDGET.per_region}',
    f'scrape_samples_post_metric_relabeling{{cluster="c1",job="envoy-gateway"}} {int(BUDGET.per_region * 0.75)}',
    *route(SHOP, "pr-12", "prj-shop"),
    # Of the other project, in this one's namespace.
    *route(BLOG, "production", "prj-shop"),
    # A namespace that nothing is known of is nobody's mistake.
    *route(BLOG, "production", "prj-empty"),
    *pod("api-1", SHOP, "production", API, namespace="prj-shop", ready=0),
    # A pod that has ended needs not be ready, and one without a ready pod may have requests.
    *pod("job-1", BLOG, "production", API, namespace="prj-blog", ready=0, ended=1),
    *pod("site-2", BLOG, "production", WEB, namespace="prj-blog", ready=0),
    f"tenant:requests:rate1m{{{tenant(BLOG, 'production', WEB)}}} 3",
    f"tenant:requests:rate1m{{{tenant(SHOP, 'production', API)}}} 0",
    'kube_pod_labels{cluster="c1",namespace="x",pod="x",label_starform_io_project_id_conflict1="1"} 1',
    *(f'app_pages{{{tenant(SHOP, "production", WEB)},page="/{number}"}} 1' for number in range(1_500)),
]


@contextmanager
def healthy_region(folder: Path) -> Iterator[Running]:
    """Nothing is wrong here; the gateway has traffic of its own besides a route's."""
    with region(folder, HEALTHY, clusters=[ROUTE, "wasm_cluster"], sent=SENT) as running:
        yield running


@contextmanager
def sick_region(folder: Path) -> Iterator[Running]:
    """Everything is wrong here."""
    clusters = [ROUTE, STRANGER, "wasm_cluster"]
    with region(folder, SICK, clusters=clusters, allowlist=None, rules=BROKEN, sent=LEFT) as running:
        _until_evaluated(running)
        yield running


def _until_evaluated(running: Running) -> None:
    deadline = time.monotonic() + 30
    while 'lastError":""' in httpx.get(f"{running.place.alerts_url}/api/v1/rules").text:
        assert time.monotonic() < deadline, "the rule was not evaluated"
        time.sleep(0.1)
