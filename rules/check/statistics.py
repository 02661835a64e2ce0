"""What a document lets an Envoy create: its allowlist and its buckets, from an EnvoyProxy or a bootstrap alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from rules.budget import histogram_series
from rules.check import corpus
from rules.check.node import Unreadable
from rules.check.regex import NotRE2, matches
from rules.check.source import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.node import Node

# Envoy's own when a histogram has no bounds configured.
DEFAULT_BOUNDS: Final = 19

_ENVOY_KINDS: Final = {"exact": "exact", "prefix": "prefix", "suffix": "suffix", "contains": "contains"}
_GATEWAY_KINDS: Final = {"Exact": "exact", "Prefix": "prefix", "Suffix": "suffix", "RegularExpression": "regex"}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A matcher of stat names: `kind` is exact, prefix, suffix, contains or regex.

    `is_templated` when Envoy Gateway writes it into its bootstrap template.
    """

    kind: str
    text: str
    line: int
    is_templated: bool = False
    ignores_case: bool = False

    def accepts(self, stat: str) -> bool:
        """Whether a stat name matches; a pattern that RE2 refuses matches nothing."""
        text, name = (self.text.lower(), stat.lower()) if self.ignores_case else (self.text, stat)
        match self.kind:
            case "exact":
                return name == text
            case "prefix":
                return name.startswith(text)
            case "suffix":
                return name.endswith(text)
            case "contains":
                return text in name
            case _:
                try:
                    return matches(self.text, stat)
                except NotRE2:
                    return False

    def __str__(self) -> str:
        shown = self.text if len(self.text) <= 60 else f"{self.text[:57]}..."  # noqa: PLR2004 - fits a line
        return f"{self.kind} `{shown}`"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of the histograms that `pattern` matches; a bound that is no number is NaN."""

    pattern: Pattern
    values: tuple[float, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """An Envoy's statistics as one document configures them.

    `mode` is `inclusion` (with `patterns`), `exclusion`, `reject_all`, `everything`, or `unsaid` when the document is a
    bootstrap fragment about something else.
    """

    line: int
    mode: str
    patterns: tuple[Pattern, ...] = ()
    bounds: tuple[Bounds, ...] = ()

    def accepts(self, stat: str) -> bool:
        """Whether the stat may exist."""
        if self.mode == "inclusion":
            return any(pattern.accepts(stat) for pattern in self.patterns)
        return self.mode in {"everything", "exclusion"}

    @property
    def serves_routes(self) -> bool:
        """Whether it is about customers' routes; a gateway for previews alone keeps none of their statistics."""
        return self.mode != "inclusion" or any(map(self.accepts, corpus.CUSTOMER_STATS)) or bool(self._others)

    @property
    def _others(self) -> list[Pattern]:
        """The patterns that mean neither a gateway's own families nor anything known."""
        own = [stat for stats in corpus.SELF_STATS.values() for stat in stats]
        return [pattern for pattern in self.patterns if not any(map(pattern.accepts, own))]

    def bounds_of(self, stat: str) -> Bounds | None:
        """The first setting that matches a histogram; `None`: Envoy's own bounds."""
        return next((bounds for bounds in self.bounds if bounds.pattern.accepts(stat)), None)

    def series_per_route(self) -> int:
        """Series of one active route that answers in every class."""
        name = next(iter(corpus.ROUTES))
        total = 0
        for prefix in ("", "external."):
            for stats in corpus.OWN_STATS.values():
                for stat in stats:
                    full = f"cluster.{name}.{prefix}{stat}"
                    if self.accepts(full):
                        total += self._series(full)
        return total

    def _series(self, stat: str) -> int:
        if not stat.endswith("upstream_rq_time"):
            return 1
        bounds = self.bounds_of(stat)
        return histogram_series(DEFAULT_BOUNDS if bounds is None else len(bounds.values))


@lru_cache(maxsize=4)  # every check on a document asks
def of(document: Document) -> Statistics | None:
    """The statistics that a document configures; `None` when it configures none."""
    if document.kind is Kind.BOOTSTRAP:
        return _of_bootstrap(document.root)
    if document.kind is Kind.ENVOY_PROXY:
        return _of_gateway(document.root)
    return None


def _of_bootstrap(root: Node) -> Statistics | None:
    """A whole bootstrap without a word about statistics creates all of them; a fragment says nothing."""
    stats = root.at("stats_config")
    if stats is None:
        is_whole = "static_resources" in root.entries or "dynamic_resources" in root.entries
        return Statistics(root.line, "everything") if is_whole else None
    mode, patterns = _matcher(stats)
    return Statistics(root.line_of("stats_config"), mode, patterns, tuple(_bounds(stats)))


def _matcher(stats: Node) -> tuple[str, tuple[Pattern, ...]]:
    matcher = stats.at("stats_matcher")
    if matcher is None:
        return "everything", ()
    if matcher.at("inclusion_list") is not None:
        listed = matcher.each("inclusion_list", "patterns")
        return "inclusion", tuple(_pattern(one) for one in listed if one.tag == "map")
    if matcher.truth("reject_all"):
        return "reject_all", ()
    return ("exclusion" if matcher.at("exclusion_list") is not None else "everything"), ()


def _of_gateway(root: Node) -> Statistics:
    """Without `matches` Envoy Gateway sets no matcher; its bootstrap may be merged with more."""
    metrics = root.at("spec", "telemetry", "metrics")
    matches_ = () if metrics is None else metrics.each("matches")
    patterns = [
        Pattern(
            _GATEWAY_KINDS.get(one.string("type", default="Exact"), "exact"),
            one.string("value"),
            one.line_of("value"),
            is_templated=True,
        )
        for one in matches_
        if one.tag == "map"
    ]
    bounds: list[Bounds] = []
    line = root.line_of("spec", "telemetry", "metrics", "matches")
    for bootstrap in bootstraps(root):
        stats = bootstrap.at("stats_config")
        if stats is not None:
            mode, added = _matcher(stats)
            if mode in {"reject_all", "exclusion"}:
                # What is merged last wins: an Envoy has one kind of list.
                return Statistics(bootstrap.line_of("stats_config", "stats_matcher"), mode)
            patterns += added
            bounds += _bounds(stats)
    return Statistics(line, "inclusion" if patterns else "everything", tuple(patterns), tuple(bounds))


@lru_cache(maxsize=4)  # as above
def bootstraps(root: Node) -> tuple[Node, ...]:
    """What an EnvoyProxy merges into its bootstrap; nothing when that cannot be read."""
    value = root.at("spec", "bootstrap", "value")
    try:
        return () if value is None else tuple(value.embedded())
    except Unreadable:
        return ()


def _bounds(stats: Node) -> Iterator[Bounds]:
    for setting in stats.each("histogram_bucket_settings"):
        match = setting.at("match")
        if match is not None:
            values = tuple(_number(text) for text in setting.strings("buckets"))
            yield Bounds(_pattern(match), values, setting.line)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _pattern(node: Node) -> Pattern:
    """Envoy's StringMatcher."""
    ignores_case = node.truth("ignore_case")
    for key, kind in _ENVOY_KINDS.items():
        if node.at(key) is not None:
            return Pattern(kind, node.string(key), node.line_of(key), ignores_case=ignores_case)
    return Pattern("regex", node.string("safe_regex", "regex"), node.line_of("safe_regex", "regex"))
