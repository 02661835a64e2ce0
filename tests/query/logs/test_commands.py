"""`starmeter logs` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from compose.process import free_port
from tests.query import platform
from tests.query.logs import samples
from tests.query.logs.reference import Sample
from tests.query.logs.samples import SECOND

if TYPE_CHECKING:
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

    from tests.query.logs.serving import LogDoor


@pytest.fixture
def command(door_of_logs: LogDoor, tmp_path: Path) -> list[str]:
    """The command with where and who."""
    (tmp_path / "token").write_text(door_of_logs.tokens.viewer)
    where = ["--url", door_of_logs.url, "--token-file", str(tmp_path / "token")]
    return [sys.executable, "-m", "starmeter", "logs", platform.PROJECT_A, *where]


def run(command: list[str], *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*command, *more], capture_output=True, text=True, timeout=60, check=False)


def record(at: int, body: str, number: int = 1) -> Sample:
    return Sample(platform.PROJECT_A, "cli", platform.SERVICE_A1, at, number, severity=17, body=body)


def test_the_newest_records_are_shown_oldest_first(command: list[str], log_writer: Client) -> None:
    at = samples.now() - 5 * SECOND
    samples.insert(log_writer, [record(at + n, f"clishown {n}", n) for n in range(5)])
    shown = run(command, "--filter", "clishown", "--since", "10m", "--limit", "3")
    lines = [json.loads(line) for line in run(command, "--filter", "clishown", "--json").stdout.splitlines()]

    assert shown.returncode == 0, shown.stderr
    assert [line.rpartition("  ")[2] for line in shown.stdout.splitlines()] == [f"clishown {n}" for n in (2, 3, 4)]
    assert all(" error " in line and " cli/" in line for line in shown.stdout.splitlines())
    assert [line["body"] for line in lines] == [f"clishown {n}" for n in range(5)]


def test_a_records_control_characters_do_not_reach_the_terminal(command: list[str], log_writer: Client) -> None:
    samples.insert(log_writer, [record(samples.now() - SECOND, "clicontrol \x1b]0;owned\x07\x1b[2J\u202e")])
    shown = run(command, "--filter", "clicontrol")

    assert shown.stdout.endswith("clicontrol \\x1b]0;owned\\x07\\x1b[2J\\x202e\n")


def test_a_records_second_line_does_not_pass_for_a_record(command: list[str], log_writer: Client) -> None:
    samples.insert(log_writer, [record(samples.now() - SECOND, "clilines one\n2026-01-01 error x/y  two")])
    first, second = run(command, "--filter", "clilines").stdout.splitlines()

    assert first.endswith("clilines one")
    assert second.startswith("    2026")


def test_following_shows_what_comes_in(command: list[str], log_writer: Client) -> None:
    follow = [*command, "--follow", "--json", "--since", "1m", "--filter", "clifollow"]
    samples.insert(log_writer, [record(samples.now(), "clifollow before")])
    with subprocess.Popen(follow, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            first = json.loads(process.stdout.readline())
            samples.insert(log_writer, [record(samples.now(), "clifollow after", 2)])
            second = json.loads(process.stdout.readline())
        finally:
            process.terminate()

    assert (first["body"], second["body"]) == ("clifollow before", "clifollow after")


def test_a_wrong_filter_is_told_with_its_position(command: list[str]) -> None:
    refused = run(command, "--filter", 'a "b')

    assert refused.returncode == 2
    assert "position 2" in refused.stderr


def test_a_foreign_project_is_refused(command: list[str]) -> None:
    refused = run([platform.PROJECT_B if part == platform.PROJECT_A else part for part in command])

    assert refused.returncode == 2
    assert platform.SECRET not in refused.stdout


def test_a_front_door_that_is_down_is_told(command: list[str]) -> None:
    at = command.index("--url") + 1
    refused = run([*command[:at], f"http://127.0.0.1:{free_port()}", *command[at + 1 :]])

    assert refused.returncode == 3
    assert "does not answer" in refused.stderr


def test_without_a_token_the_option_is_named(command: list[str]) -> None:
    at = command.index("--token-file")
    refused = run([*command[:at], *command[at + 2 :], "--stack", "/nonexistent"])

    assert refused.returncode == 2
    assert "token-file" in refused.stderr
