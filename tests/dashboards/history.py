"""Ten minutes of a region as its agents would have stored them: every page of the cluster, every gateway counter."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from compose.cluster import kubelet, state
from compose.cluster.inventory import Cluster
from compose.demo import PROJECTS, cluster_of, deployments
from rules.catalogue import LATENCY_BUCKETS_MS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compose.demo import Deployment

REGION: Final = "fra1"
(SHOP,) = (project for project in PROJECTS if project.name == "shop")
SCRAPE_SECONDS: Final = 15
SCRAPES: Final = 41
SECONDS: Final = (SCRAPES - 1) * SCRAPE_SECONDS

# Per service and second: answers by class, bytes from and to the service. Every request takes between 50 and 100 ms,
# but one in ten takes between 250 and 500. Only production fails: elsewhere no 5xx series was ever born.
PRODUCTION: Final = {"2": 8.0, "4": 1.0, "5": 1.0}
ELSEWHERE: Final = {"2": 2.0}
BYTES_OUT: Final = 5_000.0
BYTES_IN: Final = 700.0
_GATEWAY_AGE: Final = 86_400.0


def load(store_url: str, end: float) -> None:
    """Import everything that the agents of `REGION` would have scraped up to `end` (unix seconds)."""
    cluster = Cluster(REGION)
    for number in range(SCRAPES):
        at = end - SECONDS + number * SCRAPE_SECONDS
        pages = {
            "kubelet": kubelet.render(cluster.running(at), at),
            "kube-state-metrics": state.render(cluster.known(at), at),
            "envoy-gateway": "".join(f"{line}\n" for line in _gateway(_GATEWAY_AGE + at - end)),
        }
        for job, page in pages.items():
            _import(store_url, job, page, at)


def replicas(at: float) -> frozenset[tuple[str, str]]:
    """The environment and the name of each of the project's pods at a moment."""
    pods = Cluster(REGION).running(at)
    return frozenset(
        (pod.tenant.environment, pod.name) for pod in pods if pod.tenant and pod.tenant.project_id == SHOP.id
    )


def answers(deployment: Deployment) -> dict[str, float]:
    """Answers a second by the first digit of their status; a preview's are not counted at all."""
    if deployment.environment.is_ephemeral:
        return {}
    return PRODUCTION if deployment.environment.name == "production" else ELSEWHERE


def _gateway(seconds: float) -> Iterator[str]:
    """The counters of a gateway that has been up for so long."""
    for deployment in deployments(REGION):
        rates = answers(deployment)
        if not rates:
            continue
        tenant = deployment.tenant
        labels = (
            f'project_id="{tenant.project_id}",environment="{tenant.environment}",service_id="{tenant.service_id}",'
            f'namespace="{deployment.project.namespace}",route_kind="httproute",rule="0"'
        )
        for digit, rate in rates.items():
            yield f'envoy_cluster_upstream_rq_xx{{envoy_response_code_class="{digit}",{labels}}} {rate * seconds:.0f}'
        count = sum(rates.values()) * seconds
        for bound in LATENCY_BUCKETS_MS:
            share = 0.0 if bound <= 50 else 0.9 if bound < 500 else 1.0
            yield f'envoy_cluster_upstream_rq_time_bucket{{le="{bound}",{labels}}} {share * count:.0f}'
        yield f'envoy_cluster_upstream_rq_time_bucket{{le="+Inf",{labels}}} {count:.0f}'
        yield f"envoy_cluster_upstream_cx_rx_bytes_total{{{labels}}} {BYTES_OUT * seconds:.0f}"
        yield f"envoy_cluster_upstream_cx_tx_bytes_total{{{labels}}} {BYTES_IN * seconds:.0f}"


def _import(store_url: str, job: str, page: str, at: float) -> None:
    labels = {"job": job, "instance": "10.0.0.1:1", "cluster": cluster_of(REGION), "region": REGION}
    arguments = [("timestamp", f"{at * 1000:.0f}"), *(("extra_label", f"{name}={labels[name]}") for name in labels)]
    url = f"{store_url}/api/v1/import/prometheus?{urlencode(arguments)}"
    request = urllib.request.Request(url, data=page.encode(), method="POST")  # noqa: S310 - our own loopback URL
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - our own loopback URL
        pass
