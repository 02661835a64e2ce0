from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from compose.programs import find
from rules import alerts, recording
from rules.rulefile import Alert, Group, Recording, render

if TYPE_CHECKING:
    from pathlib import Path


def _dry_run(folder: Path, text: str) -> int:
    path = folder / "rules.yml"
    path.write_text(text)
    command: list[str | Path] = [find("vmalert"), "-dryRun", f"-rule={path}"]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode


@pytest.mark.stack
@pytest.mark.parametrize("groups", [recording.GROUPS, alerts.GROUPS], ids=["recording", "alerts"])
def test_vmalert_accepts_what_is_rendered(tmp_path: Path, groups: tuple[Group, ...]) -> None:
    assert _dry_run(tmp_path, render(groups)) == 0


@pytest.mark.stack
@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(Recording("a", "sum by (b"), id="a recording that is no PromQL"),
        pytest.param(Alert("A", "sum(", "text"), id="an alert that is no PromQL"),
        pytest.param(Alert("A", "up", "{{ nonsense }}"), id="a summary that is no template"),
    ],
)
def test_vmalert_would_refuse(tmp_path: Path, rule: Recording | Alert) -> None:
    assert _dry_run(tmp_path, render([Group("g", (rule,))])) != 0


def test_the_file_reads_back_as_it_was_meant() -> None:
    rules = (Recording("on", "sum(\n  up\n)\n"), Alert("y", "up == 0", "{{ $value }} of: it", hold="2m"))

    (group,) = yaml.safe_load(render([Group("no", rules)]))["groups"]

    assert group == {"name": "no", "rules": [rule.as_rule() for rule in rules]}
    assert group["rules"][1]["for"] == "2m"


def test_expressions_of_several_lines_are_written_as_such() -> None:
    assert "expr: |\n" in render([Group("g", (Recording("a", "sum(\n  up\n)\n"),))])
