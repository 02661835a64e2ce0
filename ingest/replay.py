"""Dead letters tried again: what can be attributed by now becomes records, and the letter is marked as replayed."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from ingest.admission import Admission
from ingest.allowance import Allowances, Limits
from ingest.draft import Outcome
from ingest.entry import LetterReason, Protocol
from ingest.recent import Recent

if TYPE_CHECKING:
    from ingest.draft import Bounds
    from ingest.owner import Owners
    from ingest.sink import Sink

_PAGE: Final = 500
_NO_LIMIT: Final = Limits(records_per_second=1e12, bytes_per_second=1e15)


@dataclass(slots=True)
class Replayed:
    """How many letters became records, how many stay and why, and how many records the store had already."""

    letters: int = 0
    records: int = 0
    known: int = 0
    still: Counter[str] = field(default_factory=Counter)


class Replay:
    """Tries the letters of one region again, by the store and the control store alone.

    Safe to interrupt and to repeat: a record has the id that its content gives it, and the store is asked for each.
    """

    def __init__(self, region: str, owners: Owners, bounds: Bounds, sink: Sink) -> None:
        self._region = region
        self._owners = owners
        self._bounds = bounds
        self._sink = sink

    def run(self, *, reason: str = "", limit: int, dry_run: bool = False) -> Replayed:
        """Try up to `limit` letters, oldest first, of one reason or of all; a dry run changes nothing.

        Raises:
            Unavailable: a store does not answer; what was done until then stays done.
        """
        total = Replayed()
        after = (0, 0)
        seen = 0
        while seen < limit:
            page = self._sink.letters(self._region, reason, after, min(_PAGE, limit - seen))
            if not page:
                break
            seen += len(page)
            after = (int(page[-1]["received_at"].timestamp() * 1000 + 0.5), page[-1]["id"])
            self._page(page, total, dry_run=dry_run)
        return total

    def _page(self, page: list[dict[str, Any]], total: Replayed, *, dry_run: bool) -> None:
        now = time.time_ns()
        # Nothing is remembered between letters, and everything is older than this memory: the store is asked.
        admission = Admission(
            self._region, self._owners, Allowances(_NO_LIMIT, {}), Recent(10**6, now + 10**18), self._bounds
        )
        done = []
        drafts = []
        for letter in page:
            if letter["reason"] == LetterReason.OVER_LIMIT:
                # It counts what was not kept; there is nothing to make a record of.
                total.still[letter["reason"]] += 1
                continue
            cluster, protocol = letter["cluster"], Protocol(letter["protocol"])
            draft = admission.draft(cluster, protocol, bytes(letter["payload"]), now)
            if draft.outcomes[Outcome.REJECTED]:
                # All or nothing: part of a letter as records would leave a letter that holds more than is missing.
                admission.withdraw(draft)
                total.still.update(found.value for found in draft.reasons)
                continue
            drafts.append(draft)
            done.append(letter)
        total.letters += len(done)
        if not done:
            return
        records = drafts[0].records
        for draft in drafts[1:]:
            records.extend(draft.records)
        token = blake2b(
            repr([(str(one["received_at"]), one["id"]) for one in done]).encode(), digest_size=16
        ).hexdigest()
        if dry_run:
            total.records += len(records)
            return
        if len(records):
            stored = self._sink.insert_records(records.table(), token)
            total.records += stored.inserted
            total.known += stored.known
        self._sink.mark_replayed(done, datetime.now(UTC), token)
