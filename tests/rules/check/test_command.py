"""`starmeter rules check` and `explain` as they are called: exit codes, formats, what is excused and until when."""

from __future__ import annotations

import json
import os
import urllib.parse
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any, Final

import pytest
from typer.testing import CliRunner

from rules.check.registry import BY_ID, CHECKS
from rules.commands import app
from rules.render.artefact import ARTEFACTS

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

_HONOR: Final = "scrape_configs:\n  - job_name: apps\n    honor_labels: true\n"
_SECRET: Final = (
    'users:\n  - name: a\n    bearer_token: "s3cret"\n    url_map: [{src_paths: [/a], url_prefix: "http://vm"}]\n'
)


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def _found(result: Result) -> list[tuple[str, int]]:
    rows: list[dict[str, Any]] = json.loads(result.output)["findings"]
    return [(row["check"], row["line"]) for row in rows]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two bad files, one that cannot be read, and one that is none of ours."""
    folder = tmp_path / "tree"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "vmagent.yml").write_text(_HONOR)
    (folder / "deep" / "er" / "vmauth.yml").write_text(_SECRET)
    (folder / "deep" / "broken.yaml").write_text("scrape_configs:\n  - job_name: [\n")
    (folder / "deep" / "service.yaml").write_text("kind: Service\n")
    return folder


def test_what_is_rendered_is_checked_when_nothing_is_named() -> None:
    result = _run("check")

    assert (result.exit_code, result.output.splitlines()[-1][:11]) == (0, "no findings")


def test_every_finding_of_every_file_comes_at_once(tree: Path) -> None:
    result = _run("check", tree, "--format", "json")

    assert result.exit_code == 1
    assert _found(result) == [("SM001", 3), ("SM082", 3), ("SM040", 3)]


def test_the_text_says_where_what_why_and_how_to_mend_it(tree: Path) -> None:
    lines = _run("check", tree / "vmagent.yml").output.splitlines()

    assert lines[0].startswith(f"{tree}/vmagent.yml:3: SM040 honor-labels: honor_labels: ")
    assert lines[1] == f"    why: {BY_ID['SM040'].why}"
    assert lines[2] == f"    fix: {BY_ID['SM040'].fix} (docs/rules.md#sm040)"
    assert lines[3] == "1 finding in 1 configuration of 1 file"


def test_sarif_has_every_rule_and_a_place_for_every_result(tree: Path) -> None:
    (run,) = json.loads(_run("check", tree, "--format", "sarif").output)["runs"]

    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [check.id for check in CHECKS]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"].startswith(str(tree))
        assert place["region"]["startLine"] == 3


def test_junit_has_a_failure_for_every_finding_and_a_case_for_every_clean_file(tree: Path) -> None:
    (tree / "clean.yml").write_text(_HONOR.replace("true", "false"))

    suite = ET.fromstring(_run("check", tree, "--format", "junit").output)  # noqa: S314 - our own output

    assert (suite.get("tests"), suite.get("failures")) == ("4", "3")
    assert [case.get("classname") for case in suite if case.find("failure") is None] == [f"{tree}/clean.yml"]


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit"])
def test_nothing_in_a_file_can_command_a_terminal_or_break_a_report(tmp_path: Path, form: str) -> None:
    path = tmp_path / "evil.yml"
    path.write_text('scrape_configs:\n  - job_name: "\\e[2J\\r<&\\">]]>\\u202e"\n    metrics_path: /stats/prometheus\n')

    result = _run("check", path, "--format", form)
    output = result.output

    assert result.exit_code == 1

    assert not {"\x1b", "\r", "\u202e"} & set(output)
    if form == "junit":
        ET.fromstring(output)  # noqa: S314 - our own output
    elif form != "text":
        json.loads(output)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["no/such/path"], "there is no such file"),
        (["--format", "xml"], "xml"),
        (["--waivers", "no/such/file"], "cannot be read"),
        (["--unknown"], "unknown"),
    ],
)
def test_a_wrong_call_is_told_from_findings(arguments: list[str], says: str) -> None:
    result = _run("check", *arguments)

    assert result.exit_code == 2
    assert says in result.output.lower()


def test_a_named_file_that_is_nothing_known_is_not_passed_over(tree: Path) -> None:
    result = _run("check", tree / "deep" / "service.yaml", "--format", "json")

    assert (result.exit_code, _found(result)) == (1, [("SM002", 1)])


@pytest.mark.parametrize(
    "text", ["scrape_conf: [{job_name: a", 'envoy: {"a": [1, 2', "kind: EnvoyPr\n  spec: [", "a: 1\n\tb: 2\n"]
)
def test_a_named_file_that_was_torn_is_said_to_be_unreadable_whatever_it_was(tmp_path: Path, text: str) -> None:
    path = tmp_path / "torn.yaml"
    path.write_text(text)

    result = _run("check", path, "--format", "json")

    assert (result.exit_code, [check for check, _ in _found(result)]) == (1, ["SM001"])


def test_a_named_file_that_is_no_yaml_by_its_name_is_of_no_known_kind(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text("- [ ] todo: [\n")

    assert _found(_run("check", path, "--format", "json")) == [("SM002", 1)]


def test_a_tree_of_which_nothing_was_recognised_is_not_clean(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.yaml").write_text("kind: Service\n")

    result = _run("check", tmp_path)

    assert result.exit_code == 2
    assert result.output == "no findings in 0 configurations of 3 files, 3 of them not recognised\n"
    assert json.loads(_run("check", tmp_path, "--format", "json").output)["unrecognised"] == 3


def test_files_that_are_none_of_ours_are_counted_beside_those_that_are(tree: Path) -> None:
    (tree / "deep" / "broken.yaml").unlink()
    (tree / "deep" / "er" / "vmauth.yml").unlink()

    assert _run("check", tree).output.splitlines()[-1] == (
        "1 finding in 1 configuration of 2 files, 1 of them not recognised"
    )


@pytest.mark.parametrize("option", [None, "--waivers", "--baseline"])
def test_a_pipe_or_a_device_is_refused_and_not_read(tmp_path: Path, option: str | None) -> None:
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)

    for path in (pipe, "/dev/zero"):
        result = _run("check", *([path] if option is None else [option, path]))

        assert result.exit_code == 2
        assert "write what it yields into" in result.output


def test_a_pipe_in_a_tree_is_passed_over(tree: Path) -> None:
    os.mkfifo(tree / "pipe.yaml")

    assert len(_found(_run("check", tree, "--format", "json"))) == 3


def test_a_waiver_excuses_its_check_in_its_files_until_its_day(tree: Path, tmp_path: Path) -> None:
    waivers = tmp_path / "waivers.yml"
    waivers.write_text("waivers:\n- {check: SM040, path: '*vmagent.yml', until: 2999-12-31, reason: a trial}\n")

    assert ("SM040", 3) not in _found(_run("check", tree, "--format", "json", "--waivers", waivers))

    waivers.write_text(waivers.read_text().replace("2999", "2001"))
    found = _found(_run("check", tree, "--format", "json", "--waivers", waivers))
    assert ("SM040", 3) in found
    assert ("SM098", 2) in found


def test_a_waiver_for_nothing_is_a_finding(tree: Path, tmp_path: Path) -> None:
    waivers = tmp_path / "waivers.yml"
    waivers.write_text("waivers:\n- {check: SM096, until: 2999-12-31, reason: none}\n")

    assert ("SM099", 2) in _found(_run("check", tree, "--format", "json", "--waivers", waivers))


def test_everything_that_is_wrong_with_a_file_of_waivers_is_said_at_once(tree: Path, tmp_path: Path) -> None:
    waivers = tmp_path / "waivers.yml"
    waivers.write_text("waiver: []\nwaivers:\n- {check: SM000, until: soon, reason: x}\n- {chek: SM040}\n- 7\n")

    result = _run("check", tree, "--waivers", waivers)

    assert result.exit_code == 2
    for problem in ("waiver is unknown", "there is no SM000", "soon is no date", "chek is unknown", "until is missing"):
        assert problem in result.output
    assert "yml:5: a waiver is a map" in result.output


def test_findings_of_an_earlier_day_do_not_count_wherever_their_lines_have_gone(tree: Path, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    assert _run("check", tree, "--write-baseline", baseline).exit_code == 0
    path = tree / "vmagent.yml"
    path.write_text(f"# moved\n{path.read_text()}")

    assert _run("check", tree, "--baseline", baseline).exit_code == 0

    path.write_text(f"{path.read_text()}  - job_name: more\n    honor_labels: true\n")
    result = _run("check", tree, "--baseline", baseline, "--format", "json")
    assert (result.exit_code, _found(result)) == (1, [("SM040", 6)])


@pytest.mark.parametrize("text", ["", "[]", '{"version": 2, "findings": []}', '{"version": 1, "findings": [{}]}'])
def test_what_is_no_baseline_is_refused(tree: Path, tmp_path: Path, text: str) -> None:
    baseline = tmp_path / "baseline.json"
    baseline.write_text(text)

    result = _run("check", tree, "--baseline", baseline)

    assert result.exit_code == 2
    assert "baseline" in result.output


def test_a_family_that_nobody_asks_for_is_seen_when_everything_is_checked_together(tmp_path: Path) -> None:
    (tmp_path / "vmagent.yml").write_text(ARTEFACTS["vmagent.yml"]())
    (tmp_path / "recording.yml").write_text(ARTEFACTS["recording.yml"]())
    (tmp_path / "dashboard.json").write_text('{"panels": []}')

    result = _run("check", tmp_path, "--format", "json")

    (row,) = json.loads(result.output)["findings"]
    assert (row["check"], row["severity"]) == ("SM063", "warning")
    assert "bytes_total" in row["message"]


def test_explain_says_what_a_check_is_for() -> None:
    result = _run("explain", "sm011")

    assert BY_ID["SM011"].why in result.output
    assert _run("explain", "SM000").exit_code == 2


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param(b"bad\xff.yaml", "bad\\udcff.yaml", id="no UTF-8"),
        pytest.param(b"a\x01b.yaml", "a\\x01b.yaml", id="a control character"),
        pytest.param(b"a\nb.yaml", "a\\nb.yaml", id="a line break"),
        pytest.param(b"a b%.yaml", "a b%.yaml", id="what a URI has no place for"),
    ],
)
def test_whatever_a_file_is_called_every_format_can_be_read(tmp_path: Path, name: bytes, shown: str) -> None:
    (tmp_path / os.fsdecode(name)).write_text(_HONOR)

    answers = {form: _run("check", tmp_path, "--format", form) for form in ("text", "json", "sarif", "junit")}

    texts = {form: answer.stdout_bytes.decode("utf-8") for form, answer in answers.items()}
    assert texts["text"].splitlines()[0].startswith(f"{tmp_path}/{shown}:3: SM040")
    assert json.loads(texts["json"])["findings"][0]["path"] == f"{tmp_path}/{shown}"
    (result,) = json.loads(texts["sarif"])["runs"][0]["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert urllib.parse.unquote(uri) == f"{tmp_path}/{shown}"
    assert " " not in uri
    (case,) = ET.fromstring(texts["junit"]).iter("testcase")  # noqa: S314 - our own output
    assert case.get("classname") == f"{tmp_path}/{shown}"


def test_a_path_that_is_not_there_is_one_line_whatever_it_is_called(tmp_path: Path) -> None:
    result = _run("check", f"{tmp_path}/no\nsuch\x1b[2J")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert "\x1b" not in result.stderr
