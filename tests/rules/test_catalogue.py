"""The catalogue against what the rest of the product says about the same things."""

from __future__ import annotations

import re

import pytest

from billing.evidence import selector
from billing.runs import instruments as billing
from core.tenant import TENANT_LABELS
from ingest import instruments as ingest
from ingest.usage.instruments import UsageInstruments
from query import instruments as query
from rules import alerts, live_place, platform, retention
from rules.attribution import POD_LABELS
from rules.budget import BUDGET, histogram_series
from rules.catalogue import (
    CONTRACT_LABELS,
    CUSTOMER_FAMILIES,
    LATENCY_BUCKETS_MS,
    LATENCY_THRESHOLDS_MS,
    MOST_BUCKETS,
    SELF_BUCKETS_MS,
    SELF_PREFIXES,
    VERSION,
)
from rules.pods import KUBERNETES_LABELS, STATE_SERIES
from rules.preview import FIRST_ENVOY
from rules.render.state_metrics import arguments
from rules.statistics import STRICT

_STATS = "|".join(family.stat for family in CUSTOMER_FAMILIES)


@pytest.mark.parametrize(
    "stat",
    [
        "upstream_rq_time",
        "upstream_rq_2xx",
        "upstream_rq_5xx",
        "upstream_cx_rx_bytes_total",
        "upstream_cx_tx_bytes_total",
    ],
)
def test_the_families_match_envoy_s_stats(stat: str) -> None:
    assert re.fullmatch(_STATS, stat)


@pytest.mark.parametrize(
    "stat",
    [
        "upstream_rq_total",
        "upstream_rq_6xx",
        "upstream_rq_200",
        "external.upstream_rq_2xx",
        "retry.upstream_rq_time",
        "upstream_cx_rx_bytes_buffered",
        "upstream_rq_timeout",
    ],
)
def test_the_families_match_no_neighbour(stat: str) -> None:
    assert not re.fullmatch(_STATS, stat)


def test_no_family_holds_a_character_that_envoy_gateway_would_escape() -> None:
    assert not set("\\'\"<>&=") & set(_STATS)


@pytest.mark.parametrize("bounds", [LATENCY_BUCKETS_MS, SELF_BUCKETS_MS], ids=["latency", "self"])
def test_bounds_rise(bounds: tuple[int, ...]) -> None:
    assert list(bounds) == sorted(set(bounds))
    assert len(bounds) <= 12


def test_self_prefixes_end_at_a_dot_so_that_no_longer_name_slips_in() -> None:
    assert all(prefix.endswith(".") for prefix in SELF_PREFIXES)


def test_the_contract_is_the_tenant_and_where_it_runs() -> None:
    assert (*TENANT_LABELS, "cluster", "region") == CONTRACT_LABELS


def test_every_threshold_is_a_bound() -> None:
    assert set(LATENCY_THRESHOLDS_MS) <= set(LATENCY_BUCKETS_MS)
    assert alerts.LATENCY_LIMIT_MS in LATENCY_THRESHOLDS_MS
    assert len(LATENCY_BUCKETS_MS) <= MOST_BUCKETS


def test_an_active_route_uses_up_its_budget_and_no_more() -> None:
    classes, directions = 5, 2

    assert histogram_series(len(LATENCY_BUCKETS_MS)) + classes + directions == BUDGET.per_route


def test_previews_can_be_silenced_by_the_envoy_of_this_repository() -> None:
    assert FIRST_ENVOY <= (1, 40, 0)


def test_the_pattern_fits_the_api_that_it_is_written_into() -> None:
    (pattern,) = STRICT.patterns

    assert len(pattern) <= 1024
    assert not set("\\'\"<>&=") & set(pattern)


def test_kubernetes_labels_fold_into_what_kube_state_metrics_calls_them() -> None:
    folded = ["label_" + re.sub("[^a-z0-9]", "_", label) for label in KUBERNETES_LABELS]

    assert folded == list(POD_LABELS.values())


def test_nothing_that_names_a_tenant_is_among_what_the_platform_may_send() -> None:
    assert all(re.fullmatch("|".join(platform.DENIED_LABELS), label) for label in TENANT_LABELS)
    for family in CUSTOMER_FAMILIES:
        assert not any(re.fullmatch("|".join(platform.SERIES), series) for series in family.series)
    assert not re.fullmatch("|".join(platform.NAMESPACES), "prj-0b6f8e0c")


def test_what_our_processes_expose_is_kept_by_every_region_and_may_leave_without_a_tenant_in_it() -> None:
    ours = [billing.Instruments().registry, ingest.Instruments().registry, query.Instruments().registry]
    UsageInstruments(ours[1])
    families = [family for registry in ours for family in registry.collect()]
    names = {*(family.name for family in families), live_place.FINDINGS, live_place.LAST_RUN}
    labels = {label for family in families for sample in family.samples for label in sample.labels}

    assert "starmeter_billing_watermark_age_seconds" in names
    assert [name for name in sorted(names) if not re.fullmatch(platform.OWN_SERIES, name)] == []
    assert platform.OWN_SERIES in platform.SERIES
    assert not labels & set(platform.DENIED_LABELS)


def test_kube_state_metrics_tells_all_that_the_billing_run_collects() -> None:
    collected = {text for text in vars(selector).values() if isinstance(text, str) and text.startswith("kube_")}

    assert {selector.REQUESTS, selector.ALLOCATABLE} < collected
    assert [name for name in sorted(collected) if not re.fullmatch("|".join(STATE_SERIES), name)] == []
    resources = {name.split("_")[1] for name in collected}
    assert f"--resources={','.join(f'{kind}s' for kind in sorted(resources, reverse=True))}" in arguments()


def test_an_environment_without_a_tier_has_a_retention() -> None:
    assert retention.DEFAULT_TIER in retention.LOGS_DAYS
    assert set(BUDGET.per_project) == set(retention.LOGS_DAYS)


def test_the_version_is_of_three_numbers() -> None:
    assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", VERSION)
