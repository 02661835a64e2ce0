"""A batch between the spool and the store: on a full disk, sent again, refused."""

from __future__ import annotations

import resource
import signal
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from pydantic import SecretStr

from core.errors import ConfigurationError, Unavailable
from core.tenant import Tenant
from ingest.owner import APP, Owner
from ingest.rows import Records
from ingest.sink import Refused, Sink, endpoint
from ingest.spool import Limits, Spool
from tests.ingest.logs.world import SHOP, WEB

if TYPE_CHECKING:
    from pathlib import Path

    from tests.compose.clickhouse.serving import Server
    from tests.ingest.logs.serving import Store


def _records(count: int, *, doubtful: bool) -> Records:
    owner = Owner(Tenant(SHOP, "production", WEB), APP, 30, b"p" * 16, b"s" * 16, b"", b"")
    records = Records("fra1")
    now = time.time_ns()
    for number in range(count):
        body = f"again {number}"
        records.append(owner, number, now, 9, "pod", "web", b"", b"", body, {}, "", doubtful)
    return records


@pytest.mark.parametrize("doubtful", [False, True])
def test_a_batch_that_is_sent_again_after_it_was_stored_counts_once(
    server: Server, store: Store, *, doubtful: bool
) -> None:
    table = _records(2_500, doubtful=doubtful).table()
    sink = Sink(endpoint("fra1", SecretStr(server.writer_url)))
    first = sink.insert_records(table, f"a batch {doubtful}")
    again = sink.insert_records(table, f"a batch {doubtful}")
    # It is the batch's name that counts, not its rows: what the store knew of it by then was left out.
    sink.insert_records(table.slice(0, 2_000), f"a batch {doubtful}")
    sink.close()

    assert (first.inserted, first.known) == (2_500, 0)
    assert (again.inserted, again.known) == ((0, 2_500) if doubtful else (2_500, 0))
    assert store.rows("SELECT count(), uniqExact(l.id) FROM starmeter.logs AS l") == [(2_500, 2_500)]
    # The materialised view counts what the writer inserts, and that once, too.
    assert store.rows("SELECT sum(v.records) FROM starmeter.logs_volume_1m AS v") == [(2_500,)]


def test_a_batch_is_stamped_when_it_comes_into_the_store_and_once(server: Server, store: Store) -> None:
    def stamps() -> list[tuple[int]]:
        return store.rows("SELECT DISTINCT toUnixTimestamp64Milli(l.ingested_at) FROM starmeter.logs AS l")

    table = _records(10, doubtful=False).table()
    # As a release that stamped records at their arrival has left it in the spool.
    long_ago = pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * 10, pa.timestamp("ms", "UTC"))
    begun = time.time_ns() // 10**6
    sink = Sink(endpoint("fra1", SecretStr(server.writer_url)))
    sink.insert_records(table.append_column("ingested_at", long_ago), "stamped")
    ((first,),) = stamps()
    sink.insert_records(table, "stamped", is_again=True)
    sink.close()

    assert begun <= first <= time.time_ns() // 10**6
    assert stamps() == [(first,)]
    assert len(store.bodies()) == 10


@pytest.mark.parametrize("doubtful", [False, True])
def test_a_batch_of_unknown_end_is_mended_when_the_store_kept_its_token_and_not_its_rows(
    server: Server, store: Store, *, doubtful: bool
) -> None:
    table = _records(2_500, doubtful=doubtful).table()
    sink = Sink(endpoint("fra1", SecretStr(server.writer_url)))
    # As a store that was killed leaves it: the token is known, some rows and some of the view's are not there.
    sink.insert_records(table.slice(0, 1_500), "killed")
    store.forget_volume()
    sink.insert_records(table, "killed")
    assert store.rows("SELECT sum(v.records) FROM starmeter.logs_volume_1m AS v") == [(0,)]
    for _ in range(2):
        sink.insert_records(table, "killed", is_again=True)
    # The very same loss a second time.
    store.forget_volume()
    sink.insert_records(table, "killed", is_again=True)
    sink.close()

    assert store.rows("SELECT count(), uniqExact(l.id) FROM starmeter.logs AS l") == [(2_500, 2_500)]
    assert store.rows("SELECT sum(v.records), sum(v.bytes) FROM starmeter.logs_volume_1m AS v") == store.rows(
        "SELECT count(), sum(length(l.body)) FROM starmeter.logs AS l"
    )


def test_a_batch_that_the_store_can_never_take_is_told_from_a_store_that_fails(server: Server) -> None:
    sink = Sink(endpoint("fra1", SecretStr(server.writer_url)))
    table = _records(1, doubtful=False).table()
    with pytest.raises(Refused):
        sink.insert_records(table.set_column(0, "project_id", [["no id"]]), "wrong")
    sink.close()
    nowhere = Sink(endpoint("fra1", SecretStr("http://writer:x@127.0.0.1:1")))
    with pytest.raises(Unavailable):
        nowhere.insert_records(table, "right")
    other = Sink(endpoint("fra1", SecretStr(server.writer_url.replace("//writer:", "//writer:not-"))))
    # A wrong password is mended by somebody, and until then nothing is lost.
    with pytest.raises(Unavailable):
        other.insert_records(table, "right")


def test_a_disk_that_is_full_refuses_and_keeps_nothing_of_what_it_refused(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(total_bytes=1 << 20, records=1000, file_bytes=1 << 20, seconds=60))
    spool.append([b"x" * 3000], 1, 0.0)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(Unavailable, match="cannot be written"):
            spool.append([b"y" * 3000], 1, 0.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    spool.append([b"z" * 3000], 1, 0.0)
    spool.seal()

    assert [path.read_bytes() for path in sorted(tmp_path.glob("*.segment"))] == [b"x" * 3000, b"z" * 3000]
    assert spool.size == 6000
    spool.close()


def test_two_processes_cannot_share_a_spool(tmp_path: Path) -> None:
    limits = Limits(total_bytes=1 << 20, records=1000, file_bytes=1 << 20, seconds=60)
    first = Spool(tmp_path, limits)
    with pytest.raises(ConfigurationError, match="is used by another process"):
        Spool(tmp_path, limits)
    first.close()
    Spool(tmp_path, limits).close()
