"""The shipped dashboards hold what the lint asks, and the lint finds what does not."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

import dashboards
from rules.alerts import ERROR_RATIO_LIMIT, LATENCY_LIMIT_MS
from rules.catalogue import LATENCY_BUCKETS_MS
from tests.dashboards.lint import findings
from tests.dashboards.panels import interpolated, panels, variables

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    Dashboard = dict[str, Any]


def panel(dashboard: Dashboard, title: str) -> dict[str, Any]:
    (found,) = (one for one in panels(dashboard) if one["title"] == title)
    return found


def replaced(title: str, old: str, new: str) -> Callable[[Dashboard], None]:
    """Damage: replace a part of a panel's first expression."""

    def damage(dashboard: Dashboard) -> None:
        target = panel(dashboard, title)["targets"][0]
        assert old in target["expr"]
        target["expr"] = target["expr"].replace(old, new)

    return damage


@pytest.mark.parametrize("name", dashboards.names())
def test_a_shipped_dashboard_is_clean(name: str, recorded: AbstractSet[str]) -> None:
    assert findings(dashboards.load(name), recorded) == []


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        pytest.param(
            replaced("CPU", "tenant:container_cpu", "container_cpu"),
            "CPU A: container_cpu_usage_seconds:rate1m is neither in the catalogue nor recorded",
            id="metric that no tenant can read",
        ),
        pytest.param(
            replaced("Memory by replica", ', service_id=~"$service"', ""),
            "Memory by replica A: tenant_pod:container_memory_working_set_bytes:sum "
            'is not narrowed by service_id=~"$service"',
            id="selector past a variable",
        ),
        pytest.param(
            replaced("Throughput", 'job="envoy-gateway", ', ""),
            "Throughput A: envoy_cluster_upstream_cx_rx_bytes_total may be a customer's own "
            'without job="envoy-gateway"',
            id="selector that takes in a customer's own metrics",
        ),
        pytest.param(
            replaced("Requests", "$__rate_interval", "5m"), "Requests A: window 5m", id="window that ignores the scrape"
        ),
        pytest.param(
            replaced("CPU", "sum(", "sum(up + "),
            "CPU A: up is neither a selector nor a function in use",
            id="metric without a selector",
        ),
        pytest.param(
            replaced("Error rate", " or 0 * ", " + "), "Error rate A: no zero for absent 5xx", id="ratio without a zero"
        ),
        pytest.param(
            replaced("CPU", '"$service"', '"0b6f8e0c-0000-4000-8000-00000000000a"'),
            "dashboard: 0b6f8e0c-0000-4000-8000-00000000000a is fixed; use a variable",
            id="fixed id",
        ),
        pytest.param(
            lambda d: panel(d, "CPU")["targets"][0].update(datasource={"type": "prometheus", "uid": "prod"}),
            "CPU A: not asked of ${DS_PROMETHEUS}",
            id="fixed data source",
        ),
        pytest.param(
            lambda d: variables(d)["service"].update(datasource={"type": "prometheus", "uid": "prod"}),
            "service: not asked of ${DS_PROMETHEUS}",
            id="fixed data source of a variable",
        ),
        pytest.param(lambda d: panel(d, "CPU").update(id=1), "panel id 1: 2 times", id="panel id twice"),
        pytest.param(
            lambda d: panel(d, "CPU by replica")["gridPos"].update(w=13),
            "CPU by replica: overlaps Memory by replica",
            id="panels over each other",
        ),
        pytest.param(
            lambda d: panel(d, "Network")["fieldConfig"]["defaults"].pop("unit"), "Network: no unit", id="no unit"
        ),
        pytest.param(
            lambda d: panel(d, "Network")["targets"][1].update(legendFormat=""), "Network B: no legend", id="no legend"
        ),
    ],
)
def test_the_lint_finds(damage: Callable[[Dashboard], object], expected: str, recorded: AbstractSet[str]) -> None:
    damaged = copy.deepcopy(dashboards.load("service-overview"))
    damage(damaged)

    assert expected in findings(damaged, recorded)


def test_the_overview_can_be_imported_into_any_grafana(overview: Dashboard) -> None:
    (wanted,) = overview["__inputs"]
    assert (wanted["name"], wanted["type"], wanted["pluginId"]) == ("DS_PROMETHEUS", "datasource", "prometheus")
    assert overview["id"] is None
    assert 0 < len(overview["uid"]) <= 40
    assert overview["schemaVersion"] == 42
    assert overview["tags"] == ["starmeter"]
    required = {one["id"] for one in overview["__requires"] if one["type"] == "panel"}
    assert required == {one["type"] for one in panels(overview)} - {"row"}


def test_the_overview_begins_with_everything(overview: Dashboard) -> None:
    assert list(variables(overview)) == ["environment", "service"]
    for variable in variables(overview).values():
        assert variable["includeAll"] is variable["multi"] is True
        assert variable["current"]["value"] == ["$__all"]
        assert variable["definition"] == variable["query"]["query"]
        assert variable["definition"].startswith("label_values(")


@pytest.mark.parametrize(
    ("titles", "limit"),
    [
        (("Error rate", "Error rate by service"), ERROR_RATIO_LIMIT),
        (("Latency p95", "Latency"), LATENCY_LIMIT_MS),
    ],
)
def test_a_panel_turns_red_where_the_alert_begins(overview: Dashboard, titles: tuple[str, ...], limit: float) -> None:
    for title in titles:
        steps = panel(overview, title)["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert [step["value"] for step in steps if step["color"] == "red"] == [limit]


def test_the_text_names_the_buckets_that_percentiles_lie_in(overview: Dashboard) -> None:
    *bounds, last = map(str, LATENCY_BUCKETS_MS)

    assert f"{', '.join(bounds)} and {last} ms" in panel(overview, "What the numbers are")["options"]["content"]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        pytest.param(None, 'up{environment=~".+"}[60s]', id="all"),
        pytest.param(["production"], 'up{environment=~"production"}[60s]', id="one"),
        pytest.param(["pr-7", "a.b"], r'up{environment=~"(pr-7|a\\.b)"}[60s]', id="several, escaped"),
    ],
)
def test_variables_are_replaced_as_grafana_replaces_them(
    overview: Dashboard, chosen: list[str] | None, expected: str
) -> None:
    text = 'up{environment=~"$environment"}[$__rate_interval]'

    assert interpolated(text, overview, {"environment": chosen, "service": None}, step=15, scrape=15) == expected
