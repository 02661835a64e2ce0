"""Checks on what leaves for Grafana Cloud: relabelling rules run over everything that names a customer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from rules import platform
from rules.check import alloy, corpus, platform_corpus, relabel
from rules.check.check import Check
from rules.check.finding import Hit
from rules.check.node import Unreadable
from rules.check.regex import matches, refusal
from rules.check.source import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.check.alloy import Block
    from rules.check.check import Surroundings
    from rules.check.node import Node

_KINDS: Final = (Kind.ALLOY, Kind.MONITORING, Kind.SCRAPE)
_CUSTOMERS: Final = relabel.Corpus(tuple(platform_corpus.customers()))
_OWN: Final = relabel.Corpus(tuple(platform_corpus.own()))
_ALL: Final = relabel.Corpus((*_OWN.series, *_CUSTOMERS.series))
_DENIED: Final = "|".join(platform.DENIED_LABELS)
_IDENTIFIER: Final = re.compile(platform.IDENTIFIER)
_CUSTOMER_WORDS: Final = frozenset({*corpus.CUSTOMER_NAMESPACES, corpus.CUSTOMER_POD})
_LOGS: Final = ("podLogs", "podLogsViaLoki", "podLogsViaOpenTelemetry", "podLogsViaKubernetesApi")


@dataclass(frozen=True, slots=True)
class _Way:
    """One way out: where it is written down, and the rules that every series passes."""

    name: str
    line: int
    rules: tuple[relabel.Rule, ...]


@lru_cache(maxsize=4)  # every check on a document asks
def _ways(document: Document) -> tuple[_Way, ...]:
    return tuple(_found(document))


def _found(document: Document) -> Iterator[_Way]:
    if document.block is not None:
        yield from _of_alloy(document.block)
    elif document.kind is Kind.MONITORING:
        yield from _of_values(document)
    else:
        for node in document.root.each("remote_write"):
            if platform.GRAFANA_CLOUD in node.string("url"):
                rules = tuple(relabel.of_yaml(rule) for rule in node.each("write_relabel_configs"))
                yield _Way("remote_write", node.line, rules)


def _leaves(endpoint: Block) -> bool:
    """Whether an endpoint is Grafana Cloud's, or might be: its address is not written down."""
    url = endpoint.attributes.get("url")
    return url is None or not url.text or platform.GRAFANA_CLOUD in url.text


def _of_alloy(root: Block) -> Iterator[_Way]:
    for component in root.named("prometheus.remote_write"):
        for endpoint in component.named("endpoint"):
            if _leaves(endpoint):
                own = tuple(relabel.of_alloy(block) for block in endpoint.named("write_relabel_config"))
                for before in _before(root, f"{component.name}.{component.label}.receiver", ()):
                    yield _Way(f"{component.name} {component.label}", endpoint.line, (*before, *own))


def _before(root: Block, receiver: str, seen: tuple[str, ...]) -> list[tuple[relabel.Rule, ...]]:
    """The rules of every chain of prometheus.relabel that leads to a receiver; none for what comes directly."""
    chains: list[tuple[relabel.Rule, ...]] = []
    for component in root.blocks:
        forward = component.attributes.get("forward_to")
        if forward is None or receiver not in forward.words or receiver in seen:
            continue
        if component.name == "prometheus.relabel":
            rules = tuple(relabel.of_alloy(block) for block in component.named("rule"))
            upstream = _before(root, f"{component.name}.{component.label}.receiver", (*seen, receiver))
            chains += [(*chain, *rules) for chain in upstream]
        else:
            chains.append(())
    return chains or [()]


def _of_values(document: Document) -> Iterator[_Way]:
    """Chart 4 has a map of destinations, older ones a list."""
    for found in document.root.each("destinations"):
        # A single map counts as a list of one: then its entries are the destinations.
        named = [(found.string("name"), found)] if found.at("type") is not None else found.entries.items()
        for name, node in named:
            url = node.string("url")
            if node.string("type") == "prometheus" and (platform.GRAFANA_CLOUD in url or not url):
                yield _Way(f"destination {name}", node.line, _chart_rules(node))


def _chart_rules(destination: Node) -> tuple[relabel.Rule, ...]:
    rules = destination.at("metricProcessingRules")
    if rules is None:
        return ()
    try:
        block = alloy.parse(rules.text, rules.line if rules.is_block else rules.line - 1)
    except Unreadable:
        return ()
    return tuple(relabel.of_alloy(one) for one in block.named("write_relabel_config"))


def _leak(labels: Mapping[str, str]) -> str | None:
    """The label of a series that names a customer."""
    for name, value in labels.items():
        if matches(_DENIED, name) or _IDENTIFIER.search(value) or value in _CUSTOMER_WORDS:
            return name
    return None


def _customers_leave(document: Document, _: Surroundings) -> Iterator[Hit]:
    for way in _ways(document):
        leaks: dict[str, relabel.Labels] = {}
        for _series, after in relabel.kept(way.rules, _CUSTOMERS):
            label = _leak(after)
            if label is not None:
                leaks.setdefault(label, after)
        for label, after in leaks.items():
            yield Hit(way.line, f"{way.name}: {after.get('__name__', 'a series')} leaves with {label}={after[label]!r}")


def _collides(document: Document, _: Surroundings) -> Iterator[Hit]:
    for way in _ways(document):
        result = relabel.merged(way.rules, _ALL)
        if result is not None:
            labels = ", ".join(result.labels)
            yield Hit(way.line, f"{way.name}: series of {result.name} that differ in {labels} become one")


def _own_lost(document: Document, _: Surroundings) -> Iterator[Hit]:
    for way in _ways(document):
        if way.rules and not relabel.kept(way.rules, _OWN):
            yield Hit(way.line, f"{way.name}: no series of the platform passes")


def _wrong_order(document: Document, _: Surroundings) -> Iterator[Hit]:
    for way in _ways(document):
        dropping: relabel.Rule | None = None
        for rule in way.rules:
            if rule.action in {"labeldrop", "labelkeep"}:
                dropping = dropping or rule
                if rule.source_labels:
                    yield Hit(rule.line, f"{way.name}: {rule.action} looks at names only; source_labels does nothing")
            elif rule.action in {"keep", "drop"} and dropping is not None:
                yield Hit(
                    rule.line, f"{way.name}: {rule.action} comes after the {dropping.action} of line {dropping.line}"
                )
                break


def _patterns(document: Document, _: Surroundings) -> Iterator[Hit]:
    for way in _ways(document) if document.kind is not Kind.SCRAPE else ():
        for rule in way.rules:
            why = refusal(rule.regex)
            if why is not None:
                yield Hit(rule.line, f"{way.name}: regex: {why}")
            elif not relabel.known(rule.action):
                yield Hit(rule.line, f"{way.name}: action {rule.action!r} is none that Alloy has")


def _logs_leave(document: Document, _: Surroundings) -> Iterator[Hit]:
    if document.block is not None:
        for component in document.block.named("loki.write"):
            for endpoint in component.named("endpoint"):
                if _leaves(endpoint):
                    yield Hit(
                        endpoint.line, f"loki.write {component.label}: pods' lines would leave with everything in them"
                    )
    elif document.kind is Kind.MONITORING:
        for feature in _LOGS:
            if document.root.truth(feature, "enabled") and not document.root.each(feature, "namespaces"):
                yield Hit(document.root.line_of(feature, "enabled"), f"{feature}: logs of every namespace would leave")


CHECKS: Final = (
    Check(
        "SM007",
        "egress-rule-refused",
        "Alloy refuses its configuration, or the rule does nothing and a customer's series leave.",
        "Write the regex for RE2, and an action that Alloy has.",
        (Kind.ALLOY, Kind.MONITORING),
        _patterns,
    ),
    Check(
        "SM070",
        "customer-leaves-for-grafana-cloud",
        "Customers' identifiers must not leave the platform (GDPR); a rule on label names does not see values.",
        "Keep by name and by platform namespace first, then drop identifiers, as compose/rendered/platform.alloy does.",
        _KINDS,
        _customers_leave,
    ),
    Check(
        "SM071",
        "platform-series-merged",
        "Two series made the same by a dropped label are duplicates: rules go wrong, and samples are refused.",
        "Keep only series without the label first, then drop it.",
        _KINDS,
        _collides,
    ),
    Check(
        "SM072",
        "keep-after-drop",
        "A rule that looks at a label must come before the label is gone, or it keeps or drops everything.",
        "Put keep and drop first, labeldrop last and without source_labels.",
        _KINDS,
        _wrong_order,
    ),
    Check(
        "SM073",
        "logs-leave-for-grafana-cloud",
        "A log line holds whatever a customer printed; no rule can tell.",
        "Send logs to the region's own store; restrict platform logs to the platform's namespaces.",
        (Kind.ALLOY, Kind.MONITORING),
        _logs_leave,
    ),
    Check(
        "SM074",
        "platform-lost",
        "Rules that let nothing pass leave the platform blind.",
        "Keep the series that rules/platform.py lists.",
        _KINDS,
        _own_lost,
    ),
)
