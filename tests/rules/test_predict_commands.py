"""`rules predict` as it is used: tables and JSON, regions, comparisons with files of all kinds, exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from rules.predict_files import MATCHERS
from rules.statistics import STRICT, fragment
from tests.rules.predicting import predicted, rows, run

if TYPE_CHECKING:
    from pathlib import Path

REGEX = STRICT.patterns[0]


def resource(*matches: tuple[str, str], bootstrap: str | None = None) -> str:
    """An EnvoyProxy resource."""
    spec: dict[str, object] = {
        "telemetry": {"metrics": {"matches": [{"type": kind, "value": value} for kind, value in matches]}}
    }
    if bootstrap is not None:
        spec["bootstrap"] = {"type": "Merge", "value": bootstrap}
    return yaml.safe_dump({"apiVersion": "gateway.envoyproxy.io/v1alpha1", "kind": "EnvoyProxy", "spec": spec})


BUCKETS = "stats_config: {histogram_bucket_settings: [{match: {suffix: .upstream_rq_time}, buckets: [5, 50, 500]}]}"


def test_a_region_within_its_budgets_ends_with_0_and_says_so() -> None:
    result = run("--routes", 1000, "--gateways", 1, "--pods", 2)

    assert result.exit_code == 0
    assert ["series", "of", "a", "busy", "route,", "per", "Envoy", "pod", "20"] in rows(result)
    assert result.stdout.rstrip().endswith("verdict: within")


def test_over_a_budget_it_ends_with_1_and_names_the_budget() -> None:
    document = predicted("--routes", 100, "--matcher", "none")

    assert run("--routes", 100, "--matcher", "none").exit_code == 1
    assert document["verdict"] == "over"
    over = [line["name"] for line in document["budgets"] if line["verdict"] == "over"]
    assert over == ["series of a route", "series of a gateway itself"]


def test_json_holds_the_fleet_the_prediction_and_every_budget() -> None:
    document = predicted("--routes", 4000, "--pods", 3)

    assert document["fleet"]["pods"] == 3
    assert document["prediction"]["envoy"] == 240_270
    assert {line["verdict"] for line in document["budgets"]} == {"within", "near"}
    assert "difference" not in document


def test_an_earlier_output_can_be_compared_with(tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.json"
    earlier.write_text(run("--routes", 1000, "--pods", 2, "--json").stdout)

    document = predicted("--routes", 1100, "--pods", 2, "--against", earlier)

    assert document["difference"]["envoy"] == 2 * 100 * 20
    assert document["against"]["envoy"] == 2 * (1000 * 20 + 90)
    table = run("--routes", 1100, "--pods", 2, "--against", earlier).stdout
    assert "region: series of all Envoy pods" in table
    assert "+4,000" in table


def test_two_sets_of_files_are_compared_for_the_same_fleet(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, matcher in ((old, "suffix"), (new, "anchored")):
        folder.mkdir()
        (folder / "envoy.json").write_text(json.dumps(fragment(MATCHERS[matcher])))
        (folder / "other.yaml").write_text("kind: HTTPRoute\n")

    document = predicted("--routes", 10, "--from", new, "--against", old)

    assert document["difference"]["route"] == 20 - 38
    assert document["difference"]["gateway_itself"] == 0


def test_an_envoy_proxy_resource_is_read_as_envoy_gateway_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "proxy.yaml"
    file.write_text(resource(("Prefix", "server."), ("RegularExpression", REGEX), bootstrap=BUCKETS))

    document = predicted("--routes", 1, "--from", file, "--classes", 2)

    assert document["prediction"]["route"] == (3 + 3) + 2 + 2


def test_an_escaped_backslash_is_predicted_to_lose_every_route(tmp_path: Path) -> None:
    file = tmp_path / "proxy.yaml"
    file.write_text(resource(("Prefix", "server."), ("RegularExpression", REGEX.replace("[.]", "\\."))))

    assert predicted("--routes", 1, "--from", file)["prediction"]["route"] == 0


def test_of_a_gateway_and_one_for_previews_the_one_with_routes_counts(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(resource(("RegularExpression", REGEX), bootstrap=BUCKETS))
    (tmp_path / "b.yaml").write_text(resource(("Prefix", "server.")))

    assert predicted("--routes", 1, "--from", tmp_path)["prediction"]["route"] == 12


def test_patterns_in_the_merged_bootstrap_count_besides_the_resource_s_own(tmp_path: Path) -> None:
    more = json.dumps({"stats_config": {"stats_matcher": {"inclusion_list": {"patterns": [{"suffix": "_2xx"}]}}}})
    file = tmp_path / "proxy.yaml"
    file.write_text(resource(("Suffix", "upstream_rq_5xx"), bootstrap=more))

    # Twice each: of all requests, and of those from outside.
    assert predicted("--routes", 1, "--from", file, "--classes", 5)["prediction"]["route"] == 4


def test_every_region_has_an_answer_of_its_own_and_all_of_them_a_sum() -> None:
    arguments = ("--routes", 1000, "--pods", 3, "--region", "fra1", "--region", "ams1:routes=4000,idle=100")
    result = run(*arguments, "--json")
    document = json.loads(result.stdout)

    fra1, ams1 = document["regions"]
    assert [(one["region"], one["fleet"]["routes"], one["fleet"]["pods"]) for one in (fra1, ams1)] == [
        ("fra1", 1000, 3),
        ("ams1", 4000, 3),
    ]
    assert ams1["prediction"]["envoy"] == 3 * (3900 * 20 + 90)
    for field in ("region", "region_scrape_bytes", "churn"):
        assert document["total"][field] == fra1["prediction"][field] + ams1["prediction"][field]
    # One region over its budget is enough.
    assert (fra1["verdict"], ams1["verdict"], document["verdict"]) == ("within", "near", "near")
    text = run(*arguments)
    assert "region ams1" in text.stdout.splitlines()
    assert ["active", "series", f"{document['total']['region']:,}"] in rows(text)


def test_each_region_is_compared_with_itself(tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.json"
    earlier.write_text(run("--region", "fra1:routes=10", "--region", "ams1:routes=20", "--json").stdout)

    result = run("--region", "ams1:routes=30", "--region", "new1:routes=5", "--against", earlier, "--json")

    ams1, new1 = json.loads(result.stdout)["regions"]
    assert ams1["difference"]["envoy"] == 10 * 20
    assert "difference" not in new1


def test_a_tenant_s_part_is_told_in_series_bytes_and_churn_and_its_project_is_held_against_its_plan() -> None:
    told = predicted("--routes", 100, "--pods", 3, "--replacements", 2, "--project-tenants", 40, "--plan", "hobby")

    prediction = told["prediction"]
    assert prediction["tenant_churn"] == 3 * 20 * 3 + (prediction["tenant"] - 3 * 20)
    assert prediction["project"] == 40 * prediction["tenant"] == 2_680
    assert prediction["tenant_scrape_bytes"] * 100 == pytest.approx(prediction["region_scrape_bytes"], rel=0.03)
    (line,) = [line for line in told["budgets"] if line["name"] == "series of a project (hobby)"]
    assert (line["value"], line["budget"], line["verdict"]) == (2_680, 2_000, "over")


def test_a_limit_below_one_and_a_half_of_the_prediction_is_over_whatever_the_constant_is(tmp_path: Path) -> None:
    scrape = tmp_path / "vmagent.yml"
    scrape.write_text(
        "scrape_configs:\n- {job_name: app, sample_limit: 5}\n"
        "- {job_name: envoy-gateway, sample_limit: 3136, series_limit: 3134}\n"
    )

    lines = predicted("--routes", 100, "--scrape", scrape)["budgets"]

    # 100 routes of 20 series and 90 of the gateway itself.
    limited = {line["name"]: (line["value"], line["verdict"]) for line in lines if "_limit" in line["name"]}
    assert limited == {"sample_limit, x 1.5": (3_135, "within"), "series_limit, x 1.5": (3_135, "over")}


def test_the_rendered_limit_counts_when_no_other_is_named() -> None:
    (line,) = [line for line in predicted("--routes", 4_100)["budgets"] if line["name"] == "sample_limit, x 1.5"]

    assert (line["budget"], line["verdict"]) == (120_225, "over")
