"""The least room that pods were ever given: what a pod asks for in a resize is reserved only once its node gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from billing.conservation import Allocatable
from billing.ledger.sights import NAMED
from ingest.usage.effective_request import allocated_request
from ingest.usage.pod_document import read_pod

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from billing.ledger.store import Ledger


def least_requests(ledger: Ledger, asked: Mapping[str, Any], uids: Sequence[str]) -> dict[str, Allocatable]:
    """By uid, as it was known at a time; `asked` binds region, cluster and `as_of`.

    A node gives a pod what it asked for at some time: series tell of all that it asked for. An agent's documents also
    tell what was given.

    Raises:
        Unavailable: the ledger's store does not answer.
    """
    found: dict[str, Allocatable] = {}
    for start in range(0, len(uids), NAMED):
        for uid, cpu_m, memory_b in _told(ledger, {**asked, "uids": list(uids[start : start + NAMED])}):
            known = found.get(uid, Allocatable(cpu_m, memory_b))
            found[uid] = Allocatable(min(known.cpu_m, cpu_m), min(known.memory_b, memory_b))
    return found


def _told(ledger: Ledger, asked: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    yield from ledger.query("ledger/read/least_requests", asked).iter_rows()
    for uid, document in ledger.query("ledger/read/documents", asked).iter_rows():
        given = allocated_request(read_pod(orjson.loads(document)))
        yield uid, given.cpu_m, given.memory_b
