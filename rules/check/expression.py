"""Checks on expressions: metrics that exist, labels of recorded series, counters born late, absent failures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.tenant import TENANT_LABELS
from rules.catalogue import CUSTOMER_FAMILIES, GATEWAY_JOB, LATENCY_BUCKETS_MS, SELF_PREFIXES, TOPOLOGY_LABELS
from rules.check.check import Check
from rules.check.finding import Hit, Severity
from rules.check.labels import carried
from rules.check.promql_tree import Call, Operation, selectors, walk
from rules.check.regex import refusal
from rules.check.rule import rules
from rules.check.source import Document, Kind
from rules.pods import KUBELET_SERIES, STATE_SERIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.check import Surroundings
    from rules.check.promql_tree import Expression
    from rules.check.rule import Rule

_KINDS: Final = (Kind.RULES, Kind.DASHBOARD)
GATEWAY_SERIES: Final = frozenset(series for family in CUSTOMER_FAMILIES for series in family.series)
_SELF: Final = "|".join(prefix.removesuffix(".") for prefix in SELF_PREFIXES)
_COLLECTED: Final = re.compile("|".join((*GATEWAY_SERIES, *KUBELET_SERIES, *STATE_SERIES, rf"envoy_(?:{_SELF})_\w+")))
# Whose names are ours to know; others may be a customer's own.
_GOVERNED: Final = re.compile(r"envoy_\w+|container_\w+|kube_pod_\w+|tenant(_pod)?:.*")
_RATES: Final = frozenset({"increase", "delta", "irate", "idelta", "increase_prometheus", "increase_pure", "rate"})
_SUMS: Final = _RATES - {"rate", "irate"}
_BILLED: Final = re.compile(r"(billing|usage|charge)[:_].*", re.IGNORECASE)
_BUCKETS: Final = "envoy_cluster_upstream_rq_time_bucket"
_BOUNDS: Final = frozenset({*(f"{bound}" for bound in LATENCY_BUCKETS_MS), "+Inf"})


def _read(document: Document) -> Iterator[tuple[Rule, Expression]]:
    for rule in rules(document):
        if rule.expression is not None:
            yield rule, rule.expression


def _unreadable(document: Document, _: Surroundings) -> Iterator[Hit]:
    for rule in rules(document):
        if rule.expression is None:
            yield Hit(rule.line, f"{rule.name}: {rule.why}; nothing of the expression was checked")
        else:
            for selector in rule.selectors:
                for matcher in selector.matchers:
                    why = (
                        refusal(matcher.value)
                        if matcher.operator in {"=~", "!~"} and "$" not in matcher.value
                        else None
                    )
                    if why is not None:
                        yield Hit(rule.line, f"{rule.name}: {matcher.label}{matcher.operator}: {why}")


def _unknown_metric(document: Document, surroundings: Surroundings) -> Iterator[Hit]:
    for rule in rules(document):
        for name in sorted({selector.name for selector in rule.selectors}):
            is_ours = _GOVERNED.fullmatch(name) is not None and "$" not in name
            if is_ours and name not in surroundings.recorded and _COLLECTED.fullmatch(name) is None:
                yield Hit(rule.line, f"{rule.name}: {name} is neither collected nor recorded")


def _recorded_labels(document: Document, _: Surroundings) -> Iterator[Hit]:
    for rule, expression in _read(document):
        scope = rule.name.split(":")[0]
        if rule.kind != "recording" or scope not in {"tenant", "tenant_pod"}:
            continue
        labels = carried(expression)
        allowed = {*TENANT_LABELS, *TOPOLOGY_LABELS, "le", "envoy_response_code_class"}
        allowed |= {"pod"} if scope == "tenant_pod" else set()
        if labels is None:
            yield Hit(
                rule.line, f"{rule.name}: which labels it carries cannot be told; aggregate by them at the outside"
            )
        elif missing := [label for label in TENANT_LABELS if label not in labels]:
            yield Hit(rule.line, f"{rule.name}: {', '.join(missing)} is aggregated away")
        elif extra := sorted(labels - allowed):
            yield Hit(rule.line, f"{rule.name}: {', '.join(extra)} is not of the contract")


def _unused_family(document: Document, surroundings: Surroundings) -> Iterator[Hit]:
    if surroundings.is_whole and document.root.each("scrape_configs"):
        for family in CUSTOMER_FAMILIES:
            if not surroundings.used & set(family.series):
                line = document.root.line_of("scrape_configs")
                yield Hit(line, f"no rule and no dashboard asks for {family.series[0]} ({family.gives})")


def _late_births(document: Document, _: Surroundings) -> Iterator[Hit]:
    for rule in rules(document):
        forbidden = _RATES if _BILLED.fullmatch(rule.name) else _SUMS
        for part in rule.parts:
            if isinstance(part, Call) and part.name in forbidden:
                counters = [s.name for s in selectors(part) if s.name in GATEWAY_SERIES]
                if counters:
                    yield Hit(
                        rule.line, f"{rule.name}: {part.name}({counters[0]}) misses what came before the first sample"
                    )
                    break


def _counts_failures(expression: Expression) -> bool:
    for selector in selectors(expression):
        matcher = selector.matcher("envoy_response_code_class")
        if matcher is not None and "5" in matcher.value and matcher.operator in {"=", "=~"}:
            return True
    return False


def _no_zero(document: Document, _: Surroundings) -> Iterator[Hit]:
    for rule in rules(document):
        for part in rule.parts:
            if isinstance(part, Operation) and part.operator == "/" and _counts_failures(part.left):
                filled = any(isinstance(p, Operation) and p.operator in {"or", "default"} for p in walk(part.left))
                if not filled:
                    yield Hit(rule.line, f"{rule.name}: a service that never failed has no ratio instead of 0")
                    break


def _any_job(document: Document, _: Surroundings) -> Iterator[Hit]:
    for rule in rules(document):
        for selector in rule.selectors:
            job = selector.matcher("job")
            if selector.name in GATEWAY_SERIES and (job is None or (job.operator, job.value) != ("=", GATEWAY_JOB)):
                yield Hit(
                    rule.line, f'{rule.name}: {selector.name} may be a customer\'s own without job="{GATEWAY_JOB}"'
                )
                break


def _no_bound(document: Document, _: Surroundings) -> Iterator[Hit]:
    for rule in rules(document):
        for selector in rule.selectors:
            bound = selector.matcher("le") if selector.name == _BUCKETS else None
            if bound is not None and bound.operator == "=" and bound.value not in _BOUNDS:
                yield Hit(rule.line, f"{rule.name}: le={bound.value!r} is no bound of upstream_rq_time: always empty")


CHECKS: Final = (
    Check(
        "SM060",
        "expression-unreadable",
        "vmalert refuses its whole file for one broken expression, and what cannot be read cannot be checked.",
        "Mend the expression; expand WITH templates.",
        _KINDS,
        _unreadable,
    ),
    Check(
        "SM061",
        "unknown-metric",
        "A query for a series that nobody collects is empty for ever, and an alert on it never fires.",
        "Correct the name, or add the series to the catalogue.",
        _KINDS,
        _unknown_metric,
    ),
    Check(
        "SM062",
        "recorded-labels",
        "The front-door confines a tenant by these labels: without one a series is invisible, with more it doubles.",
        "Aggregate by (project_id, environment, service_id) at the outside; tenant_pod: series also by pod.",
        (Kind.RULES,),
        _recorded_labels,
    ),
    Check(
        "SM063",
        "family-unused",
        "A family that nobody asks for costs its series of every route.",
        "Use it, or take it from the catalogue.",
        (Kind.SCRAPE,),
        _unused_family,
        Severity.WARNING,
    ),
    Check(
        "SM064",
        "counter-born-late",
        "Envoy creates a counter with its first value: increase() misses it, and a bill would miss the bytes.",
        "Meter by raw samples, where a counter's first value counts in full; rate() is for panels only.",
        _KINDS,
        _late_births,
    ),
    Check(
        "SM065",
        "no-zero-for-absent-failures",
        "The series of an answer class is born with its first answer: without failures a ratio is absent, not 0.",
        "Write (failures or 0 * all) / (all > 0).",
        _KINDS,
        _no_zero,
        Severity.WARNING,
    ),
    Check(
        "SM066",
        "job-not-pinned",
        "A customer's own /metrics may expose names like Envoy's, and would be counted as traffic.",
        f'Add job="{GATEWAY_JOB}" to the selector.',
        _KINDS,
        _any_job,
    ),
    Check(
        "SM067",
        "threshold-without-bucket",
        "A bucket that does not exist selects nothing: an objective on it is always met or always empty.",
        'Use a bound of the catalogue, as Envoy spells it: le="250".',
        _KINDS,
        _no_bound,
    ),
)
