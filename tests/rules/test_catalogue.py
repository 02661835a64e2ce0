"""The catalogue against what the rest of the product says about the same things."""

from __future__ import annotations

import re

import pytest

from core.tenant import TENANT_LABELS
from rules.catalogue import CONTRACT_LABELS, CUSTOMER_FAMILIES, LATENCY_BUCKETS_MS, SELF_BUCKETS_MS, SELF_PREFIXES

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
