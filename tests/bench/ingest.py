"""How fast logs are taken in: `python -m tests.bench.ingest`. Ends with 1 when a target is missed.

The same records go two ways in turns: as Fluent Bit's JSON through ingest (HTTP, attribution, duplicates, limits, a
spool with fsync, the insert), until the last is in the store, and as ready Arrow tables by a bare clickhouse-connect
`insert_arrow` into the same store.

The target, 0.6 times the bare insert's records a second, is held against one bare insert for each body that the agents
send. That is what an agent that wrote to the store itself would do, and hence what ingest takes the place of; and the
body is the unit that both ways are given. It is not held against inserts as large as those that ingest collects from
several bodies. Those are faster, for the store has a price for each insert: saving that price is part of what ingest is
for, while whoever compares with them compares with a writer that has all records before it begins. Both ratios are in
the table, so that nobody needs to take one for the other; the target stands at the first alone.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
import orjson

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
from tests.compose.clickhouse.serving import running
from tests.ingest.logs.serving import ingest
from tests.ingest.logs.world import LAB, LAB_WEB, SHOP, WEB, WORKER, Platform, of, record

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]
    from clickhouse_connect.driver.client import Client

    from tests.compose.clickhouse.serving import Server
    from tests.ingest.logs.serving import Running

ROUNDS: Final = 5
BODIES: Final = 20
RECORDS: Final = 5_000
SENDERS: Final = 4
# Bodies that ingest, too, puts into one insert.
PER_BATCH: Final = 4
TARGET: Final = 0.6

_TENANTS: Final = (of(SHOP, WEB), of(SHOP, WORKER), of(SHOP, WEB, "pr-7"), of(LAB, LAB_WEB))
# A process that has just begun asks the store for records that may have come to the one before it.
SETTLED_SECONDS: Final = Bounds().skew_seconds + 1
_UNLIMITED: Final = {"records_per_second": 1e9, "bytes_per_second": 1e12}


def bodies(seed: int) -> list[bytes]:
    """What agents send in one round, from a moment ago: access logs, structured lines, plain text, stack traces."""
    drawn = random.Random(seed)
    at = time.time_ns() - BODIES * RECORDS * 1_000
    return [
        orjson.dumps(
            [
                record(
                    _line(drawn),
                    at=at + (number * RECORDS + position) * 1_000,
                    labels={**drawn.choice(_TENANTS), "app": "web", "pod-template-hash": "5d9c7b6f4"},
                    stream=drawn.choice(["stdout", "stdout", "stdout", "stderr"]),
                )
                for position in range(RECORDS)
            ]
        )
        for number in range(BODIES)
    ]


def _line(drawn: random.Random) -> str:
    request, took = f"{drawn.getrandbits(64):016x}", drawn.randrange(1, 900)
    match drawn.randrange(10):
        case 0 | 1 | 2 | 3:
            return (
                f'10.0.{drawn.randrange(256)}.{drawn.randrange(256)} - - "GET /items/{drawn.randrange(9999)} HTTP/1.1" '
                f'{drawn.choice([200, 200, 304, 404, 500])} {took * 17} "-" "Mozilla/5.0" rt=0.{took:03d} id={request}'
            )
        case 4 | 5 | 6:
            return orjson.dumps(
                {
                    "level": drawn.choice(["info", "warn", "error"]),
                    "msg": "request finished",
                    "request_id": request,
                    "duration_ms": took,
                    "http": {"method": "GET", "status": 200},
                }
            ).decode()
        case 7 | 8:
            return f'time=now level=info msg="checked out" cart={drawn.randrange(10**6)} id={request} took={took}ms'
        case _:
            return (
                f"Traceback (most recent call last):\n  File \"app.py\", line {took}, in handle\nKeyError: '{request}'"
            )


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


def _bare(client: Client, tables: list[pa.Table], name: str) -> float:
    """Seconds to insert the tables."""
    start = time.perf_counter()
    for position, table in enumerate(tables):
        token = {"insert_deduplication_token": f"{name}/{position}"}
        client.insert_arrow("logs", table, database="starmeter", settings=token)
    return time.perf_counter() - start


def _cpu(pid: int) -> float:
    """CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _through_ingest(ingester: Running, sent: list[bytes], stored: Any) -> float:  # noqa: ANN401 - a callable
    target = stored() + BODIES * RECORDS
    headers = {"Authorization": f"Bearer {ingester.token}", "Content-Type": "application/json"}
    with httpx.Client(base_url=ingester.url, headers=headers, timeout=60) as client:
        start = time.perf_counter()
        with ThreadPoolExecutor(SENDERS) as pool:
            answers = list(pool.map(lambda body: client.post("/v1/logs/fluentbit", content=body), sent))
        while stored() < target:
            time.sleep(0.05)
        took = time.perf_counter() - start
    if any(answer.json()["accepted"] != RECORDS for answer in answers):
        sys.exit(f"not all was accepted: {answers[0].text}")
    return took


def _measure(server: Server, platform: Platform, folder: Path) -> list[tuple[str, str, str, bool]]:
    client = server.writer(compress="lz4")
    settings = {"limits": _UNLIMITED, "batch_seconds": 0.5}
    ratios, ratios_batched, ours, bare, batched, cpu = [], [], [], [], [], []
    with ingest(folder, platform, server.writer_url, **settings) as ingester:
        time.sleep(SETTLED_SECONDS)

        def stored() -> float:
            return ingester.metric("ingest_stored_records_total", region="fra1")

        for number in range(ROUNDS + 1):
            sent = bodies(number)
            before = _cpu(ingester.process.pid)
            took = _through_ingest(ingester, sent, stored)
            used = _cpu(ingester.process.pid) - before
            plain, together = (
                _bare(client, _tables(bodies(seed + number), platform, size), f"{seed + number}")
                for seed, size in ((1_000, 1), (2_000, PER_BATCH))
            )
            if number:  # the first is to warm up
                ratios.append(plain / took)
                ratios_batched.append(together / took)
                ours.append(BODIES * RECORDS / took)
                bare.append(BODIES * RECORDS / plain)
                batched.append(BODIES * RECORDS / together)
                cpu.append(used / (BODIES * RECORDS) * 1e6)
        ((on_disk,),) = client.query(
            "SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts WHERE table = 'logs' AND active"
        ).result_rows
        sizes = sum(map(len, sent)) / (BODIES * RECORDS)
    client.close()
    ratio = statistics.median(ratios)
    return [
        ("through ingest, until stored", f"{statistics.median(ours):,.0f} records/s", "", True),
        (
            "bare insert_arrow of the same rows, one for each body",
            f"{statistics.median(bare):,.0f} records/s",
            "",
            True,
        ),
        ("the same in inserts as large as those of ingest", f"{statistics.median(batched):,.0f} records/s", "", True),
        ("ratio to an insert for each body, median of the rounds", f"{ratio:.2f}", f">= {TARGET}", ratio >= TARGET),
        ("ratio to inserts as large, median of the rounds", f"{statistics.median(ratios_batched):.2f}", "", True),
        ("CPU of ingest per million records", f"{statistics.median(cpu):.1f} s", "", True),
        ("a record as it is sent", f"{sizes:,.0f} bytes", "", True),
        ("a record on disk", f"{on_disk:.1f} bytes", "", True),
    ]


def main() -> int:
    """Print the table; 0 when every target is met."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "control").mkdir()
        platform = Platform.create(folder / "control")
        with running(folder / "store") as server:
            rows = _measure(server, platform, folder / "ingest")
    for what, measured, target, met in rows:
        sys.stdout.write(f"{what:<56} {measured:>20}   {target:<13} {'' if met else 'MISSED'}\n")
    return 0 if all(met for *_, met in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
