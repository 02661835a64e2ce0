"""Checks on how patterns of Envoy's allowlist are written: for RE2, anchored, as Envoy Gateway passes them on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rules.check import corpus, statistics
from rules.check.check import Check
from rules.check.finding import Hit
from rules.check.regex import refusal
from rules.check.source import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.check import Surroundings
    from rules.check.statistics import Pattern

_KINDS: Final = (Kind.ENVOY_PROXY, Kind.BOOTSTRAP)
# What Envoy Gateway's template escapes for JavaScript, inside of what is no JavaScript.
_ESCAPED: Final = "\\'\"<>&="
# What a plain YAML scalar may not begin with.
_BEGINNINGS: Final = "[{*&!|>%@`,?-:#]}"
_LONGEST: Final = 1024


def _patterns(document: Document) -> tuple[Pattern, ...]:
    """The patterns of an inclusion list."""
    found = statistics.of(document)
    return found.patterns if found is not None and found.mode == "inclusion" else ()


def _templated(document: Document) -> Iterator[Pattern]:
    """Those regular expressions that Envoy Gateway writes into its bootstrap's template."""
    return (one for one in _patterns(document) if one.is_templated and one.kind == "regex")


def _customers(document: Document) -> Iterator[Pattern]:
    return (one for one in _patterns(document) if any(map(one.accepts, corpus.CUSTOMER_STATS)))


def _not_re2(document: Document, _: Surroundings) -> Iterator[Hit]:
    found = statistics.of(document)
    if found is None:
        return
    for pattern in (*found.patterns, *(bounds.pattern for bounds in found.bounds)):
        if pattern.kind == "regex" and (why := refusal(pattern.text)) is not None:
            yield Hit(pattern.line, f"{pattern}: {why}")


def _suffix(document: Document, _: Surroundings) -> Iterator[Hit]:
    for pattern in _customers(document):
        if pattern.kind == "suffix":
            yield Hit(pattern.line, f"{pattern} also matches the external., internal., canary. and retry. variants")


def _unanchored(document: Document, _: Surroundings) -> Iterator[Hit]:
    for pattern in _customers(document):
        if pattern.kind in {"prefix", "contains"}:
            yield Hit(pattern.line, f"{pattern} also matches every other statistic of a route")
        elif pattern.kind == "regex" and not (pattern.text.startswith("^") and pattern.text.endswith("$")):
            yield Hit(pattern.line, f"{pattern} does not begin with ^ and end with $")


def _escapes(pattern: Pattern) -> str:
    return " ".join(sorted({character for character in pattern.text if character in _ESCAPED}))


def _is_plain(pattern: Pattern) -> bool:
    return pattern.text[:1] not in set(_BEGINNINGS) and ": " not in pattern.text and " #" not in pattern.text


def _escaped_twice(document: Document, _: Surroundings) -> Iterator[Hit]:
    for pattern in _templated(document):
        if escaped := _escapes(pattern):
            yield Hit(
                pattern.line,
                f"{pattern} holds {escaped}, which Envoy Gateway escapes twice: it matches nothing, and no error shows",
            )


def _not_plain(document: Document, _: Surroundings) -> Iterator[Hit]:
    for pattern in _templated(document):
        if not _is_plain(pattern):
            yield Hit(pattern.line, f"{pattern} is no plain YAML scalar, as which Envoy Gateway writes it down")


def _length(document: Document, _: Surroundings) -> Iterator[Hit]:
    for pattern in _patterns(document):
        if pattern.is_templated and not 0 < len(pattern.text) <= _LONGEST:
            yield Hit(pattern.line, f"{pattern} has {len(pattern.text)} characters; the API takes 1 to {_LONGEST}")


def _dead(document: Document, _: Surroundings) -> Iterator[Hit]:
    every = [*corpus.CUSTOMER_STATS, *corpus.STRANGE_STATS, *(s for stats in corpus.SELF_STATS.values() for s in stats)]
    for pattern in _patterns(document):
        is_told = pattern.kind == "regex" and (
            refusal(pattern.text) is not None
            or (pattern.is_templated and (_escapes(pattern) or not _is_plain(pattern)))
        )
        if not is_told and not any(map(pattern.accepts, every)):
            yield Hit(pattern.line, f"{pattern} matches no statistic that a gateway has")


CHECKS: Final = (
    Check(
        "SM005",
        "pattern-not-re2",
        "Envoy refuses its whole configuration for one pattern that RE2 does not take.",
        "Write the pattern without look-around, references and possessive repetition.",
        _KINDS,
        _not_re2,
    ),
    Check(
        "SM011",
        "pattern-not-anchored",
        "An open pattern lets external., internal., canary. and retry. variants in: 38 series a route, not 20.",
        "Use one regular expression from ^cluster[.] to $ that holds the tenant's route name.",
        _KINDS,
        _unanchored,
    ),
    Check(
        "SM012",
        "pattern-escaped-twice",
        "Envoy Gateway escapes backslashes and quotes of its matches twice; the pattern silently matches nothing.",
        "Write [.] instead of \\., and no ' \" < > & = in it, or put the pattern into spec.bootstrap.",
        _KINDS,
        _escaped_twice,
    ),
    Check(
        "SM018",
        "dead-pattern",
        "A pattern that matches nothing is a mistake that no program reports.",
        "Write stat names as Envoy has them: dotted, cluster.<name>.<stat>, not envoy_cluster_….",
        _KINDS,
        _dead,
    ),
    Check(
        "SM019",
        "pattern-not-plain",
        "Envoy Gateway writes a match without quotes: what is no plain scalar becomes a list, a comment, or an error.",
        "Begin the pattern with ^, and have neither a colon and a space nor a space and # in it.",
        _KINDS,
        _not_plain,
    ),
    Check(
        "SM024",
        "pattern-length",
        "Envoy Gateway's API refuses the whole resource for a match that is empty or longer than 1,024 characters.",
        "Write 1 to 1,024 characters, or put the pattern into spec.bootstrap.",
        _KINDS,
        _length,
    ),
    Check(
        "SM025",
        "suffix-matcher",
        "A suffix also ends the external., internal., canary. and retry. variants: 38 series a route, not 20.",
        "Use one regular expression from ^cluster[.] to $ that holds the tenant's route name.",
        _KINDS,
        _suffix,
    ),
)
