"""The supervisor: starts tiers of processes in order, brings back the ones that die, ends all in reverse order."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from compose.process import Process

_FIRST_DELAY: Final = 0.5
_LONGEST_DELAY: Final = 30.0
# Who has run for so long begins at the first delay again.
_SETTLED: Final = 60.0


@dataclass(slots=True)
class _Life:
    """One process under supervision: how often it died in a row, when it was started, when it is due again."""

    process: Process
    deaths: int = 0
    started: float = 0.0
    due: float | None = None


class Supervisor:
    """Runs `tiers` of processes: a tier is started when the one before it is ready.

    `say` gets a sentence for people, `changed` is called whenever the set of process ids has changed. Everything must
    be called from one thread, for processes die with the thread that started them.
    """

    def __init__(
        self, tiers: Sequence[Sequence[Process]], say: Callable[[str], None], changed: Callable[[], None]
    ) -> None:
        self._tiers = [list(tier) for tier in tiers]
        self._lives = [_Life(process) for tier in tiers for process in tier]
        self._say = say
        self._changed = changed

    @property
    def processes(self) -> list[Process]:
        """All processes, running or not, in the order of their start."""
        return [life.process for life in self._lives]

    def start(self, timeout: float = 60.0) -> None:
        """Start everything; each tier has `timeout` seconds to become ready.

        Raises:
            Unavailable: a process ended or did not become ready; the message names its log file.
        """
        for tier in self._tiers:
            self._say(f"starting {', '.join(process.name for process in tier)}")
            deadline = time.monotonic() + timeout
            for process in tier:
                process.start()
            self._changed()
            for process in tier:
                process.wait_ready(max(0.1, deadline - time.monotonic()))
        for life in self._lives:
            life.started = time.monotonic()

    def tend(self) -> None:
        """Note who died, start again who is due; to be called every fraction of a second."""
        now = time.monotonic()
        for life in self._lives:
            if life.due is not None:
                if now >= life.due:
                    life.due = None
                    life.started = now
                    life.process.start()
                    self._changed()
            elif not life.process.running:
                self._died(life, now)

    def _died(self, life: _Life, now: float) -> None:
        life.deaths = 1 if now - life.started > _SETTLED else life.deaths + 1
        delay = min(_FIRST_DELAY * 2 ** (life.deaths - 1), _LONGEST_DELAY)
        life.due = now + delay
        process = life.process
        self._say(
            f"{process.name} ended ({_ending(process.exit_code)}); starting again in {delay:g} s; see {process.log}"
        )

    def stop(self) -> None:
        """End everything, the last tier first; returns when nothing runs."""
        for tier in reversed(self._tiers):
            for process in tier:
                process.terminate()
            for process in tier:
                process.stop()


def _ending(code: int | None) -> str:
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
