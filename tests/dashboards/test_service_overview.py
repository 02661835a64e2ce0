"""Every query of the service overview, as Grafana sends it, through the real front-door on recorded history."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

import dashboards
from compose.cluster.inventory import Cluster
from tests.dashboards import history
from tests.dashboards.panels import interpolated, targets, variables
from tests.query.grafana import frames

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.dashboards.panels import Target
    from tests.query.grafana import DataSource, Frame

    Chosen = Mapping[str, Sequence[str] | None]

TARGETS = targets(dashboards.load("service-overview"))
GATEWAY_TARGETS = [target for target in TARGETS if "envoy_cluster_" in target.expr]
POD_TARGETS = [target for target in TARGETS if target not in GATEWAY_TARGETS]

SERVICES = sorted(history.SHOP.service_id(service) for service in history.SHOP.services)
STEP = 15

ALL: Chosen = {"environment": None, "service": None}
ONE: Chosen = {"environment": ["production"], "service": SERVICES[:1]}
SEVERAL: Chosen = {"environment": ["production", "staging"], "service": SERVICES[1:3]}
PREVIEW: Chosen = {"environment": ["pr-12"], "service": None}


@dataclass(frozen=True)
class Grafana:
    """The dashboard, opened on the last five minutes of the history."""

    dashboard: Mapping[str, Any]
    source: DataSource
    end: float

    def show(self, target: Target, chosen: Chosen) -> list[Frame]:
        """What a target draws; a notice of any kind would be shown in the panel's corner and fails."""
        expr = interpolated(target.expr, self.dashboard, chosen, step=STEP, scrape=history.SCRAPE_SECONDS)
        if target.is_instant:
            answer = self.source.query("/api/v1/query", query=expr, time=f"{self.end}")
        else:
            span = {"start": f"{self.end - 300}", "end": f"{self.end}", "step": f"{STEP}"}
            answer = self.source.query("/api/v1/query_range", query=expr, **span)
        drawn = frames(answer)
        assert set(answer.json()) == {"status", "data"}
        return drawn

    def newest(self, panel: str, ref: str = "A", chosen: Chosen = ALL) -> dict[tuple[str, ...], float]:
        """The values at the end of the history, by the values of their labels in the order of the labels' names."""
        (target,) = (one for one in TARGETS if (one.panel, one.ref) == (panel, ref))
        return {
            tuple(frame.labels[name] for name in sorted(frame.labels)): frame.samples[-1][1]
            for frame in self.show(target, chosen)
            if frame.samples[-1][0] == self.end
        }

    def number(self, panel: str, ref: str = "A", chosen: Chosen = ALL) -> float:
        """The value at the end of a panel that draws one series without labels."""
        values = self.newest(panel, ref, chosen)
        assert list(values) == [()]
        return values[()]


@pytest.fixture
def grafana(overview: dict[str, Any], source: DataSource, end: float) -> Grafana:
    return Grafana(overview, source, end)


@pytest.mark.parametrize("chosen", [ALL, ONE, SEVERAL], ids=["all", "one", "several"])
@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_every_panel_query_draws_a_whole_line(grafana: Grafana, target: Target, chosen: Chosen) -> None:
    drawn = grafana.show(target, chosen)

    assert drawn
    assert all(math.isfinite(value) and value >= 0 for frame in drawn for _, value in frame.samples)
    # A stateful pod may just have been evicted; some series of every panel covers the range.
    assert max(len(frame.samples) for frame in drawn) == (1 if target.is_instant else 21)
    for label in re.findall(r"\{\{(\w+)\}\}", target.legend):
        assert all(frame.labels[label] for frame in drawn)


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_a_preview_has_pods_and_no_requests(grafana: Grafana, target: Target) -> None:
    drawn = grafana.show(target, PREVIEW)

    assert bool(drawn) is (target in POD_TARGETS)
    assert {frame.labels.get("environment", "pr-12") for frame in drawn} <= {"pr-12"}


def test_the_variables_list_the_projects_environments_and_services_and_no_others(grafana: Grafana) -> None:
    def options(name: str, chosen: Chosen) -> list[str]:
        query = variables(grafana.dashboard)[name]["definition"]
        text = interpolated(query, grafana.dashboard, chosen, step=STEP, scrape=history.SCRAPE_SECONDS)
        return grafana.source.variable(text, grafana.end - 600, grafana.end)

    assert options("environment", ALL) == ["pr-12", "production", "staging"]
    assert options("service", ALL) == SERVICES
    assert options("service", PREVIEW) == SERVICES
    assert options("service", {"environment": ["nope"], "service": None}) == []


def test_requests_are_counted_once_and_split_by_status(grafana: Grafana) -> None:
    services = len(SERVICES)
    in_production, in_staging = sum(history.PRODUCTION.values()), sum(history.ELSEWHERE.values())

    assert grafana.number("Requests") == pytest.approx(services * (in_production + in_staging), rel=0.01)
    assert grafana.number("Requests", chosen=ONE) == pytest.approx(in_production, rel=0.01)
    by_class = grafana.newest("Requests by status class", chosen=ONE)
    assert by_class == pytest.approx({(digit,): rate for digit, rate in history.PRODUCTION.items()}, rel=0.01)


def test_the_error_rate_of_a_service_that_never_failed_is_zero_and_not_absent(grafana: Grafana) -> None:
    shares = grafana.newest("Error rate by service")

    expected = {
        (name, service): share for name, share in (("production", 0.1), ("staging", 0.0)) for service in SERVICES
    }
    assert shares == pytest.approx(expected, abs=0.002)
    assert grafana.number("Error rate", chosen={"environment": ["staging"], "service": None}) == 0.0
    assert grafana.number("Error rate", chosen=ONE) == pytest.approx(0.1, abs=0.002)


def test_percentiles_lie_in_the_buckets_that_the_requests_fell_in(grafana: Grafana) -> None:
    assert 50 <= grafana.number("Latency", "A") <= 100
    assert 250 <= grafana.number("Latency", "B") <= grafana.number("Latency", "C") <= 500
    assert grafana.number("Latency p95") == pytest.approx(grafana.number("Latency", "B"), rel=0.01)


def test_out_is_what_came_from_the_service_and_in_what_went_to_it(grafana: Grafana) -> None:
    assert grafana.number("Throughput", "A", ONE) == pytest.approx(history.BYTES_OUT, rel=0.01)
    assert grafana.number("Throughput", "B", ONE) == pytest.approx(history.BYTES_IN, rel=0.01)


@pytest.mark.parametrize("use", ["CPU", "Memory"])
@pytest.mark.parametrize("chosen", [ALL, ONE, PREVIEW], ids=["all", "one", "preview"])
def test_the_total_is_the_sum_over_services_and_over_replicas(grafana: Grafana, use: str, chosen: Chosen) -> None:
    total = grafana.number(use, chosen=chosen)

    assert total > 0
    for curve in (f"{use} by service", f"{use} by replica"):
        assert sum(grafana.newest(curve, chosen=chosen).values()) == pytest.approx(total)


def test_the_replicas_are_the_projects_running_pods(grafana: Grafana) -> None:
    running = history.replicas(grafana.end)

    assert set(grafana.newest("Memory by replica")) == running
    assert set(grafana.newest("CPU by replica")) == running
    assert grafana.number("Pods") == len(running)


def test_the_network_counts_every_interface_of_every_pod_once(grafana: Grafana) -> None:
    chosen: Chosen = {"environment": ["production"], "service": [SERVICES[0]]}
    pods = [
        pod
        for pod in Cluster(history.REGION).running(grafana.end)
        if pod.tenant and (pod.tenant.environment, pod.tenant.service_id) == ("production", SERVICES[0])
    ]
    assert len(pods) == 2
    # eth1 carries a twentieth of what eth0 does, and every rate swings by three tenths around its mean.
    for ref, mean in (("A", pods[0].receive * 1.05), ("B", pods[0].transmit * 1.05)):
        assert grafana.number("Network", ref, chosen) == pytest.approx(2 * mean, rel=0.31)
