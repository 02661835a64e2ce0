"""`starmeter rules check --live REGION`: what runs, in the formats and with the excuses of the static checks."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from rules.check.registry import BY_ID
from rules.commands import app
from rules.live_finding import LiveCheck
from tests.rules.live_cases import STRANGER, sick_region
from tests.rules.live_region import REGION, Running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result


def _run(*arguments: object) -> Result:
    environment = {"STARMETER_CONTROL_STORE": None}
    return CliRunner().invoke(app, ["check", *(str(one) for one in arguments)], env=environment)


@pytest.fixture(scope="module")
def sick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with sick_region(tmp_path_factory.mktemp("sick")) as running:
        yield running


def _live(running: Running, *arguments: object) -> Result:
    place = running.place
    return _run("--live", REGION, "--metrics-url", place.metrics_url, "--envoy-admin-url", place.envoy_urls[0],
                "--alerts-url", place.alerts_url, "--control-store", running.control_store, *arguments)  # fmt: skip


def _rows(result: Result) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(result.stdout)["findings"]
    return rows


@pytest.mark.stack
def test_findings_of_a_region_are_said_as_those_of_files(sick: Running) -> None:
    lines = _live(sick).stdout.splitlines()

    at = next(number for number, line in enumerate(lines) if line.startswith("live:fra1: SL006 unparsed-traffic: "))
    assert STRANGER in lines[at]
    assert lines[at + 1 : at + 3] == [
        f"    why: {BY_ID['SL006'].why}",
        f"    fix: {BY_ID['SL006'].fix} (docs/runbook.md#sl006)",
    ]
    assert lines[-1].startswith(f"{len(_rows(_live(sick, '--format', 'json')))} findings in region fra1 by ")


@pytest.mark.stack
def test_every_format_has_the_same_findings_and_says_how_far_the_checks_came(sick: Running) -> None:
    content = json.loads(_live(sick, "--format", "json").stdout)
    (run,) = json.loads(_live(sick, "--format", "sarif").stdout)["runs"]
    suite = ET.fromstring(_live(sick, "--format", "junit").stdout)  # noqa: S314 - our own output

    found = sorted(row["check"] for row in content["findings"])
    assert found == sorted(result["ruleId"] for result in run["results"])
    failures = [str(case.get("name")).split()[0] for case in suite if case.find("failure") is not None]
    assert found == sorted(failures)
    live = content["live"]
    assert (live["region"], live["unanswered"]) == (REGION, {})
    assert live["queries_sent"] > 0
    assert {*live["ran"], *live["skipped"]} == {check.value for check in LiveCheck}
    assert run["invocations"][0]["executionSuccessful"] is True
    skipped = [case.get("name") for case in suite if case.find("skipped") is not None]
    assert skipped == list(live["skipped"])


@pytest.mark.stack
def test_waivers_and_a_baseline_excuse_what_runs_as_they_excuse_files(sick: Running, tmp_path: Path) -> None:
    every = _live(sick, "--format", "json")
    waivers, baseline = tmp_path / "waivers.yml", tmp_path / "baseline.json"
    rows = "".join(
        f"- {{check: {check}, path: 'live:fra1', until: 2999-12-31, reason: known}}\n"
        for check in sorted({row["check"] for row in _rows(every)} - {"SL006"})
    )
    waivers.write_text(f"waivers:\n{rows}")

    assert every.exit_code == 1
    assert {row["check"] for row in _rows(_live(sick, "--waivers", waivers, "--format", "json"))} == {"SL006"}
    assert _live(sick, "--waivers", waivers, "--write-baseline", baseline).exit_code == 0
    excused = _live(sick, "--waivers", waivers, "--baseline", baseline)
    assert (excused.exit_code, excused.stdout.splitlines()[-1][:27]) == (0, "no findings in region fra1 ")


def test_what_is_not_answered_ends_with_3_and_is_an_error_in_every_format() -> None:
    def unanswered(form: str) -> Result:
        return _run("--live", REGION, "--metrics-url", "http://127.0.0.1:1", "--format", form)

    text = unanswered("text")
    assert text.exit_code == 3
    assert "SL008 unanswered: " in text.stdout
    assert "SL009 skipped: " in text.stdout
    assert "SL008" in json.loads(unanswered("json").stdout)["live"]["unanswered"]
    (run,) = json.loads(unanswered("sarif").stdout)["runs"]
    assert run["invocations"][0]["executionSuccessful"] is False
    suite = ET.fromstring(unanswered("junit").stdout)  # noqa: S314 - our own output
    assert "SL008" in [case.get("name") for case in suite if case.find("error") is not None]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--live", "fra1", "some.yml"], "either files or --live"),
        (["--metrics-url", "http://127.0.0.1:1"], "only of use with --live"),
        (["--live", "fra1", "--stack", "/nowhere"], "/nowhere cannot be read"),
        (["--live", "fra1", "--metrics-url", "file:///etc/passwd"], "is no address"),
    ],
)
def test_a_wrong_call_ends_with_2(arguments: list[str], says: str) -> None:
    result = _run(*arguments)

    assert result.exit_code == 2
    assert says in result.stderr
