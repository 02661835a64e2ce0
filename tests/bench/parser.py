"""How fast cluster names are parsed: `python -m tests.bench.parser`. Ends with 1 when a target is missed."""

from __future__ import annotations

import gc
import random
import sys
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID

import polars as pl

from core.tenant import Tenant
from ingest.cluster_column import parse_column
from ingest.cluster_name import ClusterName, ClusterNameRefused, parse

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS: Final = 15
ONE_BY_ONE: Final = 100_000
COLUMN: Final = 1_000_000
IDS: Final = "0b6f8e0c4d1a4c5e9f2b3a4c5d6e7f807d3c1b2a9e8f4a6bb0c1d2e3f4a5b6c7"

HOSTILE: Final = {
    "hex digits": "0" * 60_000,
    "ids that do not end": f"httproute/prj-a/{'0' * 60_000}-x/rule/0",
    "a repeated prefix": "httproute/" * 6_000,
    "a namespace of hyphens": f"httproute/{'a-' * 30_000}",
    "an environment of hyphens": f"httproute/prj-a/{IDS}-{'a-' * 30_000}/rule/0",
    "a rule of digits": f"httproute/prj-a/{IDS}-production/rule/{'1' * 60_000}",
    "a backend of digits": f"httproute/prj-a/{IDS}-production/rule/0/backend/{'1' * 60_000}",
    "slashes": "/" * 60_000,
    "like a host and port": "a_" * 30_000,
    "like the gateway's own": "a-" * 30_000,
    "like a secret's": "sds_" * 15_000,
    "like the oldest scheme": "-rule-0-match-0-mirror-" * 2_600,
    "spaces": f"x{' ' * 60_000}x",
    "other digits": "\u0661" * 60_000,
}


def names(count: int) -> list[str]:
    """Legal names, no two alike: many projects, services and rules, a fifth of them split by backend."""
    source = random.Random(2)
    return [
        ClusterName.of(
            Tenant(_id(source), source.choice(["production", "staging", "pr-1234"]), _id(source)),
            f"prj-{source.randrange(10**6)}",
            rule=source.randrange(16),
            backend=source.randrange(16) if source.random() < 0.2 else None,
        ).name
        for _ in range(count)
    ]


def _id(source: random.Random) -> str:
    return str(UUID(int=source.getrandbits(128)))


def best(run: Callable[[], object], runs: int = RUNS) -> float:
    """The shortest of several runs, in seconds: what the machine can do when nothing else takes its time."""
    shortest = float("inf")
    for _ in range(runs):
        gc.collect()
        start = time.perf_counter()
        run()
        shortest = min(shortest, time.perf_counter() - start)
    return shortest


def _each(some: list[str]) -> None:
    for name in some:
        parse(name)


def _refuse(name: str) -> None:
    with suppress(ClusterNameRefused):
        parse(name)


def main() -> int:
    """Print the table; 0 when every target is met."""
    some = names(ONE_BY_ONE)
    column = pl.Series(names(COLUMN))
    one_by_one = ONE_BY_ONE / best(lambda: _each(some))
    at_once = COLUMN / best(lambda: parse_column(column))
    timings = {kind: best(partial(_refuse, name)) for kind, name in HOSTILE.items()}
    worst = max(timings, key=lambda kind: timings[kind])
    hostile_column = pl.Series(list(HOSTILE.values()))
    rows = [
        ("one by one", f"{one_by_one:,.0f} names/s", ">= 300,000", one_by_one >= 300_000),
        ("a column at once", f"{at_once:,.0f} names/s", ">= 2,000,000", at_once >= 2_000_000),
        (f"worst 60 kB name: {worst}", f"{timings[worst] * 1e3:.2f} ms", "< 50 ms", timings[worst] < 0.05),
        ("all of these as a column", f"{best(lambda: parse_column(hostile_column)) * 1e3:.2f} ms", "", True),
    ]
    for what, measured, target, met in rows:
        sys.stdout.write(f"{what:<46} {measured:>20}   {target:<13} {'' if met else 'MISSED'}\n")
    return 0 if all(met for *_, met in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
