"""What billing costs in time and memory: `python -m tests.bench.billing`. Ends with 1 when a target is missed.

A run over an hour of pods is held against the bare query of the engine that adds up the same sights, in turns, on the
same store; a month of services is rated from sums of the ledger; an invoice is computed from its rows. Each size ten
times the one before shows what growth costs. Memory is the process's own, measured in a process for each figure.
"""

from __future__ import annotations

import functools
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from billing.assembly import Inputs, assemble
from billing.hour import HOUR
from billing.ledger.evidence import pod_evidence
from billing.ledger.slice import Slice
from billing.ledger.store import Ledger
from billing.policy import MeteringPolicy
from billing.price_book_file import read_price_book
from billing.rating import rate_days
from billing.runs.metering import meter_pods
from core import clickhouse, migration
from core.clickhouse import Endpoint
from sql.topology import Topology
from tests.bench.billing_evidence import MARCH, REGION, pods, usage
from tests.compose.clickhouse.serving import running

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS: Final = 3
# Pods, seconds between their sights, most seconds of a run.
RUNS: Final = ((500, 30, None), (5_000, 30, 2.0), (50_000, 60, 6.0))
RUN_MEBIBYTES: Final = 1_430  # 1.5 GB
RATIO: Final = 3.0
SERVICES: Final = (100, 1_000, 10_000)
RATING_SECONDS: Final = 20.0
RATING_MEBIBYTES: Final = 1_907  # 2 GB
INVOICE_SECONDS: Final = 0.2
# How much more than ten times the time ten times the size may take.
LINEAR: Final = 1.5
_BOOK: Final = Path("billing/price_books/sample.yml")

# The same sums without any of billing's rules: what the engine itself needs for them.
_BARE: Final = """
SELECT uid, toStartOfHour(a) AS h, sum(d) AS running_s, sum(cpu * d) AS cpu_mcore_s, sum(mem * d) AS mem_byte_s,
    sumIf(d, raw_d > 150) AS interpolated_s
FROM (
    SELECT uid, raw_d, cpu, mem,
        arrayJoin(arrayMap(k -> (greatest(toUnixTimestamp(ts), k * 3600), least(nx, (k + 1) * 3600)),
            range(intDiv(toUnixTimestamp(ts), 3600), intDiv(nx - 1, 3600) + 1))) AS ab,
        toDateTime(ab.1, 'UTC') AS a, ab.2 - ab.1 AS d
    FROM (
        SELECT uid, ts, phase, toUnixTimestamp(leadInFrame(ts) OVER w) AS nx, leadInFrame(phase) OVER w AS np,
            nx - toUnixTimestamp(ts) AS raw_d,
            if(raw_d > 150, least(cpu_m, leadInFrame(cpu_m) OVER w), cpu_m)::Int64 AS cpu,
            if(raw_d > 150, least(mem_b, leadInFrame(mem_b) OVER w), mem_b)::Int64 AS mem
        FROM (
            SELECT uid, observed_at AS ts, CAST(phase, 'String') AS phase, cpu_m, memory_b AS mem_b
            FROM billing.pod_observations
            WHERE region = {region:String} AND cluster = {cluster:String}
                AND observed_at >= toDateTime({first:Int64}, 'UTC') AND observed_at < toDateTime({until:Int64}, 'UTC')
        )
        WINDOW w AS (PARTITION BY uid ORDER BY ts ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING)
    )
    WHERE phase = 'running' AND np = 'running' AND nx > toUnixTimestamp(ts)
)
GROUP BY uid, h
"""


def run_once(url: str, cluster: str, project: str) -> tuple[float, float, int]:
    """Seconds of the bare query, seconds of a run without its records, and its rows; the least of the rounds."""
    one, bound = Slice(MARCH.start, REGION, cluster), {"region": REGION, "cluster": cluster}
    bare: list[float] = []
    ours: list[float] = []
    rows = 0
    with (
        closing(Ledger.at(url)) as ledger,
        closing(clickhouse.writer(Endpoint.of("bench", url), answer_seconds=600)) as raw,
    ):
        for _ in range(ROUNDS):
            began = time.perf_counter()
            raw.query_arrow(_BARE, parameters=bound | {"first": one.hour - 300, "until": one.hour + HOUR + 300})
            bare.append(time.perf_counter() - began)
            began = time.perf_counter()
            evidence = pod_evidence(ledger, one, MeteringPolicy(), MARCH.end)
            metered = meter_pods(one, evidence, {project: str(uuid4())}, MeteringPolicy())
            ledger.write_table(metered.usage, run_id := str(uuid4()), f"{run_id}/{metered.rows_sha256}")
            ours.append(time.perf_counter() - began)
            rows = metered.usage.height
    return min(bare), min(ours), rows


def month_once(url: str, prefix: str) -> tuple[float, int]:
    """Seconds to rate March of all workspaces of a prefix from sums of the ledger, and the lines."""
    book = read_price_book(_BOOK.read_bytes())
    with closing(Ledger.at(url)) as ledger:
        began = time.perf_counter()
        days = [
            each
            for each in ledger.day_usage(None, MARCH, book, lambda _: "standard")
            if each.workspace_id.startswith(prefix)
        ]
        lines = rate_days(days, book)
        return time.perf_counter() - began, len(lines)


def invoice_once(url: str, workspace: str) -> tuple[float, int]:
    """Seconds for one workspace's invoice from the ledger's rows; the median, and the rows."""
    book = read_price_book(_BOOK.read_bytes())
    inputs = Inputs("bench", workspace, "Bench", MARCH, "standard", Decimal("100.00"))
    took: list[float] = []
    rows = 0
    with closing(Ledger.at(url)) as ledger:
        for _ in range(ROUNDS):
            began = time.perf_counter()
            found = ledger.rows(workspace, MARCH)
            assemble(found, book, inputs)
            took.append(time.perf_counter() - began)
            rows = len(found)
    return statistics.median(took), rows


def apart(work: Callable[[], Any]) -> tuple[Any, float]:
    """What `work` gives in a process of its own, and the most memory that took, in MiB."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(functools.partial(_measured, work))


def _measured(work: Callable[[], Any]) -> tuple[Any, float]:
    found = work()
    return found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Print the tables; 1 when a target is missed."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), migrated=False) as server:
        migration.upgrade(Endpoint.of("bench", server.writer_url), migration.LEDGER, Topology.SINGLE)
        return max(_runs(server.writer_url), _months(server.writer_url))


def _runs(url: str) -> int:
    print("\na run over an hour       bare query   evidence to rows in the ledger   ratio    rows     MiB")
    missed = 0
    before: float | None = None
    with closing(clickhouse.writer(Endpoint.of("bench", url), answer_seconds=600)) as client:
        projects = {count: pods(client, f"cluster-{count}", count, step) for count, step, _ in RUNS}
    for count, step, most in RUNS:
        (bare, ours, rows), mebibytes = apart(functools.partial(run_once, url, f"cluster-{count}", projects[count]))
        print(
            f"{count:>6} pods, {step} s {bare:>15.3f} s {ours:>29.3f} s {ours / bare:>8.2f} {rows:>7} {mebibytes:>7.0f}"
        )
        missed |= _over("seconds of a run", ours, most) | _over("MiB of a run", mebibytes, RUN_MEBIBYTES)
        if most is not None:
            missed |= _over("times the bare query", ours / bare, RATIO)
        if before is not None:
            missed |= _over("times the time for ten times the pods", ours / before, 10 * LINEAR)
        before = ours
    return missed


def _months(url: str) -> int:
    print("\na month rated from the ledger     seconds      lines     MiB")
    missed = 0
    before: float | None = None
    for number, services in enumerate(SERVICES):
        with closing(clickhouse.writer(Endpoint.of("bench", url), answer_seconds=600)) as client:
            for name in ("usage", "publications"):
                client.command(f"TRUNCATE TABLE billing.{name}")
            usage(client, "w", services, max(1, services // 5), number * MARCH.hours + 1)
        (seconds, lines), mebibytes = apart(functools.partial(month_once, url, "w"))
        print(f"{services:>6} services {seconds:>25.3f} s {lines:>10} {mebibytes:>7.0f}")
        if before is not None:
            missed |= _over("times the time for ten times the services", seconds / before, 10 * LINEAR)
        before = seconds
        if services == SERVICES[-1]:
            missed |= _over("seconds of a month", seconds, RATING_SECONDS)
            missed |= _over("MiB of a month", mebibytes, RATING_MEBIBYTES)
    (seconds, rows), _ = apart(functools.partial(invoice_once, url, "w0"))
    print(f"\none invoice of {rows} rows: {seconds * 1000:.0f} ms")
    return missed | _over("seconds of an invoice", seconds, INVOICE_SECONDS)


def _over(what: str, value: float, most: float | None) -> int:
    if most is None or value <= most:
        return 0
    print(f"MISSED: {value:.2f} {what}, at most {most:g}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
