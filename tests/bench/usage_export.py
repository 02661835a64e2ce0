"""How fast usage is exported: `python -m tests.bench.usage_export`. Ends with 1 when a target is missed.

A month of a workspace with 1,389 services and two meters each, hour by hour: two million rows of the ledger, of which a
million leave as Parquet. The front-door is a process of its own, so that the memory measured is its alone; a tenth of
the rows is asked for first, which shows what the rest adds.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

import polars as pl
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from billing.hour import HOUR, iso, month
from billing.ledger.publication import Publication, PublicationKind
from billing.ledger.row_table import SCHEMA
from billing.ledger.store import Ledger
from core import control, migration
from core.clickhouse import Endpoint
from sql.topology import Topology
from tests.billing.accounts.world import World
from tests.billing.books import PROJECT, WORKSPACE
from tests.billing.month import BOOK
from tests.billing.surface.serving import usage_door
from tests.billing.surface.world import issue
from tests.compose.clickhouse.serving import running

if TYPE_CHECKING:
    from tests.billing.surface.serving import UsageDoor

ROWS: Final = 1_000_000
MOST_SECONDS: Final = 10.0
MOST_BYTES: Final = 300 * 10**6
_PERIOD: Final = month(2026, 4)
_SERVICES: Final = ROWS // _PERIOD.hours + 1
_MIB: Final = 1 << 20


def _rows(hour: int) -> pl.DataFrame:
    """An hour of every service: one pod, its CPU and its memory."""
    services = [str(UUID(int=0xCCCC << 112 | 0x4000_8000 << 48 | number)) for number in range(_SERVICES)]
    common = {
        "workspace_id": WORKSPACE,
        "project_id": PROJECT,
        "environment": "production",
        "region": "eu",
        "cluster": "cluster-1",
        "hour": hour,
        "node": "node-1",
        "running_s": HOUR,
        "interpolated_s": 0,
        "unbracketed_s": 0,
        "segments": 1,
        "quality": 0,
    }
    frames = [
        pl.DataFrame({"service_id": services}).with_columns(
            *(pl.lit(value).alias(name) for name, value in common.items()),
            pl.lit(meter).alias("meter"),
            pl.concat_str(pl.lit("pod-"), pl.col("service_id")).alias("source_id"),
            (pl.int_range(pl.len()) * 997 + hour % 1_000_003 + base).alias("quantity"),
        )
        for meter, base in (("cpu_mcore_s", 1_800_000), ("mem_byte_s", 1_932_735_283_200))
    ]
    return pl.concat(frames).select(SCHEMA.names()).cast(SCHEMA)


def _fill(ledger: Ledger) -> None:
    publications = []
    for sequence, hour in enumerate(range(_PERIOD.start, _PERIOD.end, HOUR), 1):
        run = str(uuid4())
        ledger.write_table(_rows(hour), run, run)
        kind = PublicationKind.PUBLISHED
        publications.append(Publication(sequence, "eu", "cluster-1", hour, kind, run, hour, 120, 120, 2 * _SERVICES))
    ledger.mirror(publications)


def _peak(pid: int) -> int:
    """The most memory that a process has had so far, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def _processor(pid: int) -> float:
    """Seconds that a process has worked so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def _export(door: UsageDoor, limit: int) -> tuple[float, float, bytes]:
    """Seconds until the first and until the last byte, and the file."""
    arguments = {
        "start": iso(_PERIOD.start),
        "end": iso(_PERIOD.end),
        "grain": "hour",
        "meter": "cpu_mcore_s",
        "format": "parquet",
        "limit": str(limit),
    }
    began = time.perf_counter()
    pieces, first = [], 0.0
    with door.client() as client, client.stream("GET", "/usage", params=arguments) as answer:
        answer.raise_for_status()
        for piece in answer.iter_raw():
            first = first or time.perf_counter() - began
            pieces.append(piece)
    return first, time.perf_counter() - began, b"".join(pieces)


def _rows_of(content: bytes) -> int:
    """How many rows a whole file has, as its manifest and its footer agree."""
    metadata = pq.read_metadata(io.BytesIO(content))
    manifest = json.loads(metadata.metadata[b"manifest"])
    if manifest["rows"] != metadata.num_rows:
        raise RuntimeError("the manifest and the file disagree")
    return int(metadata.num_rows)


def main() -> int:
    """Print the table; 0 when every target is met."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'control.db'}"
        engine = control.connect(url)
        control.upgrade(engine)
        world = World(engine).build()
        world.activate(BOOK.decode())
        tokens = issue(world)
        with running(folder / "ledger", migrated=False) as server:
            endpoint = Endpoint.of("the ledger", server.writer_url)
            migration.upgrade(endpoint, migration.LEDGER, Topology.SINGLE)
            ledger = Ledger(endpoint)
            _fill(ledger)
            ledger.close()
            with usage_door(folder / "door", control_store=url, ledger_url=server.reader_url, tokens=tokens) as door:
                idle = _peak(door.pid)
                _, tenth_seconds, tenth = _export(door, ROWS // 10)
                tenth_peak = _peak(door.pid)
                before = _processor(door.pid)
                first, seconds, whole = _export(door, ROWS)
                used = _processor(door.pid) - before
                peak = _peak(door.pid)
        engine.dispose()
    rows = _rows_of(whole)
    sys.stdout.write(
        f"{'':<28}{'a tenth':>14}{'all':>14}\n"
        f"{'rows':<28}{_rows_of(tenth):>14,}{rows:>14,}\n"
        f"{'seconds':<28}{tenth_seconds:>14.2f}{seconds:>14.2f}   at most {MOST_SECONDS:g}\n"
        f"{'seconds to the first byte':<28}{'':>14}{first:>14.2f}\n"
        f"{'bytes':<28}{len(tenth):>14,}{len(whole):>14,}\n"
        f"{'peak memory, MiB':<28}{tenth_peak / _MIB:>14.0f}{peak / _MIB:>14.0f}   at most {MOST_BYTES / _MIB:.0f}\n"
        f"{'  of it before any read':<28}{'':>14}{idle / _MIB:>14.0f}\n"
        f"{'processor seconds':<28}{'':>14}{used:>14.2f}   of the front-door alone\n"
    )
    met = rows == ROWS and seconds <= MOST_SECONDS and peak <= MOST_BYTES
    sys.stdout.write(f"  {'met' if met else 'MISSED'}: usage as Parquet\n")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
