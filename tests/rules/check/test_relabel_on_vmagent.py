"""What the checks believe of relabelling is what a real vmagent does: Alloy's rules, ours, and every action."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from core.tenant import TENANT_LABELS
from rules.check import corpus, platform_corpus, relabel
from rules.check.node import documents
from rules.render import alloy, scrape
from tests.rules.programs import Labels, exposition, pages, stored

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.stack

_SAMPLE: Final[Labels] = {"__name__": "m", "a": "Foo-12", "b": "foo-12", "c": "Foo-12", "tmp_x": "1", "meta_pod": "p"}
# Each a rule or several, applied to the sample.
_ACTIONS: Final[dict[str, list[dict[str, Any]]]] = {
    "replace with numbers": [
        {"source_labels": ["a"], "regex": "(.)(.*)-([0-9]+)", "target_label": "n", "replacement": "$3${1}x"}
    ],
    "replace with names": [
        {"source_labels": ["a"], "regex": "(?P<x>[A-Z]).*", "target_label": "n", "replacement": "${x}${y}"}
    ],
    "replace joins": [{"source_labels": ["a", "b"], "separator": "/", "target_label": "n"}],
    "an empty value is no label": [{"source_labels": ["absent"], "target_label": "a"}],
    "a pattern must match everything": [
        {"source_labels": ["a"], "regex": "Foo", "target_label": "a", "replacement": "x"}
    ],
    "a dollar": [{"source_labels": ["a"], "target_label": "n", "replacement": "$$1"}],
    "replace_all": [
        {"action": "replace_all", "source_labels": ["a"], "regex": "o", "target_label": "a", "replacement": "0"}
    ],
    "keep": [{"action": "keep", "source_labels": ["a"], "regex": "F.*"}],
    "keep nothing": [{"action": "keep", "source_labels": ["a"], "regex": "f.*"}],
    "drop": [{"action": "drop", "source_labels": ["b"], "regex": "foo-[[:digit:]]+"}],
    "labeldrop": [{"action": "labeldrop", "regex": "tmp_.*|c"}],
    "labelkeep": [{"action": "labelkeep", "regex": "__name__|case|job|instance|a"}],
    "labelmap": [{"action": "labelmap", "regex": "meta_(.+)"}],
    "lower": [{"action": "lowercase", "source_labels": ["a"], "target_label": "l"}],
    "upper": [{"action": "uppercase", "source_labels": ["a"], "target_label": "u"}],
    "equal": [{"action": "keep_if_equal", "source_labels": ["a", "c"]}],
    "not equal": [{"action": "keep_if_equal", "source_labels": ["a", "b"]}],
    "drop when equal": [{"action": "drop_if_equal", "source_labels": ["a", "c"]}],
    "a condition that holds": [{"if": '{a=~"Foo.*"}', "action": "drop"}],
    "a condition that does not": [{"if": 'm{a!="Foo-12"}', "source_labels": ["a"], "target_label": "n"}],
    "quoted in the pattern": [
        {"source_labels": ["a"], "regex": "\\QFoo-\\E\\d+", "target_label": "n", "replacement": "x"}
    ],
    "case ignored": [{"source_labels": ["b"], "regex": "(?i)FOO-.*", "target_label": "n", "replacement": "x"}],
}


# A scrape gives every series these two.
_TARGET: Final = {"job": "j", "instance": "i"}
_PLATFORM: Final = [_TARGET | one for one in (*platform_corpus.own(), *platform_corpus.customers())]


def _believed(rules: Sequence[relabel.Rule], series: Labels) -> Labels | None:
    return relabel.relabelled(rules, series)


def _rules(raw: list[dict[str, Any]]) -> list[relabel.Rule]:
    (root,) = documents(json.dumps(raw))
    return [relabel.of_yaml(node) for node in root.items]


def _job(name: str, path: str, port: int, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "job_name": name,
        "metrics_path": path,
        # The pages' own job and instance labels are part of what is tried.
        "honor_labels": True,
        "static_configs": [{"targets": [f"127.0.0.1:{port}"], "labels": {"case": name}}],
        "metric_relabel_configs": rules,
    }


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Labels]]:
    """What is stored of each case, without the case's own label."""
    texts = {
        "/sample": exposition([_SAMPLE | _TARGET]),
        "/platform": exposition(_PLATFORM),
        "/gateway": exposition(corpus.gateway()),
        "/pods": exposition(corpus.pods()),
    }
    with pages(texts) as port:
        jobs = [_job(name, "/sample", port, rules) for name, rules in _ACTIONS.items()]
        jobs.append(_job("alloy", "/platform", port, [rule.as_prometheus() for rule in alloy.rules()]))
        jobs.append(_job("gateway", "/gateway", port, scrape.gateway_job()["metric_relabel_configs"]))  # type: ignore[arg-type]
        jobs.append(_job("kubelet", "/pods", port, scrape.kubelet_job()["metric_relabel_configs"]))  # type: ignore[arg-type]
        jobs.append(_job("state", "/pods", port, scrape.state_job()["metric_relabel_configs"]))  # type: ignore[arg-type]
        found = stored(tmp_path_factory.mktemp("agent"), jobs)
    by_case: dict[str, list[Labels]] = {job["job_name"]: [] for job in jobs}
    for labels in found:
        by_case[labels.pop("case")].append(labels)
    return by_case


def _sorted(series: list[Labels]) -> list[list[tuple[str, str]]]:
    return sorted(sorted(labels.items()) for labels in series)


@pytest.mark.parametrize("name", _ACTIONS)
def test_an_action_does_what_vmagent_does(kept: dict[str, list[Labels]], name: str) -> None:
    expected = _believed(_rules(_ACTIONS[name]), _SAMPLE | _TARGET)

    assert kept[name] == ([] if expected is None else [expected])


@pytest.mark.parametrize(
    ("name", "rules", "series"),
    [
        pytest.param(
            "alloy",
            [r.as_prometheus() for r in alloy.rules()],
            _PLATFORM,
            id="alloy",
        ),
        pytest.param("gateway", scrape.gateway_job()["metric_relabel_configs"], list(corpus.gateway()), id="gateway"),
        pytest.param("kubelet", scrape.kubelet_job()["metric_relabel_configs"], list(corpus.pods()), id="kubelet"),
        pytest.param("state", scrape.state_job()["metric_relabel_configs"], list(corpus.pods()), id="state"),
    ],
)
def test_rendered_rules_do_what_is_believed_of_them(
    kept: dict[str, list[Labels]], name: str, rules: list[dict[str, Any]], series: list[Labels]
) -> None:
    after = [_believed(_rules(rules), one) for one in series]
    expected = [labels for labels in after if labels is not None]

    assert expected
    assert _sorted(kept[name]) == _sorted(expected)


def test_nothing_of_a_customer_leaves_for_grafana_cloud(kept: dict[str, list[Labels]]) -> None:
    text = str(kept["alloy"])
    bare = text.lower().replace("-", "").replace("_", "")

    assert {labels["__name__"] for labels in kept["alloy"]} >= {"up", "node_cpu_seconds_total", "query_reads_total"}
    for word in (*corpus.tuple_of(corpus.PRODUCTION).values(), *corpus.CUSTOMER_NAMESPACES, corpus.CUSTOMER_POD):
        assert word not in text, word
    for label in ("project_id", "service_id"):
        assert corpus.tuple_of(corpus.PRODUCTION)[label].replace("-", "") not in bare


def test_both_customer_paths_say_the_same_tenant_in_the_same_words(kept: dict[str, list[Labels]]) -> None:
    of_pods = [labels for labels in kept["state"] if labels["__name__"] == "kube_pod_labels"]
    of_routes = {tuple(labels[label] for label in TENANT_LABELS) for labels in kept["gateway"]}

    assert of_pods
    for labels in of_pods:
        assert tuple(labels[f"label_starform_io_{label}"] for label in TENANT_LABELS) in of_routes
