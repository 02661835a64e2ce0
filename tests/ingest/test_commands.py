from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.ingest.test_cluster_name import LEGAL

if TYPE_CHECKING:
    from pathlib import Path

# The command by itself: these are its tests, and one for the whole command line is enough.
COMMAND = [sys.executable, "-c", "import typer; from ingest.commands import parse; typer.run(parse)"]


def run(*arguments: str | Path, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *map(str, arguments)], input=given, capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("arguments", "given", "code"),
    [
        pytest.param([], b"", 0, id="nothing given"),
        pytest.param([], LEGAL.encode(), 0, id="all names parsed"),
        pytest.param([], LEGAL.encode() + b"\nx\n", 1, id="one name refused"),
        pytest.param([], b"\xff\n", 1, id="no UTF-8"),
        pytest.param(["--json"], json.dumps(LEGAL).encode(), 0, id="a JSON string"),
        pytest.param(["--json"], b'"x"', 1, id="a JSON string refused"),
        pytest.param(["--json"], b'"x"\nnone\n"y"', 2, id="one line is no JSON string"),
        pytest.param(["--yaml"], b"", 2, id="an unknown option"),
        pytest.param(["no/such/file"], b"", 2, id="no such file"),
        pytest.param(["."], b"", 2, id="a folder"),
    ],
)
def test_the_exit_code_tells_parsed_refused_and_misused_apart(arguments: list[str], given: bytes, code: int) -> None:
    outcome = run(*arguments, given=given)

    assert outcome.returncode == code
    assert b"Traceback" not in outcome.stderr


def test_standard_output_holds_one_object_a_line_and_nothing_else() -> None:
    outcome = run("--json", given=b'"x"\nnone\n' + json.dumps(LEGAL).encode() + b"\nnone")

    assert [sorted(json.loads(line)) for line in outcome.stdout.splitlines()] == [
        ["name", "reason"],
        ["line", "name", "reason"],
        sorted(["name", "project_id", "service_id", "environment", "namespace", "route_kind", "rule", "backend"]),
        ["line", "name", "reason"],
    ]
    assert b"line 2 " in outcome.stderr


def test_a_file_is_read_as_standard_input_is(tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    file.write_bytes(f"{LEGAL}\nx\r\n".encode())

    from_file, from_stdin = run(file), run(given=file.read_bytes())

    assert (from_file.returncode, from_file.stdout) == (from_stdin.returncode, from_stdin.stdout)
    assert json.loads(from_file.stdout.splitlines()[1]) == {"name": "x\r", "reason": "white_space"}


def test_a_reader_that_has_seen_enough_ends_it_quietly(tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    file.write_text(f"{LEGAL}\n" * 50_000)

    with subprocess.Popen([*COMMAND, file], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        first = program.stdout.readline()
        program.stdout.close()
        said = program.stderr.read()
        code = program.wait(timeout=60)

    assert json.loads(first)["name"] == LEGAL
    assert (code, said) == (0, b"")


def test_a_full_disk_is_told_and_is_no_success() -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        outcome = subprocess.run(COMMAND, input=b"x", stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)

    assert outcome.returncode == 2
    assert outcome.stderr == b"starmeter parse: input or output: No space left on device\n"


@pytest.mark.timeout(30)  # it would wait forever
def test_names_are_answered_while_the_input_is_still_open() -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        for name in ("one", "two"):
            program.stdin.write(f"{name}\n".encode())
            program.stdin.flush()

            assert json.loads(program.stdout.readline())["name"] == name
        program.stdin.close()
        assert program.wait(timeout=60) == 1


def test_the_command_line_has_it() -> None:
    whole = [sys.executable, "-m", "starmeter", "parse", "--json"]

    outcome = subprocess.run(whole, input=json.dumps(LEGAL).encode(), capture_output=True, timeout=60, check=True)

    assert json.loads(outcome.stdout)["name"] == LEGAL
