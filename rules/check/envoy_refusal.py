"""Checks on what makes an Envoy expose nothing at all: settings that it refuses, and those that turn everything off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rules.check import statistics
from rules.check.check import Check
from rules.check.finding import Hit
from rules.check.node import Unreadable
from rules.check.source import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.check import Surroundings
    from rules.check.node import Node

_KINDS: Final = (Kind.ENVOY_PROXY, Kind.BOOTSTRAP)
_MATCHERS: Final = ("exact", "prefix", "suffix", "contains", "safe_regex", "custom")
_LISTS: Final = ("reject_all", "exclusion_list", "inclusion_list")
_PROMETHEUS: Final = ("spec", "telemetry", "metrics", "prometheus", "disable")


def _rejected(document: Document, _: Surroundings) -> Iterator[Hit]:
    found = statistics.of(document)
    if found is not None and found.mode == "reject_all":
        yield Hit(found.line, "reject_all: no statistic is created, neither of customers nor of the gateway itself")


def _disabled(document: Document, _: Surroundings) -> Iterator[Hit]:
    if document.root.truth(*_PROMETHEUS):
        yield Hit(document.root.line_of(*_PROMETHEUS), "prometheus.disable: there is no page that vmagent could scrape")


def _unreadable(document: Document, _: Surroundings) -> Iterator[Hit]:
    value = document.root.at("spec", "bootstrap", "value")
    if value is None or value.tag in {"map", "seq"}:
        return
    found = statistics.bootstraps(document.root)
    try:
        found = found or tuple(value.embedded())
    except Unreadable as failure:
        yield Hit(failure.line, f"spec.bootstrap.value: {failure.why}")
        return
    if len(found) != 1 or found[0].tag != "map":
        yield Hit(value.line, "spec.bootstrap.value: no map of a bootstrap's keys; Envoy Gateway refuses the resource")


def _stats(document: Document) -> Iterator[Node]:
    roots = (document.root,) if document.kind is Kind.BOOTSTRAP else statistics.bootstraps(document.root)
    for root in roots:
        stats = root.at("stats_config")
        if stats is not None and stats.tag == "map":
            yield stats


def _refused(document: Document, _: Surroundings) -> Iterator[Hit]:
    for stats in _stats(document):
        matcher = stats.at("stats_matcher")
        if matcher is not None and matcher.tag == "map":
            yield from _exactly_one(matcher, _LISTS, "stats_matcher")
            for name in _LISTS[1:]:
                listed = matcher.at(name)
                if listed is not None and listed.tag == "map" and not listed.each("patterns"):
                    yield Hit(listed.line, f"{name} has no patterns")
                for pattern in matcher.each(name, "patterns"):
                    yield from _exactly_one(pattern, _MATCHERS, "a pattern")
        for setting in stats.each("histogram_bucket_settings"):
            match = setting.at("match")
            if match is None:
                yield Hit(setting.line, "histogram_bucket_settings: match is missing")
            else:
                yield from _exactly_one(match, _MATCHERS, "match")


def _exactly_one(node: Node, keys: tuple[str, ...], what: str) -> Iterator[Hit]:
    """Of what a map may hold one of, there must be one."""
    if node.tag != "map":
        return
    given = [key for key in keys if node.at(key) is not None]
    if len(given) != 1:
        shown = " and ".join(given) if given else f"none of {', '.join(keys)}"
        yield Hit(node.line, f"{what} has {shown}; write exactly one")


CHECKS: Final = (
    Check(
        "SM026",
        "every-statistic-rejected",
        "reject_all at the top silences the gateway itself too; it belongs into the metadata of a preview's cluster.",
        "Use an inclusion list here, and reject_all as in compose/rendered/preview-patch.yaml.",
        _KINDS,
        _rejected,
    ),
    Check(
        "SM029",
        "statistics-refused",
        "Envoy refuses its whole configuration for one matcher that says nothing, or two things at once.",
        "Give each matcher exactly one of exact, prefix, suffix, contains and safe_regex.",
        _KINDS,
        _refused,
    ),
    Check(
        "SM036",
        "prometheus-disabled",
        "Without its page of metrics nothing of a gateway is scraped: no latency, no traffic, no bill for egress.",
        "Leave telemetry.metrics.prometheus.disable unset.",
        (Kind.ENVOY_PROXY,),
        _disabled,
    ),
    Check(
        "SM037",
        "bootstrap-unreadable",
        "Envoy Gateway refuses a resource whose bootstrap it cannot read, and the gateways keep what they had.",
        "Write spec.bootstrap.value as a block of YAML, a map of a bootstrap's keys.",
        (Kind.ENVOY_PROXY,),
        _unreadable,
    ),
)
