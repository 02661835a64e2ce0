"""What a platform agent meets on its way to Grafana Cloud: the platform's own series, and everything of customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rules import platform
from rules.check.corpus import CUSTOMER_POD, PRODUCTION, Series, gateway, pods, tuple_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_OWN: Final = ("kube-system", "starform-system")


def own() -> Iterator[Series]:
    """The platform's: nodes, workloads, programs."""
    for node in ("node-1", "node-2"):
        yield {"__name__": "node_cpu_seconds_total", "instance": node, "cpu": "0", "mode": "idle"}
        yield {"__name__": "kube_node_info", "node": node}
    for namespace in _OWN:
        for name in ("coredns", "query"):
            where = {"namespace": namespace, "deployment": name, "job": "kube-state-metrics"}
            yield {"__name__": "kube_deployment_status_replicas_available"} | where
        yield {"__name__": "up", "job": "app", "namespace": namespace, "pod": "coredns-5d78c9869d-abcde"}
    for code in ("200", "503"):
        yield {"__name__": "query_reads_total", "job": "query", "instance": "q-1", "endpoint": "query", "code": code}
    yield {"__name__": "starmeter_billing_watermark_age_seconds", "job": "platform", "process": "billing"}
    yield {"__name__": "rules_live_findings", "job": "platform", "region": "fra1", "check": "SL001"}
    yield {"__name__": "vm_rows", "job": "victoria-metrics", "type": "storage/big"}


def _named_in_values() -> Iterator[Series]:
    """A customer's id in any label of a series that the platform keeps, however the id is spelt."""
    project = PRODUCTION.project_id
    spellings = (project, project.upper(), project.replace("-", ""), project.replace("-", "_"))
    for number, label in enumerate(platform.SUSPECT_LABELS):
        spelt = spellings[number % len(spellings)]
        yield {"__name__": "query_reads_total", "code": "200", label: f"/v1/{spelt}/x" if number % 2 else spelt}
    yield {"__name__": "query_reads_total", "code": "500", "path": f"/v1/x\n{project}"}
    # In capitals and without hyphens, as some programs write it.
    yield {"__name__": "process_start_time_seconds", "job": spellings[2].upper(), "instance": "q-1"}


def customers() -> Iterator[Series]:
    """Everything that names a customer: series before and after attribution, and workloads in their namespaces."""
    yield from (series for series in gateway() if "envoy_cluster_name" in series)
    yield from pods()
    yield {"__name__": "envoy_cluster_upstream_rq_xx", "job": "envoy-gateway"} | tuple_of(PRODUCTION)
    yield {"__name__": "tenant:requests:rate1m"} | tuple_of(PRODUCTION)
    yield {"__name__": "query_reads_total", "workspace_id": PRODUCTION.project_id, "code": "200"}
    customer = {"namespace": "prj-a", "job": "kube-state-metrics"}
    for name in ("checkout", "web"):
        yield {"__name__": "kube_deployment_status_replicas_available", "deployment": name} | customer
    yield {"__name__": "up", "job": "app", "namespace": "prj-a", "pod": CUSTOMER_POD, "instance": "10.1.2.3:9090"}
    # Where the scrape's own namespace pushed that of the object aside.
    for namespace in ("prj-a", "prj-b"):
        aside = {"namespace": "kube-system", "exported_namespace": namespace, "deployment": "web"}
        yield {"__name__": "kube_deployment_status_replicas_available"} | aside
    yield from _named_in_values()
    route = "".join(tuple_of(PRODUCTION)[label].replace("-", "") for label in ("project_id", "service_id"))
    yield {"__name__": "up", "job": "blackbox", "instance": f"https://{route}-production.starform.app"}
