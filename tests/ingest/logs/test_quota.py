"""Dead letters are bounded by cluster: one that floods costs itself, and the rest of what it sent is counted."""

from __future__ import annotations

import gzip
import json
import os
from typing import TYPE_CHECKING

from ingest.draft import Outcome
from ingest.entry import Protocol
from ingest.quota import LetterLimits, Quota
from tests.ingest.logs.agents import NOW
from tests.ingest.logs.serving import NOWHERE, ingest, until
from tests.ingest.logs.test_identity import admission
from tests.ingest.logs.world import batch, names, record

if TYPE_CHECKING:
    from pathlib import Path

    from tests.compose.clickhouse.serving import Server
    from tests.ingest.logs.serving import Store
    from tests.ingest.logs.world import Platform

_WINDOW = 10**10
_START = NOW // _WINDOW * _WINDOW


def _kept(quota: Quota, cluster: str, count: int, now: int = _START, size: int = 0) -> int:
    return sum(quota.take(cluster, bytes(size), now)[0] for _ in range(count))


def test_a_cluster_has_so_many_letters_a_window_and_no_other_pays_for_it() -> None:
    quota = Quota(LetterLimits(records_per_second=3), 1e9)

    assert [_kept(quota, "a", 40), _kept(quota, "b", 10), _kept(quota, "a", 5, _START + _WINDOW - 1)] == [30, 10, 0]
    assert _kept(quota, "a", 5, _START + _WINDOW) == 5
    assert [(*rest[:2], rest.left[0]) for rest in quota.due(_START + _WINDOW, is_last=False)] == [("a", _START, 15)]
    # A window that is not over is told at the end alone.
    assert _kept(quota, "a", 30, _START + _WINDOW) == 25
    assert len(quota.due(_START + _WINDOW, is_last=False)) == 1
    rests = quota.due(_START + _WINDOW, is_last=True)
    assert [rest.left[0] for rest in rests] == [15, 5]
    (first, _) = quota.letters(rests, "fra1").table().to_pylist()
    assert (first["reason"], first["cluster"], json.loads(first["payload"])["records"]) == ("over_limit", "a", 15)
    quota.told(rests)
    assert quota.due(_START + 9 * _WINDOW, is_last=True) == []


def test_letters_that_wait_may_have_a_share_of_the_spool_until_they_are_stored() -> None:
    quota = Quota(LetterLimits(spool_share=0.1), 100_000)
    quota.turn(1, 1)
    assert _kept(quota, "a", 10, size=2_000) == 4
    assert _kept(quota, "b", 1, size=2_000) == 1
    quota.turn(1, 2)
    assert _kept(quota, "a", 10, _START + _WINDOW, size=2_000) == 0
    quota.turn(2, 3)
    assert _kept(quota, "a", 10, _START + 2 * _WINDOW, size=2_000) == 4


def test_what_could_not_be_made_durable_is_given_back_to_the_cluster() -> None:
    admitting = admission(Quota(LetterLimits(records_per_second=0.2), 1e9))
    body = json.dumps([record(f"{number}", labels={}) for number in range(5)]).encode()
    first = admitting.draft("c1", Protocol.FLUENT_BIT, body, NOW)
    admitting.withdraw(first)
    again = admitting.draft("c1", Protocol.FLUENT_BIT, body, NOW)

    assert first.outcomes == again.outcomes == {Outcome.REJECTED: 2, Outcome.LIMITED: 3}
    assert [rest.left[0] for rest in admitting.quota.due(NOW, is_last=True)] == [3]


def test_a_flood_without_labels_leaves_the_spool_to_the_tenants_and_is_told(
    tmp_path: Path, platform: Platform, server: Server, store: Store
) -> None:
    # A hundred records of a window that does not end meanwhile.
    limits = {"records_per_second": 1e-7, "window_seconds": 10**9}
    with ingest(tmp_path, platform, NOWHERE, spool_bytes=2_000_000, letter_limits=limits) as running:
        rejected = limited = 0
        for part in range(6):
            flood = [record(os.urandom(500).hex(), labels={"part": str(part)}) for _ in range(400)]
            answer = running.post("/fluentbit", [*flood, *batch(f"good {part}", 5)])
            assert (answer.status_code, answer.json()["accepted"]) == (200, 5)
            rejected += answer.json()["rejected"]
            limited += answer.json()["limited"]
        unreadable = [
            running.post("/fluentbit", os.urandom(50).hex().encode(), Content_Type="text/plain", **headers)
            for headers in ({}, {"Content_Encoding": "gzip"})
        ]
        assert [answer.status_code for answer in unreadable] == [429, 429]
        assert unreadable[0].headers["retry-after"] == "10"
        assert running.post("", gzip.compress(b"{")[:-1], Content_Encoding="gzip").json()["code"] == 8
        assert (rejected, limited) == (100, 2_300)
        assert running.metric("ingest_unkept_letters_total", region="fra1") == 2_303
    # Told at the end at the latest, and as soon as a window is over.
    with ingest(tmp_path, platform, server.writer_url, letter_limits=limits | {"window_seconds": 1}) as running:
        running.settle()
        assert [json.loads(payload)["records"] for payload in _told(store)] == [2_303]
        assert running.post("/fluentbit", [record("more", labels={"n": str(n)}) for n in range(7)]).json()["limited"]
        until(lambda: sum(json.loads(payload)["records"] for payload in _told(store)) == 2_303 + 6, "it was not told")

    assert store.bodies() == sorted(name for part in range(6) for name in names(f"good {part}", 5))
    assert len(store.letters()) - len(_told(store)) == 100 + 1


def _told(store: Store) -> list[bytes]:
    return [payload for reason, payload in store.letters() if reason == "over_limit"]
