from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from compose import roster
from compose.process import Process
from compose.supervisor import Supervisor
from core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _sleeper(name: str, folder: Path) -> Process:
    return Process(name, ["/bin/sleep", "600"], folder / f"{name}.log")


def _tend_until(supervisor: Supervisor, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not done():
        assert time.monotonic() < deadline, "it did not happen"
        supervisor.tend()
        time.sleep(0.01)


def test_a_process_that_died_is_started_again_and_said_so(tmp_path: Path) -> None:
    said: list[str] = []
    changes: list[int] = []
    process = _sleeper("sleeper", tmp_path)
    supervisor = Supervisor([[process]], said.append, lambda: changes.append(process.pid))
    supervisor.start()
    first = process.pid
    entry = roster.entry("sleeper", first)
    assert entry is not None

    process.terminate()
    _tend_until(supervisor, lambda: len(changes) == 2)

    assert said[1] == f"sleeper ended (signal 15); starting again in 0.5 s; see {process.log}"
    assert not entry.runs
    assert process.running
    assert changes == [first, process.pid]
    supervisor.stop()


def test_one_that_keeps_dying_is_started_again_ever_more_slowly(tmp_path: Path) -> None:
    said: list[str] = []
    enough = tmp_path / "enough"
    script = f"while ! [ -e {enough} ]; do sleep 0.02; done; exit 7"
    process = Process("failing", ["/bin/sh", "-c", script], tmp_path / "log")
    supervisor = Supervisor([[process]], said.append, lambda: None)
    supervisor.start()
    enough.touch()

    _tend_until(supervisor, lambda: len(said) == 4)

    waits = [sentence.partition("again in ")[2].partition(";")[0] for sentence in said[1:]]
    assert waits == ["0.5 s", "1 s", "2 s"]
    assert "exit code 7" in said[1]
    supervisor.stop()


def test_a_tier_waits_until_the_one_before_is_ready(tmp_path: Path) -> None:
    first, second = _sleeper("first", tmp_path), _sleeper("second", tmp_path)
    seen: list[bool] = []

    def third_time() -> bool:
        seen.append(second.running)
        return len(seen) == 3

    first.is_ready = third_time

    supervisor = Supervisor([[first], [second]], lambda _: None, lambda: None)
    supervisor.start()

    assert seen == [False, False, False]
    assert second.running
    supervisor.stop()


def test_nothing_runs_after_a_start_that_failed_and_a_stop(tmp_path: Path) -> None:
    good = _sleeper("good", tmp_path)
    bad = Process("bad", ["/bin/false"], tmp_path / "bad.log", "http://127.0.0.1:1/")
    supervisor = Supervisor([[good, bad]], lambda _: None, lambda: None)

    with pytest.raises(Unavailable, match="bad: ended while starting"):
        supervisor.start()
    entry = roster.entry("good", good.pid)
    supervisor.stop()

    assert entry is not None
    assert not entry.runs


def test_the_last_tier_ends_first(tmp_path: Path) -> None:
    order = tmp_path / "order"
    script = f'trap "echo $0 >> {order}; exit" TERM; echo up; while :; do sleep 0.02; done'

    def noting(name: str) -> Process:
        log = tmp_path / f"{name}.log"
        return Process(name, ["/bin/sh", "-c", script, name], log, is_ready=lambda: "up" in log.read_text())

    supervisor = Supervisor([[noting("store")], [noting("writer")]], lambda _: None, lambda: None)
    supervisor.start()

    supervisor.stop()

    assert order.read_text().split() == ["writer", "store"]
