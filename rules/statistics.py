"""Which of its statistics an Envoy creates: the strict allowlist and the buckets, as Envoy's `stats_config`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ingest.grammar import GRAMMAR
from rules.catalogue import CUSTOMER_FAMILIES, LATENCY_BUCKETS_MS, SELF_BUCKETS_MS, SELF_PREFIXES


@dataclass(frozen=True, slots=True)
class Allowlist:
    """The statistics that may exist: stat names with one of `prefixes`, or matched by one of the RE2 `patterns`."""

    prefixes: tuple[str, ...]
    patterns: tuple[str, ...]

    def as_matcher(self) -> dict[str, object]:
        """Envoy's `StatsMatcher`: an inclusion list, so that an unknown statistic is never created."""
        prefixes = [{"prefix": prefix} for prefix in self.prefixes]
        patterns = [{"safe_regex": {"regex": pattern}} for pattern in self.patterns]
        return {"inclusion_list": {"patterns": [*prefixes, *patterns]}}


# Anchored at both ends: a suffix alone would also let `external.`, `internal.`, `canary.` and `retry.` variants in.
# `[.]`, never a backslash: Envoy Gateway escapes backslashes twice, and the pattern would silently match nothing.
STRICT: Final = Allowlist(
    prefixes=SELF_PREFIXES,
    patterns=(f"^cluster[.]{GRAMMAR.pattern}[.](?:{'|'.join(family.stat for family in CUSTOMER_FAMILIES)})$",),
)

# A gateway for previews alone: itself, and no route.
SELF_ONLY: Final = Allowlist(prefixes=SELF_PREFIXES, patterns=())


def buckets() -> list[dict[str, object]]:
    """Bounds per stat name; the first match wins, and names are Envoy's dotted ones, not the exposed ones."""
    settings: list[dict[str, object]] = [
        {"match": {"suffix": ".upstream_rq_time"}, "buckets": list(LATENCY_BUCKETS_MS)}
    ]
    settings += [{"match": {"prefix": prefix}, "buckets": list(SELF_BUCKETS_MS)} for prefix in SELF_PREFIXES]
    return settings


def fragment(allowlist: Allowlist | None = STRICT) -> dict[str, object]:
    """What a bootstrap holds about statistics; `allowlist=None` exposes every one."""
    stats: dict[str, object] = {"histogram_bucket_settings": buckets()}
    if allowlist is not None:
        stats["stats_matcher"] = allowlist.as_matcher()
    return {
        "stats_config": stats,
        # A route that never had traffic costs nothing; its counters are born with their first value.
        "deferred_stat_options": {"enable_deferred_creation_stats": True},
    }
