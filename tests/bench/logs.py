"""How fast logs are read: `python -m tests.bench.logs`. Ends with 1 when a target is missed.

One store of 20 million records; the tenant that is read has one in a hundred of them. Every round asks the engine
itself and the front-door in turns for the very same statement, so that a machine whose speed drifts favours neither.
"""

from __future__ import annotations

import functools
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from query.logs.arguments import Span
from query.logs.condition import compiled
from query.logs.grammar import parse
from tests.bench import log_export, log_tail
from tests.bench.log_store import RECORDS, TENANTS, Bare, Door, bench
from tests.query.platform import PROJECT_A

if TYPE_CHECKING:
    from collections.abc import Callable

    from query.logs.condition import Condition
    from tests.bench.log_store import Bench, Row

ROUNDS: Final = 150
WARM_UP: Final = 10
MOST_OF_BARE: Final = 1.2
MOST_P95_MS: Final = 300.0
_LIMIT: Final = 100


@dataclass(frozen=True, slots=True)
class _Times:
    bare: list[float]
    ours: list[float]

    def rows(self, name: str) -> list[Row]:
        ratio = statistics.median(self.ours) / statistics.median(self.bare)
        p95 = statistics.quantiles(self.ours, n=20)[-1] * 1e3
        bare = statistics.median(self.bare) * 1e3
        return [
            (f"{name}: bare, median", f"{bare:.1f} ms", "", True),
            (f"{name}: front-door, median", f"{statistics.median(self.ours) * 1e3:.1f} ms", "", True),
            (f"{name}: ratio of the medians", f"{ratio:.2f}", f"<= {MOST_OF_BARE}", ratio <= MOST_OF_BARE),
            (f"{name}: front-door, p95", f"{p95:.1f} ms", f"<= {MOST_P95_MS:g} ms", p95 <= MOST_P95_MS),
        ]


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _search(place: Bench, query: Callable[[int], str]) -> _Times:
    bare, door = Bare(place.server), Door(place.door.url, PROJECT_A, place.door.tokens.viewer)
    found = _Times([], [])
    for number in range(WARM_UP + ROUNDS):
        conditions = _conditions(place, query(number))
        arguments = {"start": place.start, "end": place.end, "limit": _LIMIT, "q": query(number)}
        direct = functools.partial(bare.ask, "backward", conditions, limit=_LIMIT + 1)
        through = functools.partial(door.ask, "logs", **arguments)
        # Whoever comes second finds the caches warm; so they take turns.
        pair: list[tuple[list[float], Callable[[], object]]] = [(found.bare, direct), (found.ours, through)]
        for times, work in pair if number % 2 else pair[::-1]:
            took = _timed(work)
            if number >= WARM_UP:
                times.append(took)
    return found


def _conditions(place: Bench, text: str) -> list[Condition]:
    return [Span(place.start, place.end).condition, *compiled(parse(text))]


def _rows_read(place: Bench) -> list[Row]:
    """What the engine has to read for a needle, beside all that the tenant has."""
    bare = Bare(place.server)
    every = RECORDS // TENANTS
    rows = []
    for name, text in (("a token", "{}"), ("a token among words", "request {} -status=304")):
        read = bare.ask("backward", _conditions(place, text.format(place.needles[-1])), limit=_LIMIT + 1)
        most = every // 4
        rows.append((f"{name}: rows read of {every:,}", f"{read:,}", f"<= {most:,}", read <= most))
    return rows


def main() -> int:
    """Print the table; 0 when every target is met."""
    with tempfile.TemporaryDirectory() as name:
        limits = {"tails": 1_000, "tail_seconds": 600}
        with bench(Path(name), begun=datetime(2026, 1, 1, tzinfo=UTC), limits=limits) as place:
            parts = (
                _rows_read,
                lambda place: _search(place, lambda _: "").rows("newest 100"),
                lambda place: _search(place, lambda number: place.needles[number]).rows("a token"),
                log_export.measure,
                log_tail.measure,
            )
            # Told as it is found out, for the whole takes minutes.
            met = [_told(part(place)) for part in parts]
    return 0 if all(met) else 1


def _told(rows: list[Row]) -> bool:
    """Print rows; whether every target is met."""
    for what, measured, target, met in rows:
        sys.stdout.write(f"{what:<50} {measured:>20}   {target:<13} {'' if met else 'MISSED'}\n")
    sys.stdout.flush()
    return all(met for *_, met in rows)


if __name__ == "__main__":
    sys.exit(main())
