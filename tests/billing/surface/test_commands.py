"""`starmeter usage` as a person runs it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from billing.rounding import money, total
from compose.process import free_port
from tests.billing.accounts.world import MARCH_2026
from tests.billing.books import PROJECT, SERVICES, WORKSPACE
from tests.billing.surface import expected

if TYPE_CHECKING:
    from pathlib import Path

    from tests.billing.surface.conftest import Scene
    from tests.billing.surface.serving import UsageDoor


@pytest.fixture
def command(door: UsageDoor, tmp_path: Path) -> list[str]:
    """The command with where and who."""
    (tmp_path / "token").write_text(f"{door.tokens.billing}\n")
    where = ["--url", door.url, "--token-file", str(tmp_path / "token")]
    return [sys.executable, "-m", "starmeter", "usage", WORKSPACE, *where]


def run(command: list[str], *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*command, *more], capture_output=True, text=True, timeout=100, check=False)


def test_a_month_is_a_table_whose_cents_add_up(stage: Scene, command: list[str]) -> None:
    shown = run(command, "--month", "2026-03", "--group-by", "service,meter")
    head, *rows, foot = [line.split() for line in shown.stdout.splitlines()]
    due = money(total(each.amount for each in expected.lines(stage.world, MARCH_2026)))

    assert shown.returncode == 0, shown.stderr
    assert head == ["service", "meter", "quantity", "unit", "amount"]
    assert [row[:2] for row in rows] == [
        [SERVICES["a"], "CPU"],
        [SERVICES["a"], "Memory"],
        [SERVICES["b"], "Builds"],
        [SERVICES["b"], "CPU"],
    ]
    assert sum(Decimal(row[-1]) for row in rows) == Decimal(foot[-1]) == due
    assert "100.00 % of the evidence" in shown.stderr


def test_days_come_as_json_lines_or_as_csv(stage: Scene, command: list[str]) -> None:
    groups = ("project", "environment", "service", "meter")
    lines = run(command, "--month", "2026-03", "--json").stdout.splitlines()
    head, *rows, last = csv.reader(io.StringIO(run(command, "--month", "2026-03", "--csv").stdout))
    known = expected.days(expected.lines(stage.world, MARCH_2026), *groups)

    assert expected.told(map(json.loads, lines), *groups) == known
    assert expected.told([dict(zip(head, row, strict=True)) for row in rows], *groups) == known
    assert last[0] == "#manifest"


def test_the_local_stacks_description_tells_the_door_the_token_and_the_names(door: UsageDoor, tmp_path: Path) -> None:
    services = [{"id": SERVICES["a"], "name": "web\x1b[2J"}, {"id": SERVICES["b"], "name": "worker"}]
    described = {
        "query_url": door.url,
        "tokens": {"billing@acme": door.tokens.billing},
        "workspaces": [
            {"id": WORKSPACE, "name": "acme", "projects": [{"id": PROJECT, "name": "shop", "services": services}]}
        ],
    }
    stack = tmp_path / "stack.json"
    stack.write_text(json.dumps(described))
    shown = run([sys.executable, "-m", "starmeter", "usage", "acme", "--stack", str(stack)], "--month", "2026-03")

    assert shown.returncode == 0, shown.stderr
    assert "worker" in shown.stdout
    assert "web\\x1b[2J" in shown.stdout
    assert "\x1b" not in shown.stdout


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--month", "2026-13"], 2, "month"),
        (["--group-by", "pod"], 2, "group_by"),
        (["--source", "draft", "--csv"], 2, "source"),
        (["--token-file", "/nonexistent"], 2, "token-file"),
        (["--url", f"http://127.0.0.1:{free_port()}"], 3, "does not answer"),
    ],
)
def test_what_is_wrong_has_its_exit_code(command: list[str], more: list[str], code: int, said: str) -> None:
    found = run(command, *more)

    assert found.returncode == code, found.stderr
    assert said in found.stderr
    assert found.stdout == ""
