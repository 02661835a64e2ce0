"""How fast logs are exported, beside the engine's own HTTP interface in the same format, and in how much memory."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.bench.log_store import LARGE, LARGE_RECORDS, Bare, Door

if TYPE_CHECKING:
    from query.logs.condition import Value
    from tests.bench.log_store import Bench, Row

ROUNDS: Final = 3
LEAST_OF_ENGINE: Final = 0.7
MOST_GROWTH_MIB: Final = 100.0
# The columns of the contract as the engine gives them: what somebody would ask it for who is alone with it.
_PLAIN: Final = """
SELECT l.timestamp, lower(hex(l.id)) AS id, toString(l.project_id) AS project, l.environment,
    toString(l.service_id) AS service, l.severity, toString(l.source) AS source, l.pod, l.container,
    lower(hex(l.trace_id)) AS trace, l.body, l.attributes
FROM starmeter.logs AS l
WHERE l.project_id = {project:UUID} AND l.timestamp >= fromUnixTimestamp64Nano({start:Int64})
    AND l.timestamp < fromUnixTimestamp64Nano({end:Int64})
ORDER BY l.project_id, l.environment, l.service_id, l.timestamp, l.id
"""
_FORMATS: Final = {"ndjson": "JSONEachRow", "csv": "CSVWithNames", "arrow": "ArrowStream", "parquet": "Parquet"}


def measure(place: Bench) -> list[Row]:
    """A row for each format, and one for the memory of all of them."""
    rows: list[Row] = []
    values: dict[str, Value] = {"project": LARGE, "start": place.start, "end": place.end}
    for warm in _FORMATS:
        Door(place.door.url, LARGE, place.owner).size(
            "logs/export", start=place.start, end=place.end, format=warm, limit=20_000
        )
    before = resident(place.door.pid)
    most = before
    for name, format_ in _FORMATS.items():
        ratios, ours = [], []
        for _ in range(ROUNDS):
            # Connections that idle are closed after some seconds.
            bare = Bare(place.server, LARGE)
            start = time.perf_counter()
            bare.run(_PLAIN, values, format_)
            alone = time.perf_counter() - start
            door = Door(place.door.url, LARGE, place.owner)
            start = time.perf_counter()
            for _ in door.pieces("logs/export", start=place.start, end=place.end, format=name):
                most = max(most, resident(place.door.pid))
            took = time.perf_counter() - start
            ratios.append(alone / took)
            ours.append(LARGE_RECORDS / took)
        ratio = statistics.median(ratios)
        rows += [
            (f"export of 1M records, {name}", f"{statistics.median(ours):,.0f} records/s", "", True),
            (f"export, {name}: ratio to the engine", f"{ratio:.2f}", f">= {LEAST_OF_ENGINE}", ratio >= LEAST_OF_ENGINE),
        ]
    growth = (most - before) / 2**20
    return [
        *rows,
        (
            "export: memory beyond a small one's",
            f"{growth:.0f} MiB",
            f"<= {MOST_GROWTH_MIB:g} MiB",
            growth <= MOST_GROWTH_MIB,
        ),
    ]


def resident(pid: int) -> int:
    """The resident memory of a process, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
