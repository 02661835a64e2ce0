from __future__ import annotations

import json

import pytest

from ingest.grammar import GRAMMAR
from ingest.relabel import metric_relabel_configs

KEEP = "envoy_cluster_upstream_rq_xx"
CONTRACT = ["route_kind", "namespace", "project_id", "service_id", "environment", "rule", "backend"]


def test_what_is_kept_is_decided_before_anything_is_labelled_and_the_name_is_dropped_last() -> None:
    by_series, by_name, *labelled, last = metric_relabel_configs(KEEP)

    assert by_series == {"action": "keep", "source_labels": ["__name__"], "regex": KEEP}
    assert by_name == {"action": "keep", "source_labels": ["envoy_cluster_name"], "regex": GRAMMAR.named_pattern}
    assert [rule["target_label"] for rule in labelled] == CONTRACT
    assert {rule["regex"] for rule in labelled} == {GRAMMAR.named_pattern}
    assert last == {"action": "labeldrop", "regex": "envoy_cluster_name"}


@pytest.mark.parametrize(
    ("label", "replacement"),
    [
        ("project_id", "${project_id_1}-${project_id_2}-${project_id_3}-${project_id_4}-${project_id_5}"),
        ("service_id", "${service_id_1}-${service_id_2}-${service_id_3}-${service_id_4}-${service_id_5}"),
        ("environment", "${environment}"),
        ("backend", "${backend}"),
    ],
)
def test_ids_are_hyphenated_and_the_rest_is_kept(label: str, replacement: str) -> None:
    (rule,) = (rule for rule in metric_relabel_configs(KEEP) if rule.get("target_label") == label)

    assert rule["replacement"] == replacement


def test_the_rules_are_plain_data_that_any_writer_takes() -> None:
    rules = metric_relabel_configs(KEEP)

    assert json.loads(json.dumps(rules)) == rules
