"""Checks on scrape configurations: whose labels count, what relabelling leaves of a tenant, what limits would tear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.tenant import TENANT_LABELS
from rules.budget import BUDGET
from rules.check import corpus, relabel_corpus
from rules.check.check import Check
from rules.check.finding import Hit
from rules.check.relabel import of_yaml
from rules.check.scrape_job import CUSTOMER_SERIES, UNKNOWN, jobs, sent_series
from rules.check.source import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.check import Surroundings
    from rules.check.relabel import Rule
from rules.check.scrape_job import Job

_KINDS: Final = (Kind.SCRAPE,)
_DIGITS: Final = 18
_PREVIEW_LIKE: Final = relabel_corpus.Corpus(tuple(corpus.preview_like()))


def _honor_labels(document: Document, _: Surroundings) -> Iterator[Hit]:
    for node in document.root.walk():
        for key in ("honor_labels", "honorLabels"):
            if node.truth(key):
                yield Hit(node.keys[key], f"{key}: what a target says of itself overrules what we know of it")


def _merged(document: Document, _: Surroundings) -> Iterator[Hit]:
    if document.kind is Kind.RELABELLING:
        yield from _merged_at_last(document)
    for job in jobs(document):
        for role in job.roles:
            what = _becomes_one(job, role)
            if what is not None:
                # What harms one of the roles that it may have is enough.
                guess = f"what it scrapes cannot be told; of a {role}, " if job.role == UNKNOWN else ""
                yield Hit(job.line, f"job {job.name}: {guess}{what}")
                break


def _merged_at_last(document: Document) -> Iterator[Hit]:
    """What rules for all that is sent make of series that jobs have kept; whose they are cannot be told."""
    rules = tuple(map(of_yaml, document.root.items))
    for role, sent in sent_series().items():
        result = relabel_corpus.merged(rules, sent)
        if result is not None:
            labels = ", ".join(result.labels)
            yield Hit(document.root.line, f"of a {role}, series of {result.name} that differ in {labels} become one")
            break


def _becomes_one(job: Job, role: str) -> str | None:
    result = relabel_corpus.merged(job.rules, job.met(role))
    if result is None:
        return None
    if result.labels:
        return f"series of {result.name} that differ in {', '.join(result.labels)} become one"
    return f"series of {result.name} of two targets become one; relabel_configs or labels make their targets the same"


def _of_customers(document: Document) -> Iterator[Job]:
    return (job for job in jobs(document) if job.serves_customers)


def _lost(document: Document, _: Surroundings) -> Iterator[Hit]:
    for job in _of_customers(document):
        routes = [series for series, _ in job.kept() if series.get("envoy_cluster_name") in corpus.ROUTES]
        kept = {series["__name__"] for series in routes}
        for name in sorted(CUSTOMER_SERIES - kept):
            yield Hit(job.line, f"job {job.name}: {name} of customers' routes is dropped")


def _attribution(document: Document, _: Surroundings) -> Iterator[Hit]:
    for job in _of_customers(document):
        wrong = _wrong_labels(job)
        if wrong is not None:
            yield Hit(job.line, f"job {job.name}: {wrong}")


def _wrong_labels(job: Job) -> str | None:
    for series, after in job.kept():
        route = corpus.ROUTES.get(series.get("envoy_cluster_name", ""))
        if route is None or series["__name__"] not in CUSTOMER_SERIES:
            continue
        for label in TENANT_LABELS:
            expected, found = getattr(route, label), after.get(label, "")
            if not found:
                return f"series of routes have no {label}"
            if found != expected:
                return f"{label} becomes {found!r} where the other path says {expected!r}"
    return None


def _strangers(document: Document, _: Surroundings) -> Iterator[Hit]:
    for job in _of_customers(document):
        for series, _after in job.kept():
            cluster = series.get("envoy_cluster_name", "")
            if cluster in corpus.STRANGERS:
                yield Hit(job.line, f"job {job.name}: series of {cluster}, which is no customer's route, are stored")
                break


def _preview_by_name(document: Document, _: Surroundings) -> Iterator[Hit]:
    for job in _of_customers(document):
        kept = {series["case"] for series, _ in relabel_corpus.kept(job.rules, _PREVIEW_LIKE)}
        lost = [one["case"] for one in _PREVIEW_LIKE.series if one["case"] not in kept] if "production" in kept else []
        if lost:
            yield Hit(job.line, f"job {job.name}: keeps production but not {lost[0]}, which may be a production too")
        for rule in () if lost else filter(_drops_by_name, job.rules):
            yield Hit(rule.line, f"job {job.name}: drops by what an environment is called")
    for job in jobs(document):
        # A pod's own series are a customer's too.
        for rule in filter(_drops_by_name, job.rules) if job.role == UNKNOWN else ():
            yield Hit(rule.line, f"job {job.name}: drops by what an environment is called")


def _drops_by_name(rule: Rule) -> bool:
    """Whether a rule drops environments of whatever project for their name; a list of tenants names projects too."""
    labels = {*rule.source_labels, *rule.conditions}
    is_empty = rule.source_labels and rule.regex in {"", "^$"}
    return rule.action == "drop" and "environment" in labels and "project_id" not in labels and not is_empty


def _limiters(document: Document, _: Surroundings) -> Iterator[Hit]:
    least = int(BUDGET.per_gateway * BUDGET.limiter_headroom)
    for job in _of_customers(document):
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
        (Kind.SCRAPE, Kind.RELABELLING),
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
