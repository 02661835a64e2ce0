"""From the spool into the store: one batch at a time, in order, again and again until the store has it."""

from __future__ import annotations

import contextlib
import logging
import random
import threading
from typing import TYPE_CHECKING, Final

from core.errors import StarmeterError, Unavailable
from ingest import notice, segment
from ingest.segment import Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ingest.sink import Sink, Stored
    from ingest.spool import Spool

_FIRST_DELAY: Final = 0.2
_LONGEST_DELAY: Final = 15.0
_REFUSALS: Final = 3
_POLL_SECONDS: Final = 0.5

_log = logging.getLogger("ingest.drain")


class Drain:
    """The thread that empties a spool. `stored` is told what came of a batch, and how many events it told tenants."""

    def __init__(self, region: str, spool: Spool, sink: Sink, stored: Callable[[Stored, int], None]) -> None:
        self._region = region
        self._spool = spool
        self._sink = sink
        self._stored = stored
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"drain-{region}", daemon=True)
        self._tried: Path | None = None
        self.is_storing = True
        self.failures = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Try to empty the spool for so many seconds, then leave the rest to the next process."""
        self._ending.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        delay = _FIRST_DELAY
        refusals = 0
        while True:
            path = self._spool.wait(0.0 if self._ending.is_set() else _POLL_SECONDS)
            if path is None and self._ending.is_set():
                return
            try:
                self._spool.adopt()
                if path is None:
                    continue
                self._insert(path)
            except Exception as failure:  # noqa: BLE001 - the outermost frame of a thread, which nothing may end
                self.failures += 1
                self.is_storing = False
                # What is neither the store's nor the disk's failure is the batch's, by the store's word or our defect.
                refusals = 0 if isinstance(failure, (Unavailable, OSError)) else refusals + 1
                _log.warning(
                    "a batch is not stored yet",
                    extra={
                        "region": self._region,
                        "file": path and path.name,
                        "reason": str(failure),
                        "again_in": delay,
                    },
                    exc_info=not isinstance(failure, (StarmeterError, OSError)),
                )
                if path is not None and refusals >= _REFUSALS:
                    _log.critical(
                        "a batch is set aside; `starmeter ingest refused` shows it and tries it again",
                        extra={"region": self._region, "file": path.name, "reason": str(failure)},
                    )
                    with contextlib.suppress(OSError):
                        self._spool.set_aside(path)
                        refusals = 0
                if self._ending.wait(delay * random.uniform(0.8, 1.2)):  # noqa: S311 - jitter, not secrecy
                    return
                delay = min(delay * 2, _LONGEST_DELAY)
            else:
                self.is_storing = True
                refusals = 0
                delay = _FIRST_DELAY

    def _insert(self, path: Path) -> None:
        content = self._spool.read(path)
        # Records last: what came of them is counted once, when nothing can fail any more.
        if (letters := content.table(Kind.LETTERS)) is not None:
            self._sink.insert_letters(letters, content.digest)
        records = content.tables(Kind.RECORDS)
        told = 0
        if limited := content.tables(Kind.LIMITED):
            events = notice.records(limited, self._region, content.digest)
            records.append(events.table())
            told = len(events)
        if records:
            is_again = path == self._tried or self._spool.is_recovered(path)
            self._tried = path
            stored = self._sink.insert_records(segment.joined(records), content.digest, is_again=is_again)
            self._stored(stored, told)
        self._spool.done(path)
