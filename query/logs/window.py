"""Windows of a search: the newest records are mostly enough, so it looks at a part of the range first, and at more.

How much time holds how many rows differs from project to project by orders of magnitude; what earlier reads of a
project had to read for their ranges tells. A range that is cheap to read as a whole is read as one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from query.logs import condition, moment
from query.logs.arguments import Span
from query.logs.condition import Condition
from query.logs.record import AT, ID, distinct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from query.logs.reader import LogReader

NEWEST_FIRST: Final = "backward"
_BEYOND: Final = {NEWEST_FIRST: "older", "forward": "newer"}

# Rows that a first window should have to read: without a filter nearly each of them is a record of the page.
_PLAIN_ROWS: Final = 65_536
_FILTERED_ROWS: Final = 524_288
# How much more each further window may read.
_GROWTH: Final = 4
_UNKNOWN: Final = 15 * 60 * moment.SECOND
_SHORT: Final = 3_600 * moment.SECOND
_REMEMBERED: Final = 10_000


class Density:
    """How many rows a nanosecond of a project's time costs to read, as far as it was read."""

    def __init__(self) -> None:
        self._known: dict[str, float] = {}

    def of(self, project_id: str) -> float | None:
        """Rows a nanosecond; `None` for a project that was not read yet."""
        return self._known.get(project_id)

    def note(self, project_id: str, span: Span, rows: int, *, plain: bool) -> None:
        """A read of `span` had to read so many rows; one that was filtered may have been spared some by an index."""
        found = rows / (span.end - span.start)
        if not plain:
            found = max(found, self._known.get(project_id, 0.0))
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[project_id] = found


async def records(
    reader: LogReader,
    order: str,
    span: Span,
    conditions: Sequence[Condition],
    *,
    limit: int,
    plain: bool,
    after: tuple[int, int] | None = None,
) -> list[Sequence[Any]]:
    """The first `limit` records of `span` in an order (`backward` or `forward`), as rows of `sql/logs/columns.sql`.

    `plain` when the conditions let nearly every record pass; `after` is the time and id of a record to begin behind. A
    record that was stored more than once comes once; fewer than `limit` means that there are no more.
    """
    found: list[Sequence[Any]] = []
    rest, aim = span, _PLAIN_ROWS if plain else _FILTERED_ROWS
    if after is not None:
        rest = _behind(rest, order, after[0])
    while len(found) < limit and rest.start < rest.end:
        window = _first(rest, order, _width(reader.density, rest, aim))
        wanted = limit - len(found)
        before = reader.rows_read
        rows = await reader.rows(order, [window.condition, *_beyond(order, after), *conditions], limit=wanted)
        reader.note_density(window, reader.rows_read - before, plain=plain)
        found = distinct([*found, *rows])
        if len(rows) == wanted:
            # Where repeats took the places of others, those follow the last one.
            after = rows[-1][AT], rows[-1][ID]
            rest = _behind(rest, order, after[0])
            continue
        if window == rest:
            break
        rest = Span(rest.start, window.start) if order == NEWEST_FIRST else Span(window.end, rest.end)
        aim *= _GROWTH
    return found


def _behind(rest: Span, order: str, at: int) -> Span:
    """What is left of a range, from the records of the moment `at` on."""
    return Span(rest.start, min(at + 1, rest.end)) if order == NEWEST_FIRST else Span(at, rest.end)


def _beyond(order: str, after: tuple[int, int] | None) -> list[Condition]:
    if after is None:
        return []
    return [Condition(condition.fixed(_BEYOND[order]), {"after": after[0], "after_id": after[1]})]


def _width(density: float | None, rest: Span, aim: int) -> int:
    """How long the next window should be, in nanoseconds."""
    length = rest.end - rest.start
    if density is None:
        return length if length <= _SHORT else _UNKNOWN
    # Half of the rest is not worth a window of its own.
    return length if density * length <= aim * 2 else max(int(aim / density), moment.SECOND)


def _first(rest: Span, order: str, width: int) -> Span:
    if order == NEWEST_FIRST:
        return Span(max(rest.start, rest.end - width), rest.end)
    return Span(rest.start, min(rest.end, rest.start + width))
