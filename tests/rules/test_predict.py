"""The arithmetic of a prediction: the formulas, the example region, and what each part of a fleet adds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import BadRequest
from rules.budget import BUDGET
from rules.predict import RECORDED_PER_POD, RECORDED_PER_TENANT, Fleet, predict
from rules.predict_files import named
from rules.predict_gateway import itself, route
from rules.predict_matcher import DEFAULT_BOUNDS, Matcher, Pattern, Statistics
from rules.predict_verdict import Verdict, verdicts, worst
from rules.statistics import STRICT, fragment

ANCHORED = named("anchored")
REGION = Fleet(routes=4_000, pods=3)


def bounds(count: int) -> tuple[float, ...]:
    return tuple(range(1, count + 1))


@pytest.mark.parametrize(
    ("matcher", "classes", "count", "series"),
    [
        ("anchored", 1, 11, 17),
        ("anchored", 4, 11, 20),
        ("anchored", 5, 11, 21),
        ("anchored", 4, 19, 28),
        ("suffix", 1, 11, 32),
        ("suffix", 4, 11, 38),
        ("none", 1, 19, 223),
        ("none", 4, 19, 235),
    ],
)
def test_a_busy_route_costs_what_was_measured(matcher: str, classes: int, count: int, series: int) -> None:
    assert route(named(matcher, bounds(count)), classes).series == series


@pytest.mark.parametrize(
    ("matcher", "deferred", "series"),
    [("anchored", True, 0), ("anchored", False, 2), ("suffix", True, 0), ("none", True, 41), ("none", False, 170)],
)
def test_an_idle_route_costs_what_was_measured(matcher: str, deferred: bool, series: int) -> None:
    assert route(named(matcher, deferred=deferred), 4, active=False).series == series


@pytest.mark.parametrize("classes", range(1, 6))
@pytest.mark.parametrize("count", [1, 11, 12, 40])
def test_the_formulas_hold_for_every_number_of_bounds_and_classes(classes: int, count: int) -> None:
    histogram = count + 3

    assert route(named("anchored", bounds(count)), classes).series == histogram + classes + 2
    assert route(named("suffix", bounds(count)), classes).series == 2 * histogram + 2 * classes + 2


def test_a_gateway_costs_itself_by_its_buckets_workers_and_control_plane() -> None:
    default = Statistics(ANCHORED.matcher, (), deferred=True)

    assert itself(default).series == 135
    assert itself(ANCHORED).series == 90
    assert itself(ANCHORED, workers=5).series == 96
    assert itself(ANCHORED, workers=1, managed=False).series == 55


def test_the_example_region_is_what_the_formula_says() -> None:
    predicted = predict(REGION, replace(ANCHORED, bounds=ANCHORED.bounds[:1]))

    assert predicted.envoy == 3 * (4_000 * 20 + 135) == 240_405
    assert predict(REGION, named("none", DEFAULT_BOUNDS)).route == 235


def test_routes_are_shared_by_the_gateways_and_repeated_by_each_pod() -> None:
    one = predict(Fleet(routes=900, pods=2), ANCHORED)
    three = predict(Fleet(routes=900, gateways=3, pods=2), ANCHORED)

    assert three.envoy - one.envoy == 2 * 2 * 90
    assert three.gateway == 900 // 3 * 20 + 90
    assert three.scrape_bytes < one.scrape_bytes / 2


def test_a_rule_and_a_backend_of_its_own_are_a_cluster_each() -> None:
    plain = predict(Fleet(routes=1), ANCHORED)
    widest = predict(Fleet(routes=1, rules=16, backends=16, classes=5), ANCHORED)

    assert widest.envoy - 90 == 16 * 16 * 21 == 5_376
    assert plain.envoy - 90 == 20


def test_suppressed_previews_cost_nothing_and_the_saving_is_told() -> None:
    suppressed = predict(replace(REGION, previews=2_000), ANCHORED)
    shown = predict(replace(REGION, previews=2_000, suppressed=False), ANCHORED)

    assert (suppressed.previews, suppressed.avoided) == (0, 120_000)
    assert (shown.previews, shown.avoided) == (120_000, 0)
    assert shown.envoy - suppressed.envoy == 120_000


def test_idle_routes_cost_their_byte_counters_unless_creation_is_deferred() -> None:
    idle = replace(REGION, idle=1_000)

    assert predict(idle, ANCHORED).envoy == 3 * (3_000 * 20 + 90)
    assert predict(idle, named("anchored", deferred=False)).envoy == 3 * (3_000 * 20 + 1_000 * 2 + 90)


def test_every_replacement_adds_all_series_of_an_envoy_again() -> None:
    still, twice = (predict(replace(REGION, replacements=count), ANCHORED) for count in (0.0, 2.0))

    assert still.churn == still.envoy + still.recorded
    assert twice.churn - still.churn == 2 * still.envoy


def test_service_pods_cost_their_containers_interfaces_states_and_recorded_series() -> None:
    bare = predict(REGION, ANCHORED)
    pods = predict(replace(REGION, service_pods=10, containers=2, interfaces=1, pod_replacements=3.0), ANCHORED)

    assert pods.resources == 10 * (2 * (2 + 3) + 2 + 9)
    assert pods.recorded - bare.recorded == 10 * RECORDED_PER_POD
    assert pods.churn - bare.churn == 4 * (pods.resources + 10 * RECORDED_PER_POD)


def test_a_tenant_pays_for_its_route_in_every_pod_and_its_recorded_series() -> None:
    assert predict(REGION, ANCHORED).tenant == 3 * 20 + RECORDED_PER_TENANT


@pytest.mark.parametrize(
    ("field", "value"),
    [("routes", -1), ("gateways", 0), ("pods", 0), ("classes", 6), ("rules", 17), ("backends", 0), ("idle", 9)],
)
def test_an_impossible_fleet_is_refused_by_the_name_of_its_field(field: str, value: int) -> None:
    with pytest.raises(BadRequest, match=f"^{field}: must be from "):
        replace(Fleet(routes=5), **{field: value})  # type: ignore[arg-type]  # whichever field it is


def test_the_catalogue_s_own_settings_are_the_anchored_deferred_ones() -> None:
    assert Statistics.of(fragment(STRICT)) == ANCHORED


def test_an_exclusion_list_keeps_what_it_does_not_name() -> None:
    matcher = Matcher.of({"exclusion_list": {"patterns": [{"prefix": "a."}, {"safe_regex": {"regex": "b[.].*"}}]}})

    assert matcher.admitted(["a.x", "b.x", "c.x", "xb.x"]) == {"c.x", "xb.x"}


def test_rejecting_all_leaves_nothing_and_no_matcher_leaves_everything() -> None:
    assert Matcher.of({"reject_all": True}).admitted(["a"]) == set()
    assert Matcher.of(None).admitted(["a"]) == {"a"}


@pytest.mark.parametrize(
    ("pattern", "matching"),
    [
        (Pattern("exact", "a.b"), {"a.b"}),
        (Pattern("prefix", "a."), {"a.b", "a.bc"}),
        (Pattern("suffix", "b"), {"a.b", "xa.b"}),
        (Pattern("contains", "a.b"), {"a.b", "a.bc", "xa.b"}),
        (Pattern("regex", "a[.]b"), {"a.b"}),
        (Pattern("regex", "a[.]b|x"), {"a.b"}),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_a_pattern_matches_as_envoy_matches(pattern: Pattern, matching: set[str]) -> None:
    assert pattern.matching(["a.b", "a.bc", "xa.b"]) == matching


def test_what_re2_does_not_know_is_refused_though_python_knows_it() -> None:
    with pytest.raises(BadRequest, match="is no regular expression for RE2"):
        Pattern("regex", "(?=a)b").matching(["b"])


def test_a_region_near_its_budget_is_told_and_one_over_it_refused() -> None:
    def region(routes: int) -> Verdict:
        lines = verdicts(predict(Fleet(routes=routes, gateways=2, pods=3), ANCHORED), 11, "standard", {})
        return next(line.verdict for line in lines if line.name == "series of the region")

    assert BUDGET.per_region == 300_000
    assert [region(3_000), region(3_300), region(4_200)] == [Verdict.WITHIN, Verdict.NEAR, Verdict.OVER]


def test_a_suffix_matcher_is_over_the_budget_of_a_route() -> None:
    lines = verdicts(predict(Fleet(routes=1), named("suffix")), 11, "standard", {})

    assert [line.name for line in lines if line.verdict is Verdict.OVER] == ["series of a route"]
    assert worst(lines) is Verdict.OVER
    assert worst(verdicts(predict(Fleet(routes=1), ANCHORED), 11, "standard", {})) is Verdict.WITHIN
