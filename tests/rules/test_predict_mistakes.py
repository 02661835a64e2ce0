"""`rules predict` over files and arguments with mistakes: each is named, none is a stack trace."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.rules.predicting import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stats_config: {stats_matcher: {inclusion_list: {patterns: [{safe: x}]}}}", "is no string matcher"),
        ("stats_config: {stats_matcher: {}}", "stats_matcher: has none of inclusion_list"),
        ("stats_config: {histogram_bucket_settings: [{match: {suffix: x}}]}", "histogram_bucket_settings"),
        ("stats_config: [1]", "stats_config: must be a mapping, not [1]"),
        ("stats_config: {a: [", "is neither YAML nor JSON"),
        ("kind: EnvoyProxy\nspec: {bootstrap: {type: JSONPatch}}", "only Merge and Replace"),
        ("kind: EnvoyProxy\nspec: [1]", "spec: "),
        (
            "kind: EnvoyProxy\nspec: {telemetry: {metrics: {matches: [{type: Regex, value: x}]}}}",
            'type "Regex" is none of Exact',
        ),
        ("kind: Service", "has no Envoy bootstrap"),
        ("stats_config: 2020-13-45", 'stats_config: must be a mapping, not "2020-13-45"'),
        ("stats_config: " + "[" * 50_000, "is neither YAML nor JSON: line 1: nested too deep"),
        ("stats_config: &a [*a]", "line 1: an alias that contains itself"),
        (
            "a: &a0 [1]\n" + "".join(f"b{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 3_000)) + "stats_config: *a2999",
            "stats_config: must be a mapping, not something nested too deep",
        ),
        ("kind: x\nstats_config: \x01", "line 2: a character that YAML does not allow"),
        ("stats_config: {{ .Values.stats }}{{ end }}", "render the template first"),
        ("stats_config: {{ .Values.stats }}", "stats_config: "),
        (
            "stats_config: {statsMatcher: {rejectAll: true}}",
            'stats_config: "statsMatcher" is unknown; known are allow_',
        ),
        ("stats_config: {}\ndeferred_stat_options: {enable: true}", 'deferred_stat_options: "enable" is unknown'),
        ("stats_config: {stats_matcher: 5}", "stats_matcher: must be a mapping, not 5"),
        ("stats_config: {stats_matcher: {inclusion_list: 5}}", "inclusion_list: must be a mapping, not 5"),
        ("stats_config: {stats_matcher: {exclusion_list: {patterns: a}}}", "exclusion_list.patterns: must be a list"),
        ("stats_config: {stats_matcher: {reject_all: maybe}}", "reject_all: must be true or false"),
        ("stats_config: {stats_matcher: {inclusion_list: {patterns: [{safe_regex: {regex: (}}]}}}", "is no regular"),
        ("stats_config: {histogram_bucket_settings: 5}", "histogram_bucket_settings: must be a list, not 5"),
        ("stats_config: {histogram_bucket_settings: [{match: {suffix: x}, buckets: [.nan]}]}", "give numbers above 0"),
        ("stats_config: {histogram_bucket_settings: [{match: {suffix: x}, buckets: [true]}]}", "give numbers above 0"),
        ("stats_config: {}\ndeferred_stat_options: {enable_deferred_creation_stats: 'no'}", "must be true or false"),
        ("kind: EnvoyProxy\nspec: {bootstrap: {type: [1], value: ''}}", "only Merge and Replace"),
        ("kind: EnvoyProxy\nspec: {bootstrap: {type: Merge, value: [1]}}", "only Merge and Replace"),
        (
            "kind: EnvoyProxy\nspec: {bootstrap: {type: Merge, value: 'stats_config: [1]'}}",
            "stats_config: must be a map",
        ),
        (
            "kind: EnvoyProxy\nspec: {bootstrap: {type: Merge, value: 'deferred_stat_options: 7'}}",
            "deferred_stat_options:",
        ),
        ("kind: EnvoyProxy\nspec: {telemetry: [1]}", "spec.telemetry: must be a mapping, not [1]"),
        ("kind: EnvoyProxy\nspec: {telemetry: {metrics: {matches: {a: b}}}}", "matches: must be a list"),
        ("kind: EnvoyProxy\nspec: {telemetry: {metrics: {matches: [5]}}}", "matches: must be a mapping, not 5"),
        ("kind: EnvoyProxy\nspec: {telemetry: {metrics: {matches: [{type: [], value: x}]}}}", "type [] is none of"),
        ("kind: EnvoyProxy\nspec: {telemetry: {metrics: {matches: [{value: 5}]}}}", "value 5 is no text"),
    ],
    ids=lambda text: text[:90],
)
def test_a_file_with_a_mistake_is_named_with_the_mistake(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "mistake.yaml"
    file.write_text(text)

    result = run("--routes", 1, "--from", file)

    assert result.exit_code == 2
    assert result.stderr.startswith(f"starmeter rules predict: {file}: ")
    assert words in result.stderr
    assert isinstance(result.exception, SystemExit)
    assert "object" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--routes", 5, "--classes", 9), "classes: must be from 1 to 5"),
        (("--routes", 5, "--buckets", 0), "buckets: must be from 1 to"),
        (("--routes", 5, "--plan", "gold"), "plan: 'gold' is none of hobby"),
        (("--routes", 5, "--against", "/nowhere"), "/nowhere: does not exist"),
        (("--routes", 5, "--from", "/dev/zero"), "/dev/zero: is no file"),
        (("--routes", 5, "--scrape", "/nowhere"), "/nowhere: is no file"),
        (("--routes", 5, "--replacements", "nan"), "replacements: must be from 0 to 1000"),
        (("--routes", 5, "--name-length", -5), "name_length: must be from 1"),
        (("--routes", 5, "--project-tenants", 0), "project_tenants: must be from 1"),
        ((), "routes: not given for region; say how many there are"),
        (("--region", ""), "region: '' is no region's name"),
        (("--routes", 5, "--region", "FRA1"), "region: 'FRA1' is no region's name"),
        (("--routes", 5, "--region", "fra1", "--region", "fra1:pods=2"), "region: fra1 is given twice"),
        (("--region", "fra1:routes=x"), "region: fra1: routes must be a whole number, not 'x'"),
        (("--region", "fra1:routes=5,suppressed=perhaps"), "suppressed must be true or false"),
        (("--region", "fra1:routes=5,replacements=often"), "replacements must be a number"),
        (("--region", "fra1:routes=5,speed=9"), "'speed' is none of routes, gateways"),
        (("--region", "fra1:routes"), "'routes' is none of"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else None,
)
def test_a_wrong_argument_ends_with_2_and_is_named(arguments: tuple[object, ...], words: str) -> None:
    result = run(*arguments)

    assert result.exit_code == 2
    assert words in result.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (json.dumps({"prediction": {"route": 20}}), "is a prediction of another release"),
        (json.dumps({"regions": [{"region": "a", "prediction": {"route": 20}}]}), "is a prediction of another release"),
        (json.dumps({"regions": 5}), "is a prediction of another release"),
        ("[" * 100_000, "is no JSON"),
        ("{", "is no JSON"),
        ("[]", "has no Envoy bootstrap"),
    ],
    ids=["before regions", "without a field", "no list", "nested", "torn", "something else"],
)
def test_what_is_no_earlier_prediction_is_refused(tmp_path: Path, text: str, words: str) -> None:
    earlier = tmp_path / "earlier.json"
    earlier.write_text(text)

    result = run("--routes", 5, "--against", earlier)

    assert result.exit_code == 2
    assert words in result.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("scrape_configs: [{job_name: app}]", "has no job envoy-gateway"),
        ("scrape_configs: 5", "scrape_configs: must be a list"),
        ("scrape_configs: [{job_name: envoy-gateway, sample_limit: many}]", "sample_limit: must be a whole number"),
        ("a: [", "is neither YAML nor JSON"),
    ],
)
def test_a_scrape_configuration_with_a_mistake_is_named(tmp_path: Path, text: str, words: str) -> None:
    scrape = tmp_path / "vmagent.yml"
    scrape.write_text(text)

    result = run("--routes", 1, "--scrape", scrape)

    assert result.exit_code == 2
    assert result.stderr.startswith(f"starmeter rules predict: {scrape}: ")
    assert words in result.stderr


def test_every_file_of_a_folder_with_a_mistake_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("stats_config: [1]\n---\nkind: EnvoyProxy\nspec: [1]\n")
    (tmp_path / "b.yaml").write_text("stats_config: {stats_matcher: 5}\n")
    (tmp_path / "good.yaml").write_text("stats_config: {}\n")

    result = run("--routes", 1, "--from", tmp_path)

    assert result.exit_code == 2
    assert [line.partition(f"{tmp_path}/")[2][:12] for line in result.stderr.splitlines()] == [
        "a.yaml: stat",
        "a.yaml: spec",
        "b.yaml: stat",
    ]
