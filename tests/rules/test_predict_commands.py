"""`rules predict` as it is used: tables and JSON, comparisons with files of all kinds, exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from rules.predict_commands import predict
from rules.predict_files import MATCHERS
from rules.statistics import STRICT, fragment

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

REGEX = STRICT.patterns[0]


def run(*arguments: object) -> Result:
    app = typer.Typer()
    app.command()(predict)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def predicted(*arguments: object) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run(*arguments, "--json").stdout)
    return document


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
    assert "series of a busy route, per Envoy pod             20" in result.stdout
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
    earlier.write_text(json.dumps(predicted("--routes", 1000, "--pods", 2)))

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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stats_config: {stats_matcher: {inclusion_list: {patterns: [{safe: x}]}}}", "is no string matcher"),
        ("stats_config: {stats_matcher: {}}", "stats_matcher: has none of inclusion_list"),
        ("stats_config: {histogram_bucket_settings: [{match: {suffix: x}}]}", "histogram_bucket_settings"),
        ("stats_config: [1]", "must be mappings"),
        ("stats_config: {a: [", "is neither YAML nor JSON"),
        ("kind: EnvoyProxy\nspec: {bootstrap: {type: JSONPatch}}", "only Merge and Replace"),
        ("kind: EnvoyProxy\nspec: [1]", "spec: "),
        ("kind: EnvoyProxy\nspec: {telemetry: {metrics: {matches: [{type: Regex, value: x}]}}}", "type 'Regex'"),
        ("kind: Service", "has no Envoy bootstrap"),
    ],
)
def test_a_file_with_a_mistake_is_named_with_the_mistake(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "mistake.yaml"
    file.write_text(text)

    result = run("--routes", 1, "--from", file)

    assert result.exit_code == 2
    assert "mistake.yaml" in result.stderr
    assert words in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--routes", 5, "--classes", 9), "classes: must be from 1 to 5"),
        (("--routes", 5, "--buckets", 0), "buckets: must be from 1 to"),
        (("--routes", 5, "--plan", "gold"), "plan: 'gold' is none of hobby"),
        (("--routes", 5, "--against", "/nowhere"), "/nowhere: does not exist"),
    ],
)
def test_a_wrong_argument_ends_with_2_and_is_named(arguments: tuple[object, ...], words: str) -> None:
    result = run(*arguments)

    assert result.exit_code == 2
    assert words in result.stderr


def test_a_prediction_of_another_release_is_refused(tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.json"
    earlier.write_text(json.dumps({"prediction": {"route": 20}}))

    result = run("--routes", 5, "--against", earlier)

    assert result.exit_code == 2
    assert "is a prediction of another release" in result.stderr
