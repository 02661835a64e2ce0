"""A process that is killed in the middle of a step: for each number read, before the statement of that number.

Arguments: the store's URL, the step (approve, void), the invoice, the time. It answers with what became of each:
`killed` or `done`. The number after the last statement kills between the last one and the end of the transaction.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from core import control
from tests.billing.accounts.world import World

if TYPE_CHECKING:
    from sqlalchemy import Engine


def _armed(url: str, number: int) -> Engine:
    engine = control.connect(url)
    seen = 0

    def count(*_: Any) -> None:  # noqa: ANN401 - whatever the event tells
        nonlocal seen
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", count)
    return engine


def _step(url: str, step: str, invoice: str, at: int, number: int) -> None:
    world = World(_armed(url, number), at)
    if step == "approve":
        world.invoices.approve(invoice, "bob", world.log)
    else:
        world.invoices.void(invoice, "bob", "wrong")


def main(url: str, step: str, invoice: str, at: str) -> None:
    """Take the step in a fork for each number on standard input."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _step(url, step, invoice, int(at), int(line))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write("killed\n" if os.WIFSIGNALED(status) else f"done {os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
