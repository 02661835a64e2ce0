"""A mistake in the catalogue itself: every one at once, with file, line, id and fix; never a stack trace."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from rules.catalogue import VERSION
from rules.check import catalogue_fault

_ROOT: Final = Path(__file__).parents[3]
_PACKAGES: Final = ("rules", "core", "ingest", "sql")
_PROGRAM: Final = (
    "from rules.commands import app; from rules.predict_commands import predict; app.command()(predict); app()"
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages that the command is made of, to make mistakes in."""
    for name in _PACKAGES:
        shutil.copytree(_ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    shutil.copytree(_ROOT / "compose" / "rendered", tmp_path / "compose" / "rendered")
    shutil.copytree(
        _ROOT / "dashboards", tmp_path / "dashboards", ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
    )
    return tmp_path


def _changed(copy: Path, name: str, old: str, new: str) -> int:
    """Make the change; returns the line that it is in."""
    path = copy / "rules" / name
    text = path.read_text()
    assert old in text, old
    path.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def _run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _PROGRAM, *arguments]
    return subprocess.run(command, cwd=copy, capture_output=True, check=False, text=True, timeout=120)


def _findings(copy: Path) -> list[dict[str, Any]]:
    result = _run(copy, "check", "--format", "json")
    assert result.returncode == 1, result.stderr
    assert result.stderr == ""
    rows: list[dict[str, Any]] = json.loads(result.stdout)["findings"]
    return rows


def test_the_catalogue_has_no_mistake() -> None:
    assert catalogue_fault.examine() == []


# Name of the value, its module, what is changed in it.
_MISTAKES: Final = (
    ("LATENCY_BUCKETS_MS", "catalogue.py", "= (5, 10, 25,", "= (10, 5, 25,"),
    ("LATENCY_THRESHOLDS_MS", "catalogue.py", "(100, 250, 500", "(123, 250, 500"),
    ("SELF_PREFIXES", "catalogue.py", '"listener_manager."', '"listener_manager"'),
    ("BUDGET", "budget.py", "BUDGET: Final = Budget(", "BUDGET: Final = Budget(  # 0"),
    ("NAMESPACES", "platform.py", '("kube-system"', '("(?!kube-system)"'),
    ("DEFAULT_TIER", "retention.py", '= "standard"', '= "gold"'),
    ("OBJECTIVES", "objective.py", "OBJECTIVES: Final = (", "OBJECTIVES: Final = (  # 99.9"),
)


def test_every_mistake_is_found_at_once_at_its_line(copy: Path) -> None:
    lines = {name: _changed(copy, module, old, new) for name, module, old, new in _MISTAKES}
    _changed(copy, "budget.py", "per_route=21", "per_route=0")
    _changed(copy, "objective.py", "target=0.999", "target=99.9")

    found = {row["message"].partition(":")[0]: row for row in _findings(copy)}

    assert {name: row["line"] for name, row in found.items()} == lines
    assert found["BUDGET"]["path"] == "rules/budget.py"
    assert found["OBJECTIVES"]["message"].endswith("front_door_availability: target 99.9 is no share between 0 and 1")
    assert all(row["check"] == "SM100" and row["fix"] for row in found.values())
    assert found["BUDGET"]["link"] == "docs/rules.md#sm100"


def test_what_stops_the_catalogue_from_being_read_is_a_finding_beside_the_others(copy: Path) -> None:
    _changed(copy, "alerts.py", "LATENCY_LIMIT_MS: Final = 1000", "LATENCY_LIMIT_MS: Final = 1234")
    _changed(copy, "retention.py", "METRICS_DAYS: Final = 90", "METRICS_DAYS: Final = 0")

    found = {(row["path"], row["message"].partition(":")[0]) for row in _findings(copy)}

    assert found == {("rules/alerts.py", "LATENCY_LIMIT_MS"), ("rules/retention.py", "METRICS_DAYS")}


def test_even_what_is_no_python_is_said_at_its_line(copy: Path) -> None:
    line = _changed(copy, "pods.py", "KUBELET_SERIES: Final = (", "KUBELET_SERIES: Final = ((")

    (row,) = {json.dumps(row) for row in _findings(copy)}

    assert json.loads(row)["path"] == "rules/pods.py"
    assert json.loads(row)["line"] == line


@pytest.mark.parametrize(
    ("module", "old", "new", "line", "says"),
    [
        pytest.param(
            "budget.py", "per_day=3", "per_day=None", "BUDGET: Final", "per_day must be a valid int", id="none"
        ),
        pytest.param("budget.py", "per_day=3", "per_day='x'", "BUDGET: Final", "not 'x'", id="a text for a number"),
        pytest.param(
            "budget.py", "per_day=3", "per_dya=3, per_day=3", "BUDGET: Final", "no field per_dya", id="a field"
        ),
        pytest.param(
            "budget.py", "    per_day=3,\n", "", "BUDGET: Final", "is given no 'per_day'", id="a field missing"
        ),
        pytest.param(
            "budget.py", "per_route=21", "per_route=-1", "BUDGET: Final", "per_route must be above 0", id="less"
        ),
        pytest.param("retention.py", "= 90", "= '90'", "METRICS_DAYS", "must be a valid integer, not '90'", id="days"),
        pytest.param(
            "catalogue.py", f'"{VERSION}"', "1.0", "VERSION", "must be a valid string, not 1.0", id="a version"
        ),
        pytest.param("pods.py", '"image", "name"', "7", "KUBELET_NOISE", "must be a valid tuple", id="no list"),
        pytest.param(
            "catalogue.py", "VERSION: Final = ", "VERSION: Final = )", "VERSION", "no Python", id="a parenthesis"
        ),
    ],
)
def test_a_value_of_another_type_is_said_at_its_file_and_line(  # noqa: PLR0917 - a table's columns
    copy: Path, module: str, old: str, new: str, line: str, says: str
) -> None:
    _changed(copy, module, old, new)
    lines = (copy / "rules" / module).read_text().splitlines()
    number = next(place for place, text in enumerate(lines, 1) if text.startswith(line))

    result = _run(copy, *(("predict", "--routes", "1") if module == "budget.py" else ("check",)))

    assert (result.returncode, result.stderr) == (1, "")
    first = result.stdout.splitlines()[0]
    assert first.startswith(f"rules/{module}:{number}: SM100 catalogue-broken: ")
    assert says in first
    assert "'<=' not supported" not in result.stdout


@pytest.mark.parametrize(
    "arguments", [("render",), ("render", "--check"), ("explain", "SM011"), ("predict", "--routes", "1")]
)
def test_no_command_goes_by_a_catalogue_that_cannot_be_read(copy: Path, arguments: tuple[str, ...]) -> None:
    line = _changed(copy, "recording.py", "GROUPS: Final", "_ = 1 // 0\nGROUPS: Final")
    before = (copy / "compose" / "rendered" / "recording.yml").read_bytes()

    result = _run(copy, *arguments)

    assert (result.returncode, result.stderr) == (1, "")
    assert f"rules/recording.py:{line}: SM100 catalogue-broken: " in result.stdout
    assert (copy / "compose" / "rendered" / "recording.yml").read_bytes() == before
