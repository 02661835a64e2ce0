"""What becomes of each record that arrives: accepted, rejected, limited or a duplicate, and nothing else.

Pure but for the memory and the allowances it is given: a draft that could not be made durable is undone by `withdraw`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from ingest import bulk, fluent, level, otlp, otlp_json, structure
from ingest.allowance import Limited, Use
from ingest.draft import Draft
from ingest.entry import Entry, LetterReason, Protocol, Unreadable
from ingest.letters import Letters, letter_id
from ingest.owner import Owner
from ingest.quota import NO_LIMIT, Quota
from ingest.rows import Records, record_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from ingest.allowance import Allowances
    from ingest.columns import Columns
    from ingest.draft import Bounds
    from ingest.owner import Nobody, Owners
    from ingest.recent import Recent

_NANO: Final = 1_000_000_000
_MILLI: Final = 1_000_000
_DAY: Final = 86_400 * _NANO

READERS: Final[Mapping[Protocol, Callable[[bytes], Iterator[Entry | Unreadable]]]] = {
    Protocol.OTLP: otlp.read,
    Protocol.OTLP_JSON: otlp_json.read,
    Protocol.FLUENT_BIT: fluent.read,
    Protocol.NDJSON: fluent.read,
}


class Admission:
    """Decides for one region; to be used by one thread."""

    def __init__(  # noqa: PLR0917 - what it decides by
        self,
        region: str,
        owners: Owners,
        allowances: Allowances,
        recent: Recent,
        bounds: Bounds,
        quota: Quota | None = None,
    ) -> None:
        self._region = region
        self._owners = owners
        self._allowances = allowances
        self._recent = recent
        self._bounds = bounds
        self.quota = quota or Quota(NO_LIMIT, float("inf"))
        self._skew = bounds.skew_seconds * _NANO

    def draft(self, cluster: str, protocol: Protocol, body: bytes, now: int, *, read: Columns | None = None) -> Draft:
        """Decide about all records of a body that a cluster sent at `now` (nanoseconds).

        `read` is the same body in columns: then most decisions are made for all of its records at once.

        Raises:
            Unavailable: the control store must be asked and does not answer; nothing has been decided.
        """
        if read is not None and (done := self._in_columns(cluster, protocol, read, now)) is not None:
            return done
        entries = list(READERS[protocol](body))
        find = self._owners.find
        # Whatever can fail comes first, so that there is nothing to undo.
        owners = [find(entry.labels) if type(entry) is Entry else None for entry in entries]
        draft = Draft(Records(self._region), Letters(self._region))
        certain = self._certain_since(now)
        try:
            for entry, owner in zip(entries, owners, strict=True):
                if type(entry) is Unreadable:
                    self._reject(draft, cluster, protocol, now, entry)
                else:
                    self._admit(draft, cluster, protocol, now, certain, entry, owner)  # type: ignore[arg-type]  # an entry has one
        except BaseException:
            self.withdraw(draft)
            raise
        draft.is_unreadable = len(entries) == 1 and type(entries[0]) is Unreadable and entries[0].payload is body
        return draft

    def whole(self, cluster: str, protocol: Protocol, body: bytes, now: int) -> Draft:
        """A draft that keeps a body as one dead letter."""
        draft = Draft(Records(self._region), Letters(self._region), is_unreadable=True)
        found = Unreadable(LetterReason.UNPARSABLE, "it could not be read", body)
        self._reject(draft, cluster, protocol, now, found)
        return draft

    def withdraw(self, draft: Draft) -> None:
        """Undo a draft, for its records could not be kept."""
        self._recent.forget(draft.records.ids)
        self._recent.forget(draft.letters.ids)
        self._allowances.give_back(draft.uses)

    def _admit(  # noqa: PLR0917 - called once a record: names would cost
        self,
        draft: Draft,
        cluster: str,
        protocol: Protocol,
        now: int,
        certain: int,
        entry: Entry,
        owner: Owner | Nobody,
    ) -> None:
        unfit = self._unfit(entry, owner, now)
        if unfit is not None:
            self._reject(draft, cluster, protocol, now, unfit)
            return
        _, timestamp, body, pod, container, _, stream, severity, trace_id, span_id, extra = entry
        if type(owner) is not Owner or timestamp is None:
            raise TypeError("such an entry is unfit")
        number = record_id(owner.seed, timestamp, pod, container, trace_id + span_id, body, stream, severity, extra)
        if number in self._recent:
            draft.duplicates += 1
            return
        size = len(body)
        use = self._allowances.take(owner, timestamp, size)
        if type(use) is not Use:
            draft.limited.append(Limited(owner, use, timestamp, size))  # type: ignore[arg-type]  # a text
            return
        draft.uses.append(use)
        self._recent.add(number, now)
        said_by_body = structure.read(body)
        attributes = {**said_by_body.attributes, **extra} if extra else said_by_body.attributes
        # Taking records may move the horizon, too.
        doubtful = timestamp < certain or timestamp < self._recent.horizon + self._skew
        draft.doubtful += doubtful
        draft.records.append(
            owner,
            number,
            timestamp,
            severity or said_by_body.severity or level.of_line(body, stream),
            pod,
            container,
            trace_id or said_by_body.trace_id,
            span_id or said_by_body.span_id,
            body,
            attributes,
            stream,
            doubtful,
        )

    def _in_columns(self, cluster: str, protocol: Protocol, read: Columns, now: int) -> Draft | None:
        """The draft of a body of plain records, beside which some may be refused; `None` decides nothing."""
        if not self._recent.has_room(len(read)):
            return None
        holders = bulk.Holders(self._owners, read)
        fits = bulk.fitting(read, holders, self._bounds, now)
        letters = []
        if not fits.all():
            for entry in read.entries(np.flatnonzero(~fits).tolist()):
                unfit = (
                    entry if isinstance(entry, Unreadable) else self._unfit(entry, self._owners.find(entry.labels), now)
                )
                if unfit is None:
                    # A record written in an unusual way. Which of two equal records is taken is told by their order.
                    return None
                letters.append(unfit)
            read = read.filter(pa.array(fits))
        draft = Draft(Records(self._region), Letters(self._region))
        try:
            if len(read) and not self._admit_columns(draft, read, holders, fits, now):
                return None
            for unfit in letters:
                self._reject(draft, cluster, protocol, now, unfit)
        except BaseException:
            self.withdraw(draft)
            raise
        return draft

    def _admit_columns(
        self, draft: Draft, read: Columns, holders: bulk.Holders, fits: NDArray[np.bool_], now: int
    ) -> bool:
        """Take columns of which all fits; false when nothing is decided, for some of the records are the same."""
        places, of = np.unique(holders.of[fits], return_inverse=True)
        owners = [one for place in places.tolist() if isinstance(one := holders.all[place], Owner)]
        ids = bulk.ids(read, owners, of)
        numbers: list[int] = ids.tolist()
        distinct = set(numbers)
        if len(distinct) < len(numbers):
            return False
        known = self._recent.known(distinct)
        if known:
            draft.duplicates = len(known)
            read, of, ids = bulk.chosen(np.array([number not in known for number in numbers]), read, of, ids)
        if not len(read):
            return True
        draft.uses, over = bulk.within(self._allowances, owners, of, read)
        if over:
            draft.limited = [limited for _, limited in over]
            is_kept = np.ones(len(read), bool)
            is_kept[[row for row, _ in over]] = False
            read, of, ids = bulk.chosen(is_kept, read, of, ids)
        if not len(read):
            return True
        doubtful = read.moment.to_numpy() < self._certain_since(now)
        draft.doubtful = int(doubtful.sum())
        numbers = ids.tolist()
        draft.records.append_table(bulk.table(read, owners, of, ids, doubtful, self._region), numbers)
        self._recent.add_all(numbers)
        return True

    def _unfit(self, entry: Entry, owner: Owner | Nobody, now: int) -> Unreadable | None:
        """Why an entry can be no record, if so."""
        if type(owner) is not Owner:
            return Unreadable(owner.reason, owner.detail, entry.payload())  # type: ignore[union-attr]  # nobody
        size, most, timestamp = len(entry.body), self._bounds.body_bytes, entry.timestamp
        if size > most or (4 * size > most and len(entry.body.encode()) > most):
            return Unreadable(LetterReason.OVERSIZED, f"its body is over {most} bytes", entry.payload())
        if timestamp is None:
            return Unreadable(LetterReason.BAD_TIME, "it has no time", entry.payload())
        if timestamp > now + self._bounds.ahead_seconds * _NANO:
            return Unreadable(LetterReason.BAD_TIME, "its time lies ahead; check the node's clock", entry.payload())
        if timestamp < now - owner.retention_days * _DAY:
            return Unreadable(LetterReason.EXPIRED, "it is older than its environment keeps logs", entry.payload())
        return None

    def _certain_since(self, now: int) -> int:
        """From which time on a record that is not remembered cannot have been taken before."""
        return max(self._recent.horizon + self._skew, now - self._bounds.recheck_seconds * _NANO)

    def _reject(self, draft: Draft, cluster: str, protocol: Protocol, now: int, found: Unreadable) -> None:
        number = letter_id(cluster, protocol, found.payload)
        if number in self._recent:
            draft.duplicates += 1
            return
        is_kept, uses = self.quota.take(cluster, found.payload, now)
        draft.uses.extend(uses)
        if not is_kept:
            draft.unkept += 1
            return
        self._recent.add(number, now)
        draft.letters.append(number, now // _MILLI, found.reason, found.detail, cluster, protocol, found.payload)
        draft.reasons[found.reason] += 1
