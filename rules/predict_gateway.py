"""What one Envoy exposes: the series and bytes of a route, and of the gateway itself, under given settings."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml

from rules.budget import histogram_series
from rules.catalogue import SELF_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.predict_matcher import Statistics

_STATS: Final[dict[str, list[str]]] = yaml.safe_load(Path(__file__).with_name("predict_stats.yml").read_text())
_CLASS: Final = "{class}"

# Any route's name does, as long as the tenant grammar takes it.
_MODEL: Final = f"httproute/prj-{0:013x}/{0:032x}{1:032x}-production/rule/0"
NAME_LENGTH: Final = len(_MODEL)

# Counters of a busy route have many digits, its rare buckets one.
DIGITS: Final = 3

# Self series under the four prefixes: what a worker thread adds, what there is besides, and the histograms. A gateway
# with a control plane (Envoy Gateway's) also counts its updates.
_PER_WORKER: Final = 2
_SELF_STATIC: Final = {"server.": 24, "listener_manager.": 13, "cluster_manager.": 9}
_SELF_MANAGED: Final = {"listener_manager.": 7, "cluster_manager.": 9, "control_plane.": 3}
_HISTOGRAMS_STATIC: Final[tuple[str, ...]] = ("server.initialization_time_ms",)
_HISTOGRAMS_MANAGED: Final = ("listener_manager.lds.update_duration", "cluster_manager.cds.update_duration")
# Beyond the four: listeners, admin page, runtime, file system, and under a control plane its connections' cluster.
_OTHER_STATIC: Final = 413
_OTHER_MANAGED: Final = 542
_OTHER_NAME: Final = "http.gateway.downstream_rq_total"
# A line of the gateway's own and its share of the TYPE lines; the others have longer names and labels.
_SELF_LINE_BYTES: Final = 90
_OTHER_LINE_BYTES: Final = 102


@dataclass(frozen=True, slots=True)
class Cost:
    """Series, and the bytes of one scrape of them in the text exposition format."""

    series: int
    scrape_bytes: int

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.series + other.series, self.scrape_bytes + other.scrape_bytes)

    def __mul__(self, count: int) -> Cost:
        return Cost(self.series * count, self.scrape_bytes * count)


NOTHING: Final = Cost(0, 0)


def route(
    statistics: Statistics, classes: int, *, active: bool = True, name_length: int = NAME_LENGTH, digits: int = DIGITS
) -> Cost:
    """One cluster of a route whose answers were of `classes` status classes; an idle one had no request yet."""
    names = list(_names(statistics, classes, active=active))
    admitted = statistics.matcher.admitted([f"cluster.{_MODEL}.{name}" for name in names])
    series, text = 0, 0
    for name in names:
        if f"cluster.{_MODEL}.{name}" in admitted:
            lines = list(_lines(name, statistics))
            series += len(lines)
            # {envoy_cluster_name=""} and the line's end; what else a line has is in its length.
            text += sum(lines) + len(lines) * (len('{envoy_cluster_name=""} \n') + name_length + digits)
    return Cost(series, text)


def headings(statistics: Statistics, *, active: bool = True) -> Cost:
    """The TYPE lines over the series of routes: once in a scrape, however many routes there are."""
    names = list(_names(statistics, 1, active=active))
    admitted = statistics.matcher.admitted([f"cluster.{_MODEL}.{name}" for name in names])
    kept = [name for name in names if f"cluster.{_MODEL}.{name}" in admitted]
    return Cost(0, sum(len(f"# TYPE envoy_cluster_{name} counter\n") for name in kept))


def itself(statistics: Statistics, *, workers: int = 2, managed: bool = True) -> Cost:
    """The gateway's own series; `managed` by a control plane, or started with a static bootstrap."""
    counts = Counter(_SELF_STATIC)
    histograms = _HISTOGRAMS_STATIC
    if managed:
        counts.update(_SELF_MANAGED)
        histograms += _HISTOGRAMS_MANAGED
    counts["server."] += _PER_WORKER * workers
    # A prefix counts whole or not at all: one of its names stands for all.
    names = {prefix: f"{prefix}total" for prefix in SELF_PREFIXES if prefix in counts}
    admitted = statistics.matcher.admitted([*names.values(), *histograms, _OTHER_NAME])
    series = sum(counts[prefix] for prefix, name in names.items() if name in admitted)
    series += sum(histogram_series(len(statistics.bounds_of(name))) for name in histograms if name in admitted)
    others = 0 if _OTHER_NAME not in admitted else _OTHER_MANAGED if managed else _OTHER_STATIC
    return Cost(series + others, series * _SELF_LINE_BYTES + others * _OTHER_LINE_BYTES)


def _names(statistics: Statistics, classes: int, *, active: bool) -> Iterator[str]:
    yield from _STATS["start"]
    if active or not statistics.deferred:
        yield from _STATS["deferred"]
        yield from _STATS["deferred_histograms"]
    if active:
        yield from _STATS["traffic"]
        yield from _STATS["traffic_histograms"]
        # Most answers are of the second class; which classes they are makes no difference here.
        for answers in range(1, classes + 1):
            yield from (name.replace(_CLASS, str(answers)) for name in _STATS["answers"])


def _lines(name: str, statistics: Statistics) -> Iterator[int]:
    """For each series of the statistic, what its line has beside the cluster name, its label and the value."""
    head = len(f"envoy_cluster_{name}")
    if name in _STATS["deferred_histograms"] or name in _STATS["traffic_histograms"]:
        for bound in (*statistics.bounds_of(f"cluster.{_MODEL}.{name}"), "+Inf"):
            yield head + len(f'_bucket,le="{bound if isinstance(bound, str) else format(bound, "g")}"')
        yield head + len("_sum")
        yield head + len("_count")
    elif name.endswith("xx"):
        yield head + len('_xx,envoy_response_code_class="2"') - len("_2xx")
    elif name.endswith("00"):
        yield head + len(',envoy_response_code="200"') - len("_200")
    else:
        yield head
