"""Checks on scrape configurations: whose labels count, what relabelling leaves of a tenant, what limits would tear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.tenant import TENANT_LABELS
from rules.budget import BUDGET
from rules.catalogue import CUSTOMER_FAMILIES, GATEWAY_JOB
from rules.check import corpus, relabel, relabel_corpus
from rules.check.check import Check
from rules.check.finding import Hit
from rules.check.source import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.check.check import Surroundings
    from rules.check.node import Node

_KINDS: Final = (Kind.SCRAPE,)
_CUSTOMER_SERIES: Final = frozenset(series for family in CUSTOMER_FAMILIES for series in family.series)
_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class _Job:
    """A scrape job, what it scrapes (gateway, pods or something else), and its rules for series."""

    name: str
    role: str
    line: int
    node: Node
    rules: tuple[relabel.Rule, ...]

    @property
    def met(self) -> relabel_corpus.Corpus:
        """What it would meet."""
        return _MET[self.role]

    def kept(self) -> tuple[tuple[Mapping[str, str], relabel.Labels], ...]:
        """Each series that it keeps, before and after."""
        return relabel_corpus.kept(self.rules, self.met)


_PODS: Final = tuple(corpus.pods())
_MET: Final = {
    "gateway": relabel_corpus.Corpus(tuple(corpus.gateway())),
    "kubelet": relabel_corpus.Corpus(tuple(one for one in _PODS if one["job"] == "kubelet")),
    "kube-state-metrics": relabel_corpus.Corpus(tuple(one for one in _PODS if one["job"] == "kube-state-metrics")),
    "other": relabel_corpus.Corpus(()),
}


_PREVIEW_LIKE: Final = relabel_corpus.Corpus(tuple(corpus.preview_like()))


def _jobs(document: Document) -> Iterator[_Job]:
    for node in document.root.each("scrape_configs"):
        name, path = node.string("job_name"), node.string("metrics_path")
        rules = tuple(relabel.of_yaml(rule) for rule in node.each("metric_relabel_configs"))
        yield _Job(name, _role(name.lower(), path), node.line, node, rules)


def _role(name: str, path: str) -> str:
    if path.startswith("/stats/prometheus") or name == GATEWAY_JOB:
        return "gateway"
    if path.endswith("/metrics/cadvisor") or name in {"cadvisor", "kubelet"}:
        return "kubelet"
    return "kube-state-metrics" if "kube-state-metrics" in name else "other"


def _serves_customers(job: _Job) -> bool:
    """Whether it is the gateway's for customers; one that keeps only the gateway's own series is the platform's."""
    if job.role != "gateway":
        return False
    names = {series["__name__"] for series, _ in job.kept()}
    return bool(names & _CUSTOMER_SERIES) or not names


def _honor_labels(document: Document, _: Surroundings) -> Iterator[Hit]:
    for node in document.root.walk():
        for key in ("honor_labels", "honorLabels"):
            if node.truth(key):
                yield Hit(node.keys[key], f"{key}: what a target says of itself overrules what we know of it")


def _merged(document: Document, _: Surroundings) -> Iterator[Hit]:
    for job in _jobs(document):
        result = relabel_corpus.merged(job.rules, job.met)
        if result is not None:
            labels = ", ".join(result.labels)
            yield Hit(job.line, f"job {job.name}: series of {result.name} that differ in {labels} become one")


def _lost(document: Document, _: Surroundings) -> Iterator[Hit]:
    for job in filter(_serves_customers, _jobs(document)):
        routes = [series for series, _ in job.kept() if series.get("envoy_cluster_name") in corpus.ROUTES]
        kept = {series["__name__"] for series in routes}
        for name in sorted(_CUSTOMER_SERIES - kept):
            yield Hit(job.line, f"job {job.name}: {name} of customers' routes is dropped")


def _attribution(document: Document, _: Surroundings) -> Iterator[Hit]:
    for job in filter(_serves_customers, _jobs(document)):
        wrong = _wrong_labels(job)
        if wrong is not None:
            yield Hit(job.line, f"job {job.name}: {wrong}")


def _wrong_labels(job: _Job) -> str | None:
    for series, after in job.kept():
        route = corpus.ROUTES.get(series.get("envoy_cluster_name", ""))
        if route is None or series["__name__"] not in _CUSTOMER_SERIES:
            continue
        for label in TENANT_LABELS:
            expected, found = getattr(route, label), after.get(label, "")
            if not found:
                return f"series of routes have no {label}"
            if found != expected:
                return f"{label} becomes {found!r} where the other path says {expected!r}"
    return None


def _strangers(document: Document, _: Surroundings) -> Iterator[Hit]:
    for job in filter(_serves_customers, _jobs(document)):
        for series, _after in job.kept():
            cluster = series.get("envoy_cluster_name", "")
            if cluster in corpus.STRANGERS:
                yield Hit(job.line, f"job {job.name}: series of {cluster}, which is no customer's route, are stored")
                break


def _preview_by_name(document: Document, _: Surroundings) -> Iterator[Hit]:
    for job in filter(_serves_customers, _jobs(document)):
        kept = {series["case"] for series, _ in relabel_corpus.kept(job.rules, _PREVIEW_LIKE)}
        lost = [one["case"] for one in _PREVIEW_LIKE.series if one["case"] not in kept] if "production" in kept else []
        if lost:
            yield Hit(job.line, f"job {job.name}: keeps production but not {lost[0]}, which may be a production too")
        for rule in () if lost else filter(_drops_by_name, job.rules):
            yield Hit(rule.line, f"job {job.name}: drops by what an environment is called")


def _drops_by_name(rule: relabel.Rule) -> bool:
    """Whether a rule drops environments of whatever project for their name; a list of tenants names projects too."""
    labels = {*rule.source_labels, *rule.conditions}
    is_empty = rule.source_labels and rule.regex in {"", "^$"}
    return rule.action == "drop" and "environment" in labels and "project_id" not in labels and not is_empty


def _limiters(document: Document, _: Surroundings) -> Iterator[Hit]:
    least = int(BUDGET.per_gateway * BUDGET.limiter_headroom)
    for job in filter(_serves_customers, _jobs(document)):
        for key in ("series_limit", "sample_limit"):
            text = job.node.string(key)
            # More digits than any limit has are no small one; Python refuses to count them.
            if text.isdecimal() and len(text) <= _DIGITS and 0 < int(text) < least:
                line = job.node.line_of(key)
                yield Hit(line, f"job {job.name}: {key} {text} is below {least}, half as much again as is predicted")


CHECKS: Final = (
    Check(
        "SM040",
        "honor-labels",
        "A customer's /metrics may say project_id of another project; with honor_labels it would be believed.",
        "Set honor_labels to false.",
        (Kind.SCRAPE, Kind.MONITOR),
        _honor_labels,
    ),
    Check(
        "SM041",
        "series-merged",
        "Counters of different clusters stored under one name interleave: every rate is wrong, and no error shows.",
        "Keep rule, backend and route_kind when envoy_cluster_name is dropped, and id of cAdvisor's series.",
        _KINDS,
        _merged,
    ),
    Check(
        "SM042",
        "customer-series-lost",
        "What vmagent drops is in no dashboard and on no bill, and Envoy pays for it all the same.",
        "Keep every series of the three customer families.",
        _KINDS,
        _lost,
    ),
    Check(
        "SM043",
        "tenant-labels-wrong",
        "The front-door filters by exact values: with another spelling of an id a tenant sees nothing.",
        "Derive project_id, service_id (hyphenated) and environment as compose/rendered/vmagent.yml does.",
        _KINDS,
        _attribution,
    ),
    Check(
        "SM044",
        "stranger-stored",
        "Series of mirrors and internal clusters reach the customers' store without a tenant, or under a wrong one.",
        "Keep only series whose envoy_cluster_name matches the grammar.",
        _KINDS,
        _strangers,
    ),
    Check(
        "SM045",
        "preview-dropped-by-name",
        "Environments are named by customers: one that is called like a preview would lose its metrics.",
        "Suppress by the flag is_ephemeral, in Envoy.",
        _KINDS,
        _preview_by_name,
    ),
    Check(
        "SM046",
        "limiter-too-low",
        "At its limit a limiter drops whoever comes next, and single buckets of histograms: quantiles become wrong.",
        "Raise series_limit and sample_limit to 1.5 times the prediction; limit customers by plan instead.",
        _KINDS,
        _limiters,
    ),
)
