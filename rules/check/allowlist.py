"""Checks on Envoy's allowlist: what customers need is kept, the gateway's own too, and nothing else."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from rules.budget import BUDGET
from rules.catalogue import SELF_PREFIXES
from rules.check import corpus, statistics
from rules.check.check import Check
from rules.check.finding import Hit
from rules.check.source import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.check import Surroundings
    from rules.check.statistics import Statistics

_KINDS: Final = (Kind.ENVOY_PROXY, Kind.BOOTSTRAP)
_PLAIN: Final = next(iter(corpus.ROUTES))
_GIVES: Final = {
    "latency": "upstream_rq_time",
    "requests": "upstream_rq_<1-5>xx",
    "bytes": "upstream_cx_{rx,tx}_bytes_total",
}


def _inclusive(document: Document) -> Statistics | None:
    found = statistics.of(document)
    return found if found is not None and found.mode == "inclusion" else None


def _no_inclusion_list(document: Document, _: Surroundings) -> Iterator[Hit]:
    found = statistics.of(document)
    if found is not None and found.mode in {"everything", "exclusion"}:
        how = "an exclusion list" if found.mode == "exclusion" else "no matcher"
        yield Hit(found.line, f"{how}: an active route costs some 235 series instead of {BUDGET.per_route} at most")


def _customer_family_missing(document: Document, _: Surroundings) -> Iterator[Hit]:
    found = _inclusive(document)
    if found is None or not found.serves_routes:
        return
    for family, stats in corpus.OWN_STATS.items():
        lost = [s for name in corpus.ROUTES for s in stats if not found.accepts(f"cluster.{name}.{s}")]
        if len(lost) == len(corpus.ROUTES) * len(stats):
            yield Hit(found.line, f"the customer family {_GIVES[family]} ({family}) is matched by no pattern")
        elif lost:
            yield from _partly(found, family, stats)


def _partly(found: Statistics, family: str, stats: tuple[str, ...]) -> Iterator[Hit]:
    for name in corpus.ROUTES:
        missing = [stat for stat in stats if not found.accepts(f"cluster.{name}.{stat}")]
        if missing and not _only_preview_like(found, name):
            yield Hit(
                found.line, f"of the family {family}, {missing[0]} of the cluster {name} is matched by no pattern"
            )
            return


def _only_preview_like(found: Statistics, name: str) -> bool:
    """Whether what is missing is missing for its environment's name alone, which is a check of its own."""
    is_preview_like = corpus.ROUTES[name].environment in corpus.PREVIEW_LIKE
    return is_preview_like and any(map(found.accepts, corpus.CUSTOMER_STATS))


def _self_family_missing(document: Document, _: Surroundings) -> Iterator[Hit]:
    found = _inclusive(document)
    if found is None:
        return
    for prefix in SELF_PREFIXES:
        if not all(map(found.accepts, corpus.SELF_STATS[prefix])):
            yield Hit(found.line, f"the gateway's own family {prefix} is not kept, and nothing says so at run time")


def _strangers(document: Document, _: Surroundings) -> Iterator[Hit]:
    found = _inclusive(document)
    for pattern in () if found is None else found.patterns:
        admitted = [stat for stat in corpus.STRANGE_STATS if pattern.accepts(stat)]
        if admitted:
            yield Hit(pattern.line, f"{pattern} also lets {len(admitted)} others in, such as {admitted[0]}")


@lru_cache(maxsize=64)  # the same allowlist stands in many files
def _lost_by_name(found: Statistics) -> list[str]:
    kept = [stat for stats in corpus.OWN_STATS.values() for stat in stats if found.accepts(f"cluster.{_PLAIN}.{stat}")]
    return [
        environment
        for environment, name in corpus.PREVIEW_LIKE.items()
        if not all(found.accepts(f"cluster.{name}.{stat}") for stat in kept)
    ]


def _preview_by_name(document: Document, _: Surroundings) -> Iterator[Hit]:
    found = _inclusive(document)
    if found is None:
        return
    lost = _lost_by_name(found)
    if lost:
        yield Hit(found.line, f"keeps the environment production but not {lost[0]}: a customer may call production so")


def _over_budget(document: Document, _: Surroundings) -> Iterator[Hit]:
    found = _inclusive(document)
    if found is not None and (series := found.series_per_route()) > BUDGET.per_route:
        yield Hit(found.line, f"an active route costs {series} series; the budget is {BUDGET.per_route}")


CHECKS: Final = (
    Check(
        "SM010",
        "no-inclusion-list",
        "Without an inclusion list every new statistic of every Envoy release is stored for every route.",
        "Use an inclusion list, as in compose/rendered/envoy-proxy.yaml.",
        _KINDS,
        _no_inclusion_list,
    ),
    Check(
        "SM013",
        "customer-family-missing",
        "A customer's latency, request rate, error rate or throughput would be empty.",
        "Keep upstream_rq_time, upstream_rq_[1-5]xx and upstream_cx_(rx|tx)_bytes_total of every route.",
        _KINDS,
        _customer_family_missing,
    ),
    Check(
        "SM014",
        "self-family-missing",
        "Keeping customers' families alone silently drops the gateway's own: nobody sees it lose its control plane.",
        "Add the prefixes server., control_plane., listener_manager. and cluster_manager.",
        _KINDS,
        _self_family_missing,
    ),
    Check(
        "SM015",
        "stranger-admitted",
        "Mirrors count requests twice, other clusters are no tenant's, and every statistic more costs every route.",
        "Narrow the pattern to the three families of HTTP and gRPC routes.",
        _KINDS,
        _strangers,
    ),
    Check(
        "SM016",
        "preview-told-by-name",
        "Environments are named by customers: one that is called like a preview would lose its metrics.",
        "Suppress by the flag is_ephemeral: compose/rendered/preview-patch.yaml or preview-gateway.yaml.",
        _KINDS,
        _preview_by_name,
    ),
    Check(
        "SM017",
        "route-over-budget",
        "Thousands of routes multiply every series; the store holds as many as it has memory for.",
        "Use fewer buckets or fewer families, or raise the budget in rules/budget.py.",
        _KINDS,
        _over_budget,
    ),
)
