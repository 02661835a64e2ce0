"""Runners as real processes: each line `<now> <step>` on standard input starts one that dies when that step is done.

`<step>/2` is the second time that it is done; the step `-` lets it live. A line `both <now>` starts two at a time.
Arguments: billing's file. It answers, for each line, how its processes ended.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from billing.runs.parts import parts
from billing.runs.record import RunKind
from billing.settings import BillingSettings
from core.settings import load

if TYPE_CHECKING:
    from billing.runs.step import Step


def _work(config: Path, now: int, fatal: str) -> None:
    name, _, times = fatal.partition("/")
    left = int(times or 1)

    def die(step: Step) -> None:
        nonlocal left
        left -= step == name
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    with parts(load(BillingSettings, config), collecting=False, clock=lambda: now, on_step=die) as opened:
        while (outcomes := opened.batch.runs(lambda: opened.due.slices(now), RunKind.HOURLY)) is None:
            time.sleep(0.05)
        for _ in outcomes:
            pass


def _started(config: Path, now: int, fatal: str) -> int:
    child = os.fork()
    if child == 0:
        try:
            _work(config, now, fatal)
        except BaseException as failure:  # noqa: BLE001 - the process's outermost frame
            sys.stderr.write(f"{failure!r}\n")
            os._exit(1)
        os._exit(0)
    return child


def main(config: Path) -> None:
    """Start a process, or two, for each line."""
    for line in sys.stdin:
        first, second = line.split()
        asked = [(int(second), "-")] * 2 if first == "both" else [(int(first), second)]
        children = [_started(config, *each) for each in asked]
        ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        sys.stdout.write(f"{' '.join(map(str, ends))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
