"""vmagent's scrape configuration: gateways, kubelets, kube-state-metrics, the platform's own; what of each is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ingest.relabel import metric_relabel_configs
from rules.budget import BUDGET
from rules.catalogue import CUSTOMER_FAMILIES, GATEWAY_JOB, PLATFORM_JOB
from rules.platform import OWN_SERIES
from rules.pods import KUBELET_NOISE, KUBELET_SERIES, STATE_NOISE, STATE_SERIES
from rules.render import document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SERVICE_ACCOUNT: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
_STATS_PORT: Final = "19001"

# The three customer families, each series attributed to its tenant by its cluster name.
GATEWAY_RULES: Final = metric_relabel_configs(
    keep="|".join(series for family in CUSTOMER_FAMILIES for series in family.series)
)

# How a region's cluster is found in production; the local stack has addresses instead.
_GATEWAYS: Final[dict[str, object]] = {
    "kubernetes_sd_configs": [{"role": "pod", "namespaces": {"names": ["envoy-gateway-system"]}}],
    "relabel_configs": [
        {
            "action": "keep",
            "source_labels": [
                "__meta_kubernetes_pod_label_app_kubernetes_io_name",
                "__meta_kubernetes_pod_label_app_kubernetes_io_component",
            ],
            "regex": "envoy;proxy",
        },
        # One target a pod, whatever ports its containers declare.
        {"action": "keep", "source_labels": ["__meta_kubernetes_pod_container_name"], "regex": "envoy"},
        {
            "source_labels": ["__meta_kubernetes_pod_ip"],
            "regex": "(.+)",
            "target_label": "__address__",
            "replacement": f"${{1}}:{_STATS_PORT}",
        },
        {"source_labels": ["__meta_kubernetes_pod_name"], "regex": "(.+)", "target_label": "instance"},
    ],
}
_KUBELETS: Final[dict[str, object]] = {
    "scheme": "https",
    "bearer_token_file": f"{_SERVICE_ACCOUNT}/token",
    "tls_config": {"ca_file": f"{_SERVICE_ACCOUNT}/ca.crt"},
    "kubernetes_sd_configs": [{"role": "node"}],
    "relabel_configs": [
        {"source_labels": ["__meta_kubernetes_node_name"], "regex": "(.+)", "target_label": "instance"}
    ],
}
_STATE: Final[dict[str, object]] = {
    "kubernetes_sd_configs": [{"role": "endpoints", "namespaces": {"names": ["kube-system"]}}],
    "relabel_configs": [
        {
            "action": "keep",
            "source_labels": [
                "__meta_kubernetes_service_label_app_kubernetes_io_name",
                "__meta_kubernetes_endpoint_port_name",
            ],
            "regex": "kube-state-metrics;(http|http-metrics)",
        }
    ],
}

# Our own processes, wherever they run: pods of ours with a port that is called so.
_OWN: Final[dict[str, object]] = {
    "kubernetes_sd_configs": [{"role": "pod"}],
    "relabel_configs": [
        {
            "action": "keep",
            "source_labels": [
                "__meta_kubernetes_pod_label_app_kubernetes_io_part_of",
                "__meta_kubernetes_pod_container_port_name",
            ],
            "regex": "starmeter;metrics",
        },
        {"source_labels": ["__meta_kubernetes_pod_name"], "regex": "(.+)", "target_label": "instance"},
        {
            "source_labels": ["__meta_kubernetes_pod_label_app_kubernetes_io_component"],
            "regex": "(.+)",
            "target_label": "process",
        },
    ],
}
Discovery = dict[str, object]


def addresses(targets: Sequence[str]) -> Discovery:
    """Targets by host and port, instead of what Kubernetes knows."""
    return {"static_configs": [{"targets": list(targets)}]}


def gateway_job(
    discovery: Discovery | None = None, rules: Sequence[Mapping[str, object]] = GATEWAY_RULES
) -> dict[str, object]:
    """Scrape Envoys, attributing each series by the relabelling `rules`."""
    found = _GATEWAYS if discovery is None else discovery
    limits = {} if discovery is not None else {"sample_limit": _limit(BUDGET.per_gateway)}
    return _job(GATEWAY_JOB, "/stats/prometheus", found, rules) | limits


def kubelet_job(discovery: Discovery | None = None) -> dict[str, object]:
    """Scrape the containers' use of every kubelet."""
    found = _KUBELETS if discovery is None else discovery
    names: dict[str, object] = {"action": "labeldrop", "regex": "|".join(KUBELET_NOISE)}
    job = _job("kubelet", "/metrics/cadvisor", found, [_keep(KUBELET_SERIES), names])
    # cAdvisor stamps its samples itself, seconds late and unevenly; staleness and rates go by the scrape's own time.
    return job | {"honor_timestamps": False}


def state_job(discovery: Discovery | None = None) -> dict[str, object]:
    """Scrape kube-state-metrics; the target has no `namespace` or `pod` of its own that would push those aside."""
    found = _STATE if discovery is None else discovery
    return _job("kube-state-metrics", "/metrics", found, [_keep(STATE_SERIES), *map(_drop, STATE_NOISE)])


def platform_job(discovery: Discovery | None = None, *, region: str = "%{REGION}") -> dict[str, object]:
    """Scrape our own processes for the platform's alerts.

    One that serves several regions says so by a label, which the store's own would overrule: of other regions' series
    nothing is kept here.
    """
    found = _OWN if discovery is None else discovery
    own: dict[str, object] = {"action": "keep", "source_labels": ["region"], "regex": f"({region})?"}
    return _job(PLATFORM_JOB, "/metrics", found, [_keep([OWN_SERIES]), own])


def configuration(jobs: Sequence[Mapping[str, object]], *, interval: str) -> dict[str, object]:
    """The whole configuration as plain data."""
    return {"global": {"scrape_interval": interval, "scrape_timeout": interval}, "scrape_configs": list(jobs)}


def render() -> str:
    """The scrape configuration of a cluster's vmagent, as YAML."""
    jobs = [gateway_job(), kubelet_job(), state_job(), platform_job()]
    return document.render(
        "What a cluster's vmagent scrapes and keeps (-promscrape.config).", configuration(jobs, interval="15s")
    )


def _limit(predicted: int) -> int:
    return int(predicted * BUDGET.limiter_headroom)


def _keep(names: Sequence[str]) -> dict[str, object]:
    return {"action": "keep", "source_labels": ["__name__"], "regex": "|".join(names)}


def _drop(noise: tuple[tuple[str, ...], str]) -> dict[str, object]:
    labels, regex = noise
    return {"action": "drop", "source_labels": list(labels), "separator": ";", "regex": regex}


def _job(
    name: str, path: str, discovery: Mapping[str, object], rules: Sequence[Mapping[str, object]]
) -> dict[str, object]:
    return {
        "job_name": name,
        "metrics_path": path,
        # A customer's text never overrides what we know of the target.
        "honor_labels": False,
        **discovery,
        "metric_relabel_configs": [dict(rule) for rule in rules],
    }
