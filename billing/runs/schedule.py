"""When work is done: what is due is looked for at intervals, and worked off oldest first.

The times at which the scheduler fires carry no meaning: whatever is due is found in the control store. So a job that is
late, or that was not fired for hours, catches up in one go.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from billing.runs.record import RunKind, RunState
from core.errors import StarmeterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from billing.ledger.slice import Slice
    from billing.runs.batch import Batch
    from billing.runs.due import Due
    from billing.runs.instruments import Instruments
    from billing.runs.late import Late
    from billing.runs.outcome import Outcome

_log = logging.getLogger("billing.schedule")

# How often it is looked for what is told late.
_LOOK_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Job:
    """Work that is safe to repeat, done every so many seconds, and never twice at a time."""

    name: str
    every_s: int
    work: Callable[[], None]


class Schedule:
    """Runs jobs in threads until it is stopped; a job that is under way then may end its present step."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        every = tuple(jobs)
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(max(len(every), 1))},
            # A late job is not skipped, and several late ones are one.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        for job in every:
            self._scheduler.add_job(_guarded(job), "interval", seconds=job.every_s, id=job.name)

    def start(self) -> None:
        """Begin; each job is done at once, and then at its intervals."""
        self._scheduler.start()
        for job in self._scheduler.get_jobs():
            self._scheduler.add_job(job.func, id=f"first {job.id}")

    def stop(self) -> None:
        """End; waits for what is under way."""
        self._scheduler.shutdown(wait=True)


def _guarded(job: Job) -> Callable[[], None]:
    """The outermost frame of a job: a failure is told once, and the next time is the next attempt."""
    running = threading.Lock()

    def work() -> None:
        # The first time and an interval may fall together.
        if not running.acquire(blocking=False):
            return
        try:
            job.work()
        except StarmeterError as failure:
            _log.warning("a job failed", extra={"job": job.name, "reason": failure.message})
        except Exception:  # noqa: BLE001 - the outermost frame
            _log.exception("a job failed", extra={"job": job.name})
        finally:
            running.release()

    return work


class Metering:
    """The jobs of metering: what is due, what is late, estimates of what is not over.

    `stopping` ends each of them after the runs that are under way.
    """

    def __init__(
        self,
        batch: Batch,
        due: Due,
        late: Late,
        *,
        clock: Callable[[], int],
        instruments: Instruments,
        stopping: threading.Event,
    ) -> None:
        self._batch = batch
        self._due = due
        self._late = late
        self._clock = clock
        self._instruments = instruments
        self._stopping = stopping
        self._look_at = 0
        # One process runs one batch at a time: its lease has one holder.
        self._turn = threading.Lock()

    def work_off(self) -> None:
        """Run all that is due, and again what more has been told of; without the lease, another runner does it.

        Raises:
            StarmeterError: a store fails, or another runner has taken over.
        """
        outcomes = self._run(lambda: self._due.ready(self._clock()), RunKind.HOURLY)
        self.measure()
        if outcomes is not None and all(each.state is not RunState.FAILED for each in outcomes):
            self._instruments.last_success.set(self._clock())
        self._run_late()

    def _run_late(self) -> None:
        now = self._clock()
        # It is asked of all hours of the look-back, and minutes do not matter to it.
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_SECONDS
        found = self._late.ready(now)
        self._instruments.late.set(len(found))
        if found:
            # What a run collects by itself has not changed.
            self._late.run_again(
                found,
                now,
                lambda slices: self._run(lambda: slices, RunKind.BACKFILL, collecting=False),
            )
            self._instruments.late.set(len(self._late.slices(self._clock())))

    def estimate(self) -> None:
        """Estimate the hour that runs, and those that have ended but are not closed.

        Raises:
            StarmeterError: as `work_off`.
        """
        self._run(lambda: self._due.unfinished(self._clock()), RunKind.ESTIMATE)

    def measure(self) -> None:
        """Set the gauges of what is due.

        Raises:
            Unavailable: the control store fails.
        """
        now = self._clock()
        self._instruments.due.set(len(self._due.slices(now)))
        self._instruments.watermark_age.set(self._due.watermark_age(now))

    def _run(
        self, choose: Callable[[], Iterable[Slice]], kind: RunKind, *, collecting: bool = True
    ) -> list[Outcome] | None:
        """What became of the runs, without their rows; `None` when there were none to be made by this process."""
        with self._turn:
            if self._stopping.is_set() or (outcomes := self._batch.runs(choose, kind, collecting=collecting)) is None:
                return None
            ended = []
            for outcome in outcomes:
                ended.append(replace(outcome, metered=None))
                if self._stopping.is_set():
                    outcomes.close()
                    break
            return ended
