"""Checks on what leaves for Grafana Cloud: relabelling rules run over everything that names a customer."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from rules import platform
from rules.check import corpus, log_way, platform_corpus, relabel, relabel_corpus, taint
from rules.check.check import Check
from rules.check.egress_way import KINDS, Way, ways
from rules.check.finding import Hit
from rules.check.regex import matches, refusal
from rules.check.source import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.check.check import Surroundings

_CUSTOMERS: Final = relabel_corpus.Corpus(tuple(platform_corpus.customers()))
_OWN: Final = relabel_corpus.Corpus(tuple(platform_corpus.own()))
_ALL: Final = relabel_corpus.Corpus((*_OWN.series, *_CUSTOMERS.series))
_DENIED: Final = "|".join(platform.DENIED_LABELS)
# Not the catalogue's own pattern, which is what is on trial here: whatever holds an id once signs and case are away.
_SIGNS: Final = str.maketrans("", "", "-_")
_ID: Final = re.compile(r"[0-9a-f]{32}")
_CUSTOMER_WORDS: Final = frozenset({*corpus.CUSTOMER_NAMESPACES, corpus.CUSTOMER_POD})
_SHOWN: Final = 3


def _leaks(labels: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    """The labels of a series that name a customer, and whether it is by an id in the value alone."""
    for name, value in labels.items():
        if matches(_DENIED, name) or value in _CUSTOMER_WORDS:
            yield name, False
        elif _ID.search(value.lower().translate(_SIGNS)):
            yield name, True


def _customers_leave(document: Document, _: Surroundings) -> Iterator[Hit]:
    for way in ways(document):
        if way.unproved:
            continue
        named: dict[str, relabel.Labels] = {}
        in_value: dict[str, relabel.Labels] = {}
        for _series, after in relabel_corpus.kept(way.rules, _CUSTOMERS):
            # Of a series one label is enough.
            for label, is_in_value in islice(_leaks(after), 1):
                (in_value if is_in_value else named).setdefault(label, after)
        for label, after in named.items():
            yield Hit(way.line, f"{way.name}: {after.get('__name__', 'a series')} leaves with {label}={after[label]!r}")
        if in_value:
            shown = ", ".join(f"{label}={after[label]!r}" for label, after in [*in_value.items()][:_SHOWN])
            more = f" and {len(in_value) - _SHOWN} labels more" if len(in_value) > _SHOWN else ""
            yield Hit(way.line, f"{way.name}: series leave with an id in {shown}{more}")
        yield from _tells_apart(way, {*named, *in_value})


def _tells_apart(way: Way, said: set[str]) -> Iterator[Hit]:
    """What leaves and differs by tenant, in whatever form; of a label that was `said` to leave nothing more is."""
    is_said = False
    for found in taint.differences(way.rules):
        if found.lone and not is_said:
            is_said = True
            who = f"{found.name} of the namespace {found.lone!r} leaves, and of another does not"
            yield Hit(way.line, f"{way.name}: {who}: which namespaces there are is not known; keep the platform's")
        elif found.labels and said.isdisjoint(found.labels):
            label = found.labels[0]
            said.add(label)
            one, other = found.one.get(label, ""), found.other.get(label, "")
            yield Hit(
                way.line, f"{way.name}: {found.name} leaves with {label}={one!r} of one tenant, {other!r} of another"
            )


def _unproved(document: Document, _: Surroundings) -> Iterator[Hit]:
    for way in ways(document) if document.kind in KINDS else ():
        if way.unproved:
            yield Hit(way.line, f"{way.name}: {way.unproved}, so that nothing here holds customers back")
    yield from log_way.series_leaving(document)


def _collides(document: Document, _: Surroundings) -> Iterator[Hit]:
    for way in ways(document):
        result = relabel_corpus.merged(way.rules, _ALL)
        if result is not None:
            labels = ", ".join(result.labels)
            yield Hit(way.line, f"{way.name}: series of {result.name} that differ in {labels} become one")


def _own_lost(document: Document, _: Surroundings) -> Iterator[Hit]:
    for way in ways(document):
        if way.rules and not relabel_corpus.kept(way.rules, _OWN):
            yield Hit(way.line, f"{way.name}: no series of the platform passes")


def _wrong_order(document: Document, _: Surroundings) -> Iterator[Hit]:
    for way in ways(document):
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
    for way in ways(document) if document.kind is not Kind.SCRAPE else ():
        for rule in way.rules:
            why = refusal(rule.regex)
            if why is not None:
                yield Hit(rule.line, f"{way.name}: regex: {why}")
            elif not relabel.known(rule.action):
                yield Hit(rule.line, f"{way.name}: action {rule.action!r} is none that Alloy has")


def _logs_leave(document: Document, _: Surroundings) -> Iterator[Hit]:
    yield from log_way.lines_leaving(document)


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
        KINDS,
        _customers_leave,
    ),
    Check(
        "SM071",
        "platform-series-merged",
        "Two series made the same by a dropped label are duplicates: rules go wrong, and samples are refused.",
        "Keep only series without the label first, then drop it.",
        KINDS,
        _collides,
    ),
    Check(
        "SM072",
        "keep-after-drop",
        "A rule that looks at a label must come before the label is gone, or it keeps or drops everything.",
        "Put keep and drop first, labeldrop last and without source_labels.",
        KINDS,
        _wrong_order,
    ),
    Check(
        "SM073",
        "logs-leave-for-grafana-cloud",
        "A log line holds whatever a customer printed; no rule can tell.",
        "Send logs to the region's own store; restrict platform logs to the platform's namespaces.",
        log_way.KINDS,
        _logs_leave,
    ),
    Check(
        "SM074",
        "platform-lost",
        "Rules that let nothing pass leave the platform blind.",
        "Keep the series that rules/platform.py lists.",
        KINDS,
        _own_lost,
    ),
    Check(
        "SM075",
        "egress-unproved",
        "What no relabelling rule stands before, or none that is seen here, may hold any customer's identifier.",
        "Send metrics by remote write, with the rules of compose/rendered/platform.alloy in the same file.",
        (*KINDS, Kind.FLUENT_BIT, Kind.VECTOR),
        _unproved,
    ),
)
