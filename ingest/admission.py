"""What becomes of each record that arrives: accepted, rejected, limited or a duplicate, and nothing else.

Pure but for the memory and the allowances it is given: a draft that could not be made durable is undone by `withdraw`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from ingest import fluent, level, otlp, otlp_json, structure
from ingest.allowance import Use
from ingest.entry import Entry, LetterReason, Protocol, Unreadable
from ingest.owner import Owner
from ingest.rows import Letters, Records, letter_id, record_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ingest.allowance import Allowances
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


class Outcome(StrEnum):
    """The four ends; every record that arrives has exactly one."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    LIMITED = "limited"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a record may be: bytes of its body, seconds ahead of our clock, and when the store is asked for it.

    A record is looked up in the store when it is older than `recheck_seconds`, or than what is remembered plus
    `skew_seconds` (clocks of nodes may be ahead of ours).
    """

    body_bytes: int = 256 * 1024
    ahead_seconds: int = 3_600
    recheck_seconds: int = 30
    skew_seconds: int = 5


@dataclass(slots=True)
class Draft:
    """What a delivery comes to, before it is durable. `limited` tells whose records were left out and why."""

    records: Records
    letters: Letters
    duplicates: int = 0
    reasons: Counter[LetterReason] = field(default_factory=Counter)
    limited: list[tuple[Owner, str, int, int]] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    doubtful: int = 0
    is_unreadable: bool = False

    @property
    def outcomes(self) -> Counter[Outcome]:
        """How many records had which outcome; an outcome that none had is left out."""
        return +Counter(
            {
                Outcome.ACCEPTED: len(self.records),
                Outcome.REJECTED: len(self.letters),
                Outcome.LIMITED: len(self.limited),
                Outcome.DUPLICATE: self.duplicates,
            }
        )


class Admission:
    """Decides for one region; to be used by one thread."""

    def __init__(self, region: str, owners: Owners, allowances: Allowances, recent: Recent, bounds: Bounds) -> None:
        self._region = region
        self._owners = owners
        self._allowances = allowances
        self._recent = recent
        self._bounds = bounds
        self._skew = bounds.skew_seconds * _NANO

    def draft(self, cluster: str, protocol: Protocol, body: bytes, now: int) -> Draft:
        """Decide about all records of a body that a cluster sent at `now` (nanoseconds).

        Raises:
            Unavailable: the control store must be asked and does not answer; nothing has been decided.
        """
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
                elif type(owner) is Owner:
                    self._admit(draft, cluster, protocol, now, certain, entry, owner)  # type: ignore[arg-type]  # no other
                else:
                    self._reject(draft, cluster, protocol, now, _letter(entry, owner))  # type: ignore[arg-type]  # the same
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
        self, draft: Draft, cluster: str, protocol: Protocol, now: int, certain: int, entry: Entry, owner: Owner
    ) -> None:
        labels, timestamp, body, pod, container, payload, stream, severity, trace_id, span_id, extra = entry
        del labels
        size = len(body)
        most = self._bounds.body_bytes
        if size > most or (4 * size > most and len(body.encode()) > most):
            found = Unreadable(LetterReason.OVERSIZED, f"its body is over {self._bounds.body_bytes} bytes", payload())
            self._reject(draft, cluster, protocol, now, found)
            return
        if timestamp is None or timestamp > now + self._bounds.ahead_seconds * _NANO:
            said = "it has no time" if timestamp is None else "its time lies ahead; check the node's clock"
            self._reject(draft, cluster, protocol, now, Unreadable(LetterReason.BAD_TIME, said, payload()))
            return
        if timestamp < now - owner.retention_days * _DAY:
            found = Unreadable(LetterReason.EXPIRED, "it is older than its environment keeps logs", payload())
            self._reject(draft, cluster, protocol, now, found)
            return
        number = record_id(owner.seed, timestamp, pod, container, trace_id + span_id, body)
        if number in self._recent:
            draft.duplicates += 1
            return
        use = self._allowances.take(owner, timestamp, size)
        if type(use) is not Use:
            draft.limited.append((owner, use, timestamp, size))  # type: ignore[arg-type]  # a text
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
            now // _MILLI,
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

    def _certain_since(self, now: int) -> int:
        """From which time on a record that is not remembered cannot have been taken before."""
        return max(self._recent.horizon + self._skew, now - self._bounds.recheck_seconds * _NANO)

    def _reject(self, draft: Draft, cluster: str, protocol: Protocol, now: int, found: Unreadable) -> None:
        number = letter_id(cluster, protocol, found.payload)
        if number in self._recent:
            draft.duplicates += 1
            return
        self._recent.add(number, now)
        draft.letters.append(number, now // _MILLI, found.reason, found.detail, cluster, protocol, found.payload)
        draft.reasons[found.reason] += 1


def _letter(entry: Entry, nobody: Nobody) -> Unreadable:
    return Unreadable(nobody.reason, nobody.detail, entry.payload())
