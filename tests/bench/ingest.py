"""How fast logs are taken in: `python -m tests.bench.ingest`. Ends with 1 when a target is missed.

The same records go three ways in turns: as Fluent Bit's JSON through ingest (HTTP, attribution, duplicates, limits, a
spool with fsync, the insert), until the last is in the store; as ready Arrow tables by a bare clickhouse-connect
`insert_arrow` into the same store, one for each body; and again so, one for as many bodies as ingest collects.

The target, 0.6 times the bare insert's records a second, is held against one bare insert for each body that the agents
send. That is what an agent that wrote to the store itself would do, and hence what ingest takes the place of; and the
body is the unit that both ways are given. It is not held against inserts as large as those that ingest collects from
several bodies. Those are faster, for the store has a price for each insert: saving that price is part of what ingest is
for, while whoever compares with them compares with a writer that has all records before it begins. Both ratios are in
the table, so that nobody needs to take one for the other; the target stands at the first alone.

Beside each rate stand the CPU seconds of a million records: of whoever inserts (ingest, or this process for the bare
way) and of the store. They hold on a machine that has other work, too, where the times of a round say little.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import httpx

from core.attribution import Attribution
from core.control import connect
from ingest import segment
from ingest.admission import Admission
from ingest.allowance import Allowances, Limits
from ingest.draft import Bounds
from ingest.entry import Protocol
from ingest.owner import Owners
from ingest.recent import Recent
from ingest.rows import DOUBTFUL
from tests.bench.log_traffic import BODIES, RECORDS, bodies
from tests.compose.clickhouse.serving import running
from tests.ingest.logs.serving import ingest
from tests.ingest.logs.world import Platform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa  # type: ignore[import-untyped]
    from clickhouse_connect.driver.client import Client

    from tests.compose.clickhouse.serving import Server
    from tests.ingest.logs.serving import Running

ROUNDS: Final = 5
SENDERS: Final = 4
# Bodies that ingest, too, puts into one insert.
PER_BATCH: Final = 10
TARGET: Final = 0.6

# A process that has just begun asks the store for records that may have come to the one before it.
SETTLED_SECONDS: Final = Bounds().skew_seconds + 1
_UNLIMITED: Final = {"records_per_second": 1e9, "bytes_per_second": 1e12}


def _tables(sent: list[bytes], platform: Platform, bodies_each: int) -> list[pa.Table]:
    """The very rows that ingest makes of so many bodies each, ready to be inserted; with ids of their own."""
    engine = connect(platform.url)
    owners = Owners(Attribution(engine), "fra1", {}, default_days=30, seconds=600)
    recent = Recent(10**7, time.time_ns())
    admission = Admission("fra1", owners, Allowances(Limits(**_UNLIMITED), {}), recent, Bounds())
    now = time.time_ns()
    tables = [admission.draft("c1", Protocol.FLUENT_BIT, body, now).records.table() for body in sent]
    engine.dispose()
    tables = [segment.joined(tables[first : first + bodies_each]) for first in range(0, len(tables), bodies_each)]
    return [table.drop_columns([DOUBTFUL]) for table in tables]


@dataclass(slots=True)
class Way:
    """One of the ways that records go: seconds of each round, and CPU seconds of its client's side and of the store."""

    name: str
    took: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)
    store: list[float] = field(default_factory=list)

    @contextmanager
    def round(self, own: Callable[[], float], store: Callable[[], float]) -> Iterator[None]:
        """Measure what is done within."""
        before = time.perf_counter(), own(), store()
        yield
        self.took.append(time.perf_counter() - before[0])
        self.own.append(own() - before[1])
        self.store.append(store() - before[2])

    @property
    def rate(self) -> float:
        """Records a second, median of the rounds but the first, which is to warm up."""
        return BODIES * RECORDS / statistics.median(self.took[1:])

    def cpu(self, seconds: list[float]) -> float:
        """CPU seconds a million records, of all rounds but the first: the store merges when it likes."""
        return statistics.mean(seconds[1:]) / (BODIES * RECORDS) * 1e6

    def row(self) -> Row:
        """What it comes to."""
        own, store = self.cpu(self.own), self.cpu(self.store)
        return Row(self.name, f"{self.rate:,.0f} records/s", f"CPU {own:.1f} + {store:.1f} s/M")

    def ratio(self, other: Way) -> float:
        """Its records a second in those of another, median of the rounds."""
        return statistics.median(theirs / ours for theirs, ours in zip(other.took[1:], self.took[1:], strict=True))


class Row(NamedTuple):
    """A line of the table."""

    what: str
    measured: str
    beside: str = ""
    is_met: bool = True


def _cpu(pid: int) -> float:
    """CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _bare(client: Client, tables: list[pa.Table], name: str) -> None:
    """Insert the tables."""
    for position, table in enumerate(tables):
        token = {"insert_deduplication_token": f"{name}/{position}"}
        client.insert_arrow("logs", table, database="starmeter", settings=token)


def _through_ingest(ingester: Running, sent: list[bytes]) -> None:
    """Send the bodies, and wait until the last record is in the store."""

    def stored() -> float:
        return ingester.metric("ingest_stored_records_total", region="fra1")

    target = stored() + BODIES * RECORDS
    headers = {"Authorization": f"Bearer {ingester.token}", "Content-Type": "application/json"}
    with (
        httpx.Client(base_url=ingester.url, headers=headers, timeout=60) as client,
        ThreadPoolExecutor(SENDERS) as pool,
    ):
        answers = list(pool.map(lambda body: client.post("/v1/logs/fluentbit", content=body), sent))
    while stored() < target:
        time.sleep(0.05)
    if any(answer.json()["accepted"] != RECORDS for answer in answers):
        sys.exit(f"not all was accepted: {answers[0].text}")


def _measure(server: Server, platform: Platform, folder: Path) -> list[Row]:
    client = server.writer(compress="lz4")
    settings = {"limits": _UNLIMITED, "batch_seconds": 0.5}
    ours = Way("through ingest, until stored")
    bare = Way("bare insert_arrow of the same rows, one a body")
    batched = Way(f"the same, one for {PER_BATCH} bodies")

    def store() -> float:
        return _cpu(server.pid)

    with ingest(folder, platform, server.writer_url, **settings) as ingester:
        time.sleep(SETTLED_SECONDS)
        for number in range(ROUNDS + 1):
            sent = bodies(number)
            with ours.round(lambda: _cpu(ingester.process.pid), store):
                _through_ingest(ingester, sent)
            for way, seed, size in ((bare, 1_000 + number, 1), (batched, 2_000 + number, PER_BATCH)):
                tables = _tables(bodies(seed), platform, size)
                with way.round(time.process_time, store):
                    _bare(client, tables, f"{seed}")
        ((on_disk,),) = client.query(
            "SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts WHERE table = 'logs' AND active"
        ).result_rows
    client.close()
    ratio = ours.ratio(bare)
    return [
        *(way.row() for way in (ours, bare, batched)),
        Row("ratio to a bare insert for each body", f"{ratio:.2f}", f">= {TARGET}", ratio >= TARGET),
        Row(f"ratio to one for {PER_BATCH} bodies", f"{ours.ratio(batched):.2f}"),
        Row("a record as it is sent", f"{sum(map(len, sent)) / (BODIES * RECORDS):,.0f} bytes"),
        Row("a record on disk", f"{on_disk:.1f} bytes"),
    ]


def main() -> int:
    """Print the table; 0 when every target is met."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "control").mkdir()
        platform = Platform.create(folder / "control")
        with running(folder / "store") as server:
            rows = _measure(server, platform, folder / "ingest")
    for row in rows:
        sys.stdout.write(f"{row.what:<50} {row.measured:>20}   {row.beside:<22} {'' if row.is_met else 'MISSED'}\n")
    return 0 if all(row.is_met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
