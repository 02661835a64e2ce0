"""The processes of one local stack as the next command finds them: names, ids, and whether they still run."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from compose.home import write_private

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Entry:
    """A started process. `started` is the kernel's own start time (clock ticks since boot): ids are used again."""

    name: str
    pid: int
    started: int

    @property
    def runs(self) -> bool:
        """Whether this very process is still there and no zombie."""
        return _start_of(self.pid) == self.started


def entry(name: str, pid: int) -> Entry | None:
    """The entry of a running process; `None` when it is gone."""
    started = _start_of(pid)
    return None if started is None else Entry(name, pid, started)


def write(path: Path, entries: Iterable[Entry]) -> None:
    """Replace the roster at `path`."""
    write_private(path, json.dumps([asdict(one) for one in entries], indent=1))


def read(path: Path) -> list[Entry]:
    """The roster at `path`; empty when there is none, or none that can be read."""
    try:
        return [Entry(**one) for one in json.loads(path.read_text())]
    except (OSError, ValueError, TypeError):
        return []


def await_gone(entries: Iterable[Entry], timeout: float = 10.0) -> list[Entry]:
    """Wait until the processes are gone and kill those left after `timeout` seconds; returns the killed."""
    left = list(entries)
    deadline = time.monotonic() + timeout
    while (left := [one for one in left if one.runs]) and time.monotonic() < deadline:
        time.sleep(0.05)
    for one in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one.pid, signal.SIGKILL)
    return left


def _start_of(pid: int) -> int | None:
    try:
        # The name in brackets may hold anything, so count from behind it; the state comes first, the start 20th.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in {"Z", "X"} else int(fields[19])
