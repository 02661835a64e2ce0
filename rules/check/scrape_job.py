"""Scrape jobs: what each scrapes, told by what it asks for and not by its name alone, and the series it would meet."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from rules.catalogue import CUSTOMER_FAMILIES, GATEWAY_JOB
from rules.check import corpus, relabel, relabel_corpus, scrape_target
from rules.check.node import documents
from rules.render.scrape import GATEWAY_RULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.check.node import Node
    from rules.check.source import Document

CUSTOMER_SERIES: Final = frozenset(series for family in CUSTOMER_FAMILIES for series in family.series)
GATEWAY: Final = "gateway"
UNKNOWN: Final = "unknown"
_STATE: Final = "kube-state-metrics"
_PODS: Final = tuple(corpus.pods())
_SERIES: Final = {
    GATEWAY: tuple(corpus.gateway()),
    "kubelet": tuple(one for one in _PODS if one["job"] == "kubelet"),
    _STATE: tuple(one for one in _PODS if one["job"] == _STATE),
}
# Their exposition's path, and a path that shows it when it is asked for this format.
_EXPOSITION: Final = "/stats/prometheus"
_STATISTICS: Final = "/stats"
_FORMAT: Final = "prometheus"


@dataclass(frozen=True, slots=True)
class Job:
    """A scrape job: what it scrapes (`role`), its rules for series, and the labels of two of its targets."""

    name: str
    role: str
    line: int
    node: Node
    rules: tuple[relabel.Rule, ...]
    targets: tuple[relabel.Labels, relabel.Labels]

    @property
    def roles(self) -> tuple[str, ...]:
        """What it may scrape: one role, or any when that cannot be told."""
        return tuple(_SERIES) if self.role == UNKNOWN else (self.role,)

    def met(self, role: str) -> relabel_corpus.Corpus:
        """What it would meet in a role."""
        first, second = (tuple(sorted(one.items())) for one in self.targets)
        return _met(role, first, second, self.node.truth("honor_labels"))

    def kept(self) -> tuple[tuple[Mapping[str, str], relabel.Labels], ...]:
        """Each series that it keeps, before and after; nothing when its role cannot be told."""
        return () if self.role == UNKNOWN else relabel_corpus.kept(self.rules, self.met(self.role))

    @property
    def serves_customers(self) -> bool:
        """Whether it is the gateway's for customers; one that keeps only the gateway's own series is the platform's."""
        if self.role != GATEWAY:
            return False
        names = {series["__name__"] for series, _ in self.kept()}
        return bool(names & CUSTOMER_SERIES) or not names


Told = tuple[tuple[str, str], ...]


@lru_cache(maxsize=64)
def _met(role: str, first: Told, second: Told, honors: bool) -> relabel_corpus.Corpus:
    """The series of a role with the labels of two targets in place of the corpus' own."""
    series = _SERIES[role]
    instances = list(dict.fromkeys(one["instance"] for one in series))
    labels = dict(zip(instances, (dict(first), dict(second)), strict=False))
    return relabel_corpus.Corpus(tuple(_attached(one, labels[one["instance"]], honors=honors) for one in series))


def _attached(series: Mapping[str, str], target: Mapping[str, str], *, honors: bool) -> relabel.Labels:
    """A series as it is stored of a target: labels of its own that the target has too are moved aside."""
    own = {label: value for label, value in series.items() if label not in {"job", "instance"}}
    if honors:
        return {**target, **own}
    return {**{f"exported_{label}" if label in target else label: value for label, value in own.items()}, **target}


@lru_cache(maxsize=4)  # every check on a document asks
def jobs(document: Document) -> tuple[Job, ...]:
    """The jobs of a scrape configuration."""
    return tuple(_jobs(document))


def _jobs(document: Document) -> Iterator[Job]:
    for node in document.root.each("scrape_configs"):
        name = node.string("job_name")
        rules = tuple(relabel.of_yaml(rule) for rule in node.each("metric_relabel_configs"))
        yield Job(name, _role(name.lower(), node), node.line, node, rules, scrape_target.pair(node, name))


def _role(name: str, node: Node) -> str:
    targets = scrape_target.rules_of(node)
    paths = (node.string("metrics_path"), *_written(targets, "__metrics_path__"))
    formats = (*node.strings("params", "format"), *_written(targets, "__param_format"))
    if name == GATEWAY_JOB or any(_exposes(path, formats) for path in paths):
        return GATEWAY
    if name in {"cadvisor", "kubelet"} or any(_path(one).endswith("/metrics/cadvisor") for one in paths):
        return "kubelet"
    told = (name, *(rule.regex for rule in targets), *_addresses(node))
    return _STATE if any(_STATE in one for one in told) else UNKNOWN


def _written(rules: tuple[relabel.Rule, ...], label: str) -> tuple[str, ...]:
    """What rules for targets write into a label."""
    return tuple(rule.replacement for rule in rules if rule.target_label == label)


def _path(text: str) -> str:
    return text.partition("?")[0]


def _exposes(path: str, formats: tuple[str, ...]) -> bool:
    """Whether an Envoy's admin page shows its statistics there as Prometheus reads them."""
    base, _, query = path.partition("?")
    if base.startswith(_EXPOSITION):
        return True
    return base.rstrip("/") == _STATISTICS and (_FORMAT in formats or f"format={_FORMAT}" in query.split("&"))


def _addresses(node: Node) -> Iterator[str]:
    for group in node.each("static_configs"):
        yield from group.strings("targets")


@cache
def sent_series() -> dict[str, relabel_corpus.Corpus]:
    """What the catalogue's own jobs send of each role: of gateways with its tenant, of pods as it is."""
    (attribution,) = documents(json.dumps([dict(rule) for rule in GATEWAY_RULES]))
    kept = relabel_corpus.kept(tuple(map(relabel.of_yaml, attribution.items)), relabel_corpus.Corpus(_SERIES[GATEWAY]))
    found = {role: relabel_corpus.Corpus(series) for role, series in _SERIES.items()}
    return found | {GATEWAY: relabel_corpus.Corpus(tuple(after for _, after in kept))}
