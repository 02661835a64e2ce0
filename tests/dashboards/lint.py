"""What a dashboard must not contain: strangers' metrics, selectors past the variables, fixed ids, units unsaid."""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any, Final

from rules.catalogue import CUSTOMER_FAMILIES
from tests.dashboards.panels import panels, targets, variables

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

DATASOURCE: Final = {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}
GATEWAY: Final = frozenset(series for family in CUSTOMER_FAMILIES for series in family.series)

_BY_VARIABLES: Final = ('environment=~"$environment"', 'service_id=~"$service"')
# A customer's own /metrics may expose names like Envoy's.
_GATEWAY_JOB: Final = 'job="envoy-gateway"'
_WORDS: Final = frozenset({"sum", "count", "rate", "histogram_quantile", "or"})

_SELECTOR: Final = re.compile(r"([A-Za-z_:][A-Za-z0-9_:]*)\{([^{}]*)\}")
_WINDOW: Final = re.compile(r"\[([^\]]*)\]")
_GROUPING: Final = re.compile(r"\bby \([a-z_, ]*\)")
_WORD: Final = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_FIXED: Final = re.compile(
    r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}|https?://|\d+\.\d+\.\d+\.\d+"
)


def findings(dashboard: Mapping[str, Any], recorded: Collection[str]) -> list[str]:
    """Everything that is wrong with `dashboard`, given the names of the recorded series; empty when it is fine."""
    return [
        *(f"dashboard: {text} is fixed; use a variable" for text in _FIXED.findall(json.dumps(dashboard))),
        *_grid(dashboard),
        *_datasources(dashboard),
        *(finding for panel in panels(dashboard) if panel.get("targets") for finding in _described(panel)),
        *(
            f"{target}: {finding}"
            for target in targets(dashboard)
            for finding in _expression(target.expr, GATEWAY | set(recorded))
        ),
    ]


def _grid(dashboard: Mapping[str, Any]) -> Iterator[str]:
    places = list(panels(dashboard))
    ids = [panel["id"] for panel in places]
    yield from (f"panel id {one}: {ids.count(one)} times" for one in sorted(set(ids)) if ids.count(one) > 1)
    for panel in places:
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            yield f"{panel['title']}: wider than the grid"
    for one, other in itertools.combinations(places, 2):
        if _overlap(one["gridPos"], other["gridPos"]):
            yield f"{one['title']}: overlaps {other['title']}"


def _overlap(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    return all(
        one[start] < other[start] + other[size] and other[start] < one[start] + one[size]
        for start, size in (("x", "w"), ("y", "h"))
    )


def _datasources(dashboard: Mapping[str, Any]) -> Iterator[str]:
    asking = [
        *((str(target), target.datasource) for target in targets(dashboard)),
        *((panel["title"], panel["datasource"]) for panel in panels(dashboard) if panel.get("targets")),
        *((name, variable["datasource"]) for name, variable in variables(dashboard).items()),
    ]
    yield from (f"{name}: not asked of {DATASOURCE['uid']}" for name, datasource in asking if datasource != DATASOURCE)


def _described(panel: Mapping[str, Any]) -> Iterator[str]:
    title = panel["title"]
    if not panel.get("description"):
        yield f"{title}: no description"
    if not panel["fieldConfig"]["defaults"].get("unit"):
        yield f"{title}: no unit"
    for target in panel["targets"]:
        if panel["type"] != "stat" and not target["legendFormat"]:
            yield f"{title} {target['refId']}: no legend"
        if target["instant"] == target["range"]:
            yield f"{title} {target['refId']}: both an instant and a range, or neither"


def _expression(expr: str, known: Collection[str]) -> Iterator[str]:
    for name, matchers in _SELECTOR.findall(expr):
        if name not in known:
            yield f"{name} is neither in the catalogue nor recorded"
        yield from (f"{name} is not narrowed by {one}" for one in _BY_VARIABLES if one not in matchers)
        if name in GATEWAY and _GATEWAY_JOB not in matchers:
            yield f"{name} may be a customer's own without {_GATEWAY_JOB}"
    yield from (f"window {one}" for one in _WINDOW.findall(expr) if one != "$__rate_interval")
    rest = _GROUPING.sub("", _WINDOW.sub("", _SELECTOR.sub("", expr)))
    yield from (
        f"{word} is neither a selector nor a function in use" for word in _WORD.findall(rest) if word not in _WORDS
    )
    # A service that never failed has no 5xx series: its share of errors is 0, not absent.
    if 'envoy_response_code_class="5"' in expr and " or 0 * " not in expr:
        yield "no zero for absent 5xx"
