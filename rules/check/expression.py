"""Checks on expressions: metrics that exist, labels of recorded series, absent failures, bounds that exist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.tenant import TENANT_LABELS
from rules.catalogue import CUSTOMER_FAMILIES, LATENCY_BUCKETS_MS, SELF_PREFIXES, TOPOLOGY_LABELS
from rules.check.check import Check
from rules.check.counters import GATEWAY_SERIES
from rules.check.finding import Hit, Severity
from rules.check.labels import carried
from rules.check.promql_tree import Operation, selectors, walk
from rules.check.regex import refusal
from rules.check.rule import rules
from rules.check.selection import chosen, is_named
from rules.check.source import Document, Kind
from rules.pods import KUBELET_SERIES, STATE_SERIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.check import Surroundings
    from rules.check.promql_tree import Expression
    from rules.check.rule import Rule

_KINDS: Final = (Kind.RULES, Kind.DASHBOARD)
_SELF: Final = "|".join(prefix.removesuffix(".") for prefix in SELF_PREFIXES)
_COLLECTED: Final = re.compile("|".join((*GATEWAY_SERIES, *KUBELET_SERIES, *STATE_SERIES, rf"envoy_(?:{_SELF})_\w+")))
# Whose names are ours to know; others may be a customer's own.
_GOVERNED: Final = re.compile(r"envoy_\w+|container_\w+|kube_pod_\w+|tenant(_pod)?:.*")
_BUCKETS: Final = frozenset({"envoy_cluster_upstream_rq_time_bucket"})
_BOUNDS: Final = frozenset({*(f"{bound}" for bound in LATENCY_BUCKETS_MS), "+Inf"})


_SCOPES: Final = {
    scope: frozenset({*TENANT_LABELS, *TOPOLOGY_LABELS, "le", "envoy_response_code_class", *more})
    for scope, more in (("tenant", ()), ("tenant_pod", ("pod",)))
}


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
        yield from _set_labels(rule)
        scope = rule.name.split(":")[0]
        if rule.kind != "recording" or scope not in _SCOPES:
            continue
        labels = carried(expression)
        if labels is None:
            yield Hit(
                rule.line, f"{rule.name}: which labels it carries cannot be told; aggregate by them at the outside"
            )
        elif missing := [label for label in TENANT_LABELS if label not in labels]:
            yield Hit(rule.line, f"{rule.name}: {', '.join(missing)} is aggregated away")
        elif extra := sorted(labels - _SCOPES[scope]):
            yield Hit(rule.line, f"{rule.name}: {', '.join(extra)} is not of the contract")


def _set_labels(rule: Rule) -> Iterator[Hit]:
    """Labels that the rule itself, or its group, sets: they overrule what the series say of their tenant."""
    allowed = _SCOPES.get(rule.name.split(":")[0]) if rule.kind == "recording" else None
    for label, line in rule.labels:
        if label in TENANT_LABELS:
            yield Hit(line, f"{rule.name}: labels: {label} makes every series that of one tenant")
        elif allowed is not None and label not in allowed:
            yield Hit(line, f"{rule.name}: labels: {label} is not of the contract")


def _unused_family(document: Document, surroundings: Surroundings) -> Iterator[Hit]:
    if surroundings.is_whole and document.root.each("scrape_configs"):
        for family in CUSTOMER_FAMILIES:
            if not surroundings.used & set(family.series):
                line = document.root.line_of("scrape_configs")
                yield Hit(line, f"no rule and no dashboard asks for {family.series[0]} ({family.gives})")


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


def _no_bound(document: Document, _: Surroundings) -> Iterator[Hit]:
    for rule in rules(document):
        for selector in rule.selectors:
            bound = selector.matcher("le") if is_named(selector) and chosen(selector, _BUCKETS) else None
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
        "Aggregate by (project_id, environment, service_id) at the outside, tenant_pod: by pod too; set none of them.",
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
        "SM065",
        "no-zero-for-absent-failures",
        "The series of an answer class is born with its first answer: without failures a ratio is absent, not 0.",
        "Write (failures or 0 * all) / (all > 0).",
        _KINDS,
        _no_zero,
        Severity.WARNING,
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
