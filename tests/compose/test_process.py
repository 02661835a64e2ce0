from __future__ import annotations

import http.server
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from compose import roster
from compose.process import Process, free_port
from core.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

_PARENT = """
import sys, time
from pathlib import Path
from compose.process import Process
child = Process("child", ["/bin/sleep", "600"], Path(sys.argv[1])).start()
print(child.pid, flush=True)
time.sleep(600)
"""


def test_a_program_that_ends_while_starting_is_reported_with_its_last_words(tmp_path: Path) -> None:
    process = Process("broken", ["/bin/sh", "-c", "echo no such luck; exit 3"], tmp_path / "log", "http://127.0.0.1:1/")

    with pytest.raises(Unavailable, match=r"broken: ended while starting; see .*log\nno such luck"), process:
        pass
    assert process.pid == 0


def test_somebody_else_at_its_address_does_not_make_a_program_ready(tmp_path: Path) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        process = Process("late", ["/bin/false"], tmp_path / "log", f"http://127.0.0.1:{other.server_port}/").start()
        while process.running:
            pass

        with pytest.raises(Unavailable, match="late: ended while starting"):
            process.wait_ready()
        other.shutdown()


def test_a_program_is_not_ready_before_its_own_condition_holds(tmp_path: Path) -> None:
    process = Process("slow", ["/bin/sleep", "600"], tmp_path / "log", is_ready=lambda: False)

    with pytest.raises(Unavailable, match=r"slow: not ready after 0.2 s"):
        process.start().wait_ready(0.2)
    process.stop()


def test_a_program_that_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    script = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
    log = tmp_path / "log"
    process = Process("stubborn", ["/bin/sh", "-c", script], log, is_ready=lambda: "ready" in log.read_text())

    with process:
        entry = roster.entry("stubborn", process.pid)
        process.stop(timeout=0.2)

    assert entry is not None
    assert not entry.runs


def test_a_child_dies_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _PARENT, tmp_path / "log"], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = roster.entry("child", int(parent.stdout.readline()))
        assert child is not None
        assert child.runs
        parent.kill()

    assert roster.await_gone([child]) == []


def test_a_free_port_can_be_listened_on() -> None:
    with http.server.HTTPServer(("127.0.0.1", free_port()), http.server.SimpleHTTPRequestHandler) as server:
        assert server.server_port > 0
