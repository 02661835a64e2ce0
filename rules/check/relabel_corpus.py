"""Relabelling rules run over many series: which are kept, and which two become one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rules.check.relabel import relabelled

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


# The same few lists of rules stand in hundreds of files.
@lru_cache(maxsize=256)
def kept(rules: tuple[Rule, ...], corpus: Corpus) -> tuple[tuple[Mapping[str, str], Labels], ...]:
    """Each series of the corpus that the rules keep, before and after."""
    return tuple((one, after) for one in corpus.series if (after := relabelled(rules, one)) is not None)


def merged(rules: tuple[Rule, ...], corpus: Corpus) -> Merged | None:
    """The first two series of the corpus that the rules make the same; `None` when all stay apart."""
    known_as: dict[frozenset[tuple[str, str]], Mapping[str, str]] = {}
    for series, result in kept(rules, corpus):
        first = known_as.setdefault(frozenset(result.items()), series)
        if first is not series:
            apart = {label for label, _ in set(first.items()) ^ set(series.items())}
            return Merged(series.get("__name__", ""), tuple(sorted(apart)))
    return None
