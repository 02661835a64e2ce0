"""Which of a cluster's statistics an Envoy's settings let exist, and in which buckets: its own rules, evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from math import inf
from typing import TYPE_CHECKING, Any, Final, Self

from core.errors import BadRequest
from rules.predict_document import known, mapping, sequence, shown, truth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Envoy's own bounds where no setting matches, in the unit of the histogram.
DEFAULT_BOUNDS: Final = (0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000,
                         600_000, 1_800_000, 3_600_000)  # fmt: skip

# What Envoy knows there. A key in another spelling would be passed over, and what it says be predicted wrongly.
_CONFIG: Final = frozenset(
    ("stats_tags", "use_all_default_tags", "stats_matcher", "histogram_bucket_settings", "allow_default_tag_overrides")
)
_OPTIONS: Final = frozenset(("enable_deferred_creation_stats",))
_SETTING: Final = frozenset(("match", "buckets", "bins"))
_KINDS: Final = ("exact", "prefix", "suffix", "contains")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One of Envoy's string matchers; `kind` is exact, prefix, suffix, contains or regex (RE2, the whole name)."""

    kind: str
    text: str

    @classmethod
    def of(cls, matcher: object) -> Self:
        """Read a `StringMatcher`.

        Raises:
            BadRequest: it is of no kind that Envoy has.
        """
        if isinstance(matcher, dict):
            for kind in _KINDS:
                if isinstance(text := matcher.get(kind), str):
                    return cls(kind, text)
            regex = matcher.get("safe_regex")
            if isinstance(regex, dict) and isinstance(text := regex.get("regex"), str):
                return cls("regex", text)
        raise BadRequest(f"patterns: {shown(matcher)} is no string matcher; use {', '.join(_KINDS)} or safe_regex")

    def matching(self, names: Sequence[str]) -> set[str]:
        """Those of `names` that match.

        Raises:
            BadRequest: the regular expression is none for RE2.
        """
        match self.kind:
            case "exact":
                return {name for name in names if name == self.text}
            case "prefix":
                return {name for name in names if name.startswith(self.text)}
            case "suffix":
                return {name for name in names if name.endswith(self.text)}
            case "contains":
                return {name for name in names if self.text in name}
            case _:
                return _whole_matches(self.text, names)


@dataclass(frozen=True, slots=True)
class Matcher:
    """A `StatsMatcher`: names that match a pattern are exactly those that exist, or those that do not."""

    patterns: tuple[Pattern, ...]
    includes: bool

    @classmethod
    def of(cls, value: object) -> Self:
        """Read a `stats_matcher`; without one everything exists.

        Raises:
            BadRequest: it is no matcher.
        """
        if value is None:
            return cls((), includes=False)
        matcher = mapping(value, "stats_matcher")
        for key, includes in (("inclusion_list", True), ("exclusion_list", False)):
            if key in matcher:
                listed = sequence(mapping(matcher[key], key).get("patterns"), f"{key}.patterns")
                return cls(tuple(Pattern.of(one) for one in listed), includes)
        if "reject_all" in matcher:
            return cls((), includes=truth(matcher["reject_all"], "stats_matcher.reject_all"))
        raise BadRequest("stats_matcher: has none of inclusion_list, exclusion_list, reject_all; give one of them")

    def admitted(self, names: Sequence[str]) -> set[str]:
        """Those of `names` that exist."""
        matched: set[str] = set()
        for pattern in self.patterns:
            matched |= pattern.matching(names)
        return matched if self.includes else set(names) - matched


@dataclass(frozen=True, slots=True)
class Statistics:
    """What an Envoy's bootstrap says about statistics: the matcher, bounds by name (first match wins), deferral."""

    matcher: Matcher
    bounds: tuple[tuple[Pattern, tuple[float, ...]], ...]
    deferred: bool

    @classmethod
    def of(cls, bootstrap: Mapping[str, Any]) -> Self:
        """Read `stats_config` and `deferred_stat_options` of a bootstrap.

        Raises:
            BadRequest: a part of them is malformed; the message names it.
        """
        config = mapping(bootstrap.get("stats_config"), "stats_config")
        options = mapping(bootstrap.get("deferred_stat_options"), "deferred_stat_options")
        known(config, "stats_config", _CONFIG)
        known(options, "deferred_stat_options", _OPTIONS)
        settings = sequence(config.get("histogram_bucket_settings"), "histogram_bucket_settings")
        deferred = options.get("enable_deferred_creation_stats")
        return cls(
            Matcher.of(config.get("stats_matcher")),
            tuple(_setting(one) for one in settings),
            truth(deferred, "deferred_stat_options.enable_deferred_creation_stats"),
        )

    def bounds_of(self, name: str) -> tuple[float, ...]:
        """The finite upper bounds of the histogram `name`."""
        return next((bounds for pattern, bounds in self.bounds if pattern.matching([name])), DEFAULT_BOUNDS)


def _setting(value: object) -> tuple[Pattern, tuple[float, ...]]:
    setting = mapping(value, "histogram_bucket_settings")
    known(setting, "histogram_bucket_settings", _SETTING)
    bounds = sequence(setting.get("buckets"), "histogram_bucket_settings.buckets")
    if not bounds or any(type(bound) not in {int, float} or not 0 < bound < inf for bound in bounds):
        raise BadRequest(f"histogram_bucket_settings: {shown(value)} has no buckets; give numbers above 0")
    return Pattern.of(setting.get("match")), tuple(float(bound) for bound in bounds)


def _whole_matches(pattern: str, names: Sequence[str]) -> set[str]:
    # Arrow evaluates with RE2, Envoy's own engine; loaded only here, for it takes as long as the rest together.
    arrow: Any = import_module("pyarrow")
    compute: Any = import_module("pyarrow.compute")

    try:
        found = compute.match_substring_regex(arrow.array(names, arrow.string()), pattern=f"^(?:{pattern})$")
    except arrow.ArrowInvalid as failure:
        raise BadRequest(f"safe_regex: {pattern!r} is no regular expression for RE2: {failure}") from failure
    return {name for name, matches in zip(names, found.to_pylist(), strict=True) if matches}
