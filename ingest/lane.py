"""One region's way in: deliveries are decided, made durable in groups, and only then answered.

One thread does all of it, so that what is decided, what is remembered and what is on disk cannot get out of step: a
delivery is answered in the group it was decided in, and when a group cannot be made durable, all of it is undone.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.errors import StarmeterError, Unavailable
from ingest import notice, segment
from ingest.rows import Records
from ingest.segment import Kind

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from ingest.admission import Admission
    from ingest.allowance import Limited
    from ingest.columns import Columns
    from ingest.draft import Draft, Outcome
    from ingest.drain import Drain
    from ingest.entry import Protocol
    from ingest.instruments import Instruments
    from ingest.letters import Letters
    from ingest.spool import Spool

# A group is what has arrived while the one before was written, up to so many bytes of bodies.
_GROUP_BYTES: Final = 32 << 20
_IDLE_SECONDS: Final = 0.5

_log = logging.getLogger("ingest.lane")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a delivery came to: how many of its records had which outcome, and whether its body was readable at all."""

    outcomes: Counter[Outcome]
    is_unreadable: bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """A body on its way; with `is_raw` nobody could decompress it, and it becomes one dead letter.

    `read` is the body in columns, if it can be read so.
    """

    cluster: str
    protocol: Protocol
    body: bytes
    is_raw: bool
    read: Columns | None
    receipt: Future[Receipt]

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return len(self.body) + (0 if self.read is None else self.read.size)


class Lane:
    """Takes deliveries for one region. Bodies that wait may have `queue_bytes` together."""

    def __init__(  # noqa: PLR0917 - the parts of a region, in the order that records pass them
        self,
        region: str,
        admission: Admission,
        spool: Spool,
        drain: Drain,
        instruments: Instruments,
        queue_bytes: int,
    ) -> None:
        self.region = region
        self.spool = spool
        self.drain = drain
        self._admission = admission
        self._instruments = instruments
        self._queue_bytes = queue_bytes
        self._waiting_bytes = 0
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"lane-{region}", daemon=True)
        self._is_open = True

    def start(self) -> None:
        """Begin to take deliveries and to empty the spool."""
        self._instruments.prepare(self.region)
        self._thread.start()
        self.drain.start()

    @property
    def is_alive(self) -> bool:
        """Whether deliveries can be taken."""
        return self._thread.is_alive() and self._is_open

    def submit(
        self, cluster: str, protocol: Protocol, body: bytes, *, is_raw: bool = False, read: Columns | None = None
    ) -> Future[Receipt]:
        """Hand in a body; the receipt comes once all that is accepted or rejected of it is durable.

        Raises:
            Unavailable: at once, or from the receipt: nothing of it was kept, send it again.
        """
        if not self.is_alive:
            raise Unavailable("this process is ending; send it to another", retry_after=1)
        if self.spool.is_full:
            raise Unavailable("the spool is full, for the log store does not take records; try again", retry_after=10)
        delivery = Delivery(cluster, protocol, body, is_raw, read, Future())
        with self._lock:
            if self._waiting_bytes and self._waiting_bytes + delivery.size > self._queue_bytes:
                raise Unavailable("too much is waiting to be taken; try again", retry_after=1)
            self._waiting_bytes += delivery.size
        self._queue.put(delivery)
        return delivery.receipt

    def stop(self, seconds: float) -> None:
        """Take what has been handed in, and empty the spool within `seconds`."""
        deadline = time.monotonic() + seconds
        self._is_open = False
        self._queue.put(None)
        self._thread.join(seconds)
        self.drain.stop(max(0.0, deadline - time.monotonic()))
        if not self._thread.is_alive():
            self.spool.close()

    def _run(self) -> None:
        is_ending = False
        while not is_ending:
            group, is_ending = self._gather()
            try:
                self._take(group, is_last=is_ending)
            except Exception as failure:  # noqa: BLE001 - the outermost frame of a thread
                # A defect of ours must not end the thread, nor may anybody be told that a record is kept.
                _log.exception("a group failed")
                for one in group:
                    if not one.receipt.done():
                        one.receipt.set_exception(failure)
            with self._lock:
                self._waiting_bytes -= sum(one.size for one in group)
            if is_ending or self.spool.due(time.monotonic()) == 0.0:
                self.spool.seal()

    def _gather(self) -> tuple[list[Delivery], bool]:
        """What has arrived, waited for only as long as nothing else is due; and whether it was the last."""
        group: list[Delivery] = []
        size = 0
        try:
            delivery = self._queue.get(timeout=self._patience())
            while delivery is not None:
                group.append(delivery)
                size += len(delivery.body)
                if size >= _GROUP_BYTES:
                    return group, False
                delivery = self._queue.get_nowait()
        except queue.Empty:
            return group, False
        return group, True

    def _patience(self) -> float:
        """For how long nothing needs to be done unless something arrives."""
        due = self.spool.due(time.monotonic())
        return _IDLE_SECONDS if due is None else min(_IDLE_SECONDS, due)

    def _take(self, group: Sequence[Delivery], *, is_last: bool) -> None:
        now = time.time_ns()
        quota = self._admission.quota
        quota.turn(*self.spool.span)
        rests = quota.due(now, is_last=is_last)
        drafts: list[tuple[Delivery, Draft]] = []
        for delivery in group:
            try:
                draft = self._decide(delivery, now)
            except StarmeterError as failure:
                delivery.receipt.set_exception(failure)
            except Exception:  # noqa: BLE001 - whatever it is, the body is kept
                # A defect of ours; were it answered as one, the agent would send the same for ever.
                _log.exception("a body could not be decided about and becomes a dead letter")
                draft = self._admission.whole(delivery.cluster, delivery.protocol, delivery.body, now)
                drafts.append((delivery, draft))
            else:
                drafts.append((delivery, draft))
        try:
            self._keep([draft for _, draft in drafts], quota.letters(rests, self.region))
        except BaseException as failure:
            for delivery, draft in drafts:
                self._admission.withdraw(draft)
                delivery.receipt.set_exception(failure)
            if isinstance(failure, StarmeterError):
                return
            raise
        quota.told(rests)
        for rest in rests:
            said = {"region": self.region, "cluster": rest.cluster, "records": rest.left[0]}
            _log.warning("a cluster sent more dead letters than are kept", extra=said)
        for delivery, draft in drafts:
            self._instruments.note_draft(self.region, draft)
            delivery.receipt.set_result(Receipt(draft.outcomes, draft.is_unreadable))

    def _decide(self, delivery: Delivery, now: int) -> Draft:
        about = (delivery.cluster, delivery.protocol, delivery.body, now)
        return self._admission.whole(*about) if delivery.is_raw else self._admission.draft(*about, read=delivery.read)

    def _keep(self, drafts: Sequence[Draft], letters: Letters) -> None:
        """Write to the spool what becomes of all records but the duplicates, and these letters."""
        records = Records(self.region)
        limited: list[Limited] = []
        for draft in drafts:
            records.extend(draft.records)
            letters.extend(draft.letters)
            limited.extend(draft.limited)
        blocks = []
        if len(records):
            blocks.append(segment.block(Kind.RECORDS, records.table()))
        if len(letters):
            blocks.append(segment.block(Kind.LETTERS, letters.table()))
        if limited:
            blocks.append(segment.block(Kind.LIMITED, notice.table(limited)))
        if blocks:
            with self._instruments.commit_seconds.time():
                self.spool.append(blocks, len(records) + len(letters), time.monotonic())
