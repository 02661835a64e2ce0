from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from compose import roster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["/bin/sleep", "600"]) as process:
        yield process
        process.kill()


def _entry(process: subprocess.Popen[bytes]) -> roster.Entry:
    found = roster.entry("sleeper", process.pid)
    assert found is not None
    return found


def test_a_roster_is_read_as_it_was_written(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    roster.write(tmp_path / "processes.json", [_entry(sleeper)])

    assert roster.read(tmp_path / "processes.json") == [_entry(sleeper)]


@pytest.mark.parametrize("content", [None, "", "{", '[{"name": "a"}]', "[1]"])
def test_no_roster_and_a_broken_one_are_empty(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "processes.json"
    if content is not None:
        path.write_text(content)

    assert roster.read(path) == []


def test_a_zombie_does_not_run(sleeper: subprocess.Popen[bytes]) -> None:
    entry = _entry(sleeper)
    assert entry.runs

    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)

    assert not entry.runs


def test_who_does_not_end_is_killed(sleeper: subprocess.Popen[bytes]) -> None:
    entry = _entry(sleeper)

    assert roster.await_gone([entry], timeout=0.1) == [entry]
    assert sleeper.wait(10) == -9


def test_a_process_that_got_an_old_id_again_is_left_alone(sleeper: subprocess.Popen[bytes]) -> None:
    former = replace(_entry(sleeper), started=1)

    assert roster.await_gone([former], timeout=5) == []
    assert sleeper.poll() is None
