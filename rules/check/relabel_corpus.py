"""Relabelling rules run over many series: which are kept, and which two become one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import TYPE_CHECKING

from rules.check.relabel import applied

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.check.relabel import Labels, Rule


@dataclass(frozen=True, slots=True)
class Merged:
    """Two series that become one, and the labels that told them apart."""

    name: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Series to run rules over."""

    series: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """What some rules have left of a corpus: each series before, and as it is now."""

    pairs: tuple[tuple[Mapping[str, str], Labels], ...]


@lru_cache(maxsize=32)
def _begun(corpus: Corpus) -> _Step:
    return _Step(tuple((one, dict(one)) for one in corpus.series))


# Lists of rules differ in one rule, if at all, and mostly in one of the last: what they begin with is run once.
@lru_cache(maxsize=512)
def _continued(step: _Step, rule: Rule) -> _Step:
    return _Step(tuple((one, after) for one, now in step.pairs if (after := applied(rule, now)) is not None))


def kept(rules: tuple[Rule, ...], corpus: Corpus) -> tuple[tuple[Mapping[str, str], Labels], ...]:
    """Each series of the corpus that the rules keep, before and after."""
    return reduce(_continued, rules, _begun(corpus)).pairs


def merged(rules: tuple[Rule, ...], corpus: Corpus) -> Merged | None:
    """The first two series of the corpus that the rules make the same; `None` when all stay apart."""
    known_as: dict[frozenset[tuple[str, str]], Mapping[str, str]] = {}
    for series, result in kept(rules, corpus):
        first = known_as.setdefault(frozenset(result.items()), series)
        if first is not series:
            apart = {label for label, _ in set(first.items()) ^ set(series.items())}
            return Merged(series.get("__name__", ""), tuple(sorted(apart)))
    return None
