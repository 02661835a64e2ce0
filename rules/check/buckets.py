"""Checks on histogram buckets: bounds that rise, that are few, and that the thresholds stand among."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from rules.catalogue import LATENCY_THRESHOLDS_MS, MOST_BUCKETS
from rules.check import corpus, statistics
from rules.check.check import Check
from rules.check.finding import Hit
from rules.check.source import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.check import Surroundings
    from rules.check.statistics import Bounds, Statistics

_KINDS: Final = (Kind.ENVOY_PROXY, Kind.BOOTSTRAP)
_LATENCY: Final = corpus.HISTOGRAMS[0]


def _configured(document: Document) -> Statistics | None:
    """Statistics of an Envoy that has customers' latencies."""
    found = statistics.of(document)
    return found if found is not None and found.accepts(_LATENCY) else None


def _malformed_bounds(bounds: Bounds) -> Iterator[str]:
    values = bounds.values
    if any(math.isnan(value) or value <= 0 for value in values):
        yield "bounds must be numbers above 0"
    elif any(one >= other for one, other in pairwise(values)):
        yield "bounds must rise strictly"
    if not values:
        yield "no bounds"
    if len(values) > MOST_BUCKETS:
        yield f"{len(values)} bounds, each a series of every route; {MOST_BUCKETS} at most"


def _malformed(document: Document, _: Surroundings) -> Iterator[Hit]:
    found = statistics.of(document)
    for bounds in () if found is None else found.bounds:
        yield from (Hit(bounds.line, f"buckets of {bounds.pattern}: {what}") for what in _malformed_bounds(bounds))


def _threshold_missing(document: Document, _: Surroundings) -> Iterator[Hit]:
    found = _configured(document)
    bounds = None if found is None else found.bounds_of(_LATENCY)
    if bounds is None:
        return
    missing = [threshold for threshold in LATENCY_THRESHOLDS_MS if threshold not in bounds.values]
    if missing:
        shown = ", ".join(f"{threshold}" for threshold in missing)
        hint = (
            " (bounds are milliseconds)"
            if bounds.values and max(bounds.values) < max(LATENCY_THRESHOLDS_MS) / 10
            else ""
        )
        yield Hit(bounds.line, f"{shown} ms, which objectives and alerts are about, are no bounds of it{hint}")


def _dead(document: Document, _: Surroundings) -> Iterator[Hit]:
    found = statistics.of(document)
    if found is None:
        return
    for number, bounds in enumerate(found.bounds):
        meant = [stat for stat in corpus.HISTOGRAMS if bounds.pattern.accepts(stat)]
        before = found.bounds[:number]
        if not meant:
            yield Hit(bounds.line, f"{bounds.pattern} matches no histogram; names are cluster.<name>.upstream_rq_time")
        elif all(any(earlier.pattern.accepts(stat) for earlier in before) for stat in meant):
            yield Hit(
                bounds.line, f"{bounds.pattern} comes too late: a setting above matches the same histograms first"
            )


def _default(document: Document, _: Surroundings) -> Iterator[Hit]:
    found = _configured(document)
    if found is not None and found.mode == "inclusion" and found.bounds_of(_LATENCY) is None:
        number = statistics.DEFAULT_BOUNDS
        yield Hit(found.line, f"upstream_rq_time has Envoy's own {number} bounds up to an hour, not the catalogue's")


CHECKS: Final = (
    Check(
        "SM020",
        "buckets-malformed",
        "Envoy refuses bounds that do not rise, and every bound is a series of every route.",
        f"Write rising bounds in milliseconds, {MOST_BUCKETS} at most.",
        _KINDS,
        _malformed,
    ),
    Check(
        "SM021",
        "threshold-is-no-bound",
        "A quantile or a ratio at a threshold that is no bound is a guess between two bounds.",
        "Put every threshold of the catalogue among the bounds of upstream_rq_time.",
        _KINDS,
        _threshold_missing,
    ),
    Check(
        "SM022",
        "bucket-setting-never-used",
        "The first matching setting counts, and names are Envoy's dotted ones: others change nothing.",
        "Match {suffix: .upstream_rq_time}, special cases before general ones.",
        _KINDS,
        _dead,
    ),
    Check(
        "SM023",
        "default-buckets",
        "Envoy's own bounds cost eight series more a route and lack the thresholds that alerts are about.",
        "Set histogram_bucket_settings for .upstream_rq_time.",
        _KINDS,
        _default,
    ),
)
