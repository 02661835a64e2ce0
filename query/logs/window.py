"""Windows of a search: the newest records are mostly enough, so it looks at a part of the range first, and at more.

How much time holds how many records differs from project to project by orders of magnitude; the pages that were read of
a project tell. A range that is cheap to read as a whole is read as one, and so is what is left of it when a first
window has shown that the filter's index spares nearly all of it.
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

# Records that a window should hold for each one that is wanted, when nothing but the time narrows it.
_FOR_EACH: Final = 16
# Rows that a first window should have to read for a filter, and how much more each further one may.
_FILTERED_ROWS: Final = 524_288
_GROWTH: Final = 4
# Records that no window should hold more of, however little a filter has had to read so far: it may have to read them.
_MOST_RECORDS: Final = 16_777_216
# The store reads in blocks of rows: what a small window has to read is not what it holds.
_BLOCKS: Final = 65_536
_UNKNOWN: Final = 15 * 60 * moment.SECOND
_SHORT: Final = 3_600 * moment.SECOND
_REMEMBERED: Final = 10_000


class Density:
    """How many records a nanosecond of a project's time holds, as far as it was read."""

    def __init__(self) -> None:
        self._known: dict[str, float] = {}

    def of(self, project_id: str) -> float | None:
        """Records a nanosecond; `None` for a project that was not read yet."""
        return self._known.get(project_id)

    def note(self, project_id: str, length: int, records: int) -> None:
        """So many nanoseconds were seen to hold so many records."""
        self._keep(project_id, records / length)

    def note_read(self, project_id: str, length: int, rows: int) -> None:
        """For a filter so many rows had to be read: there are at least about as many records, if it was spared some."""
        if (found := (rows - _BLOCKS) / length) > self._known.get(project_id, 0.0):
            self._keep(project_id, found)

    def _keep(self, project_id: str, found: float) -> None:
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
    rest = span if after is None else _behind(span, order, after[0])
    aim = limit * _FOR_EACH if plain else _FILTERED_ROWS
    width = _width(reader.density, rest, aim)
    while len(found) < limit and rest.start < rest.end:
        window = _first(rest, order, width)
        wanted = limit - len(found)
        before = reader.rows_read
        rows = await reader.rows(order, [window.condition, *_beyond(order, after), *conditions], limit=wanted)
        is_full = len(rows) == wanted
        if plain and rows:
            # A window that was not read to its end tells of what was read of it.
            seen = abs(rows[-1][AT] - rows[0][AT]) if is_full else _length(window)
            # Many records of one moment are no measure of any longer time.
            reader.note_density(max(seen, moment.SECOND), len(rows))
        elif not plain:
            reader.note_rows(_length(window), reader.rows_read - before)
        found = distinct([*found, *rows])
        if is_full:
            # Where repeats took the places of others, those follow the last one.
            after = rows[-1][AT], rows[-1][ID]
            rest = _behind(rest, order, after[0])
            continue
        if window == rest:
            break
        rest = Span(rest.start, window.start) if order == NEWEST_FIRST else Span(window.end, rest.end)
        aim = max(aim, _FILTERED_ROWS) * _GROWTH
        width = _wider(reader.density, window, reader.rows_read - before, rest, aim)
    return found


def _behind(rest: Span, order: str, at: int) -> Span:
    """What is left of a range, from the records of the moment `at` on."""
    return Span(rest.start, min(at + 1, rest.end)) if order == NEWEST_FIRST else Span(at, rest.end)


def _beyond(order: str, after: tuple[int, int] | None) -> list[Condition]:
    if after is None:
        return []
    return [Condition(condition.fixed(_BEYOND[order]), {"after": after[0], "after_id": after[1]})]


def _length(span: Span) -> int:
    return span.end - span.start


def _width(density: float | None, rest: Span, aim: int) -> int:
    """How long the first window should be, in nanoseconds."""
    length = _length(rest)
    if not density:
        # Nothing in a part that was looked at says nothing about the rest.
        return length if length <= _SHORT else _UNKNOWN
    # Half of the rest is not worth a window of its own.
    return length if density * length <= aim * 2 else max(int(aim / density), moment.SECOND)


def _wider(density: float | None, window: Span, rows: int, rest: Span, aim: int) -> int:
    """How long the next window should be, when the last one had to read `rows` for too few records."""
    cost = (rows if density else max(rows, _BLOCKS)) / _length(window)
    length = _length(rest)
    width = length if cost * length <= aim else max(int(aim / cost), _length(window) * _GROWTH)
    # However dense it looked, what is left is reached in a few reads.
    return min(width, max(int(_MOST_RECORDS / density), _length(window) * 2)) if density else width


def _first(rest: Span, order: str, width: int) -> Span:
    if order == NEWEST_FIRST:
        return Span(max(rest.start, rest.end - width), rest.end)
    return Span(rest.start, min(rest.end, rest.start + width))
