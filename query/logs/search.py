"""`/logs`: a page of records, and the cursors to the pages on both sides of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from core.errors import BadRequest
from query.logs import window
from query.logs.arguments import Span
from query.logs.condition import compiled
from query.logs.cursor import BadCursorError, Cursor, Kind
from query.logs.record import AT, ID, record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from query.logs.arguments import Arguments
    from query.logs.cursor import Signer
    from query.logs.reader import LogReader
    from query.logs.settings import LogLimits

NAMES: Final = ("q", "start", "end", "limit", "cursor", "direction")

_BACKWARD: Final = "backward"
_FORWARD: Final = "forward"
_KINDS: Final = {
    _BACKWARD: (Kind.BACKWARD_NEXT, Kind.BACKWARD_PREVIOUS),
    _FORWARD: (Kind.FORWARD_NEXT, Kind.FORWARD_PREVIOUS),
}
_OPPOSITE: Final = {_BACKWARD: _FORWARD, _FORWARD: _BACKWARD}


async def search(reader: LogReader, arguments: Arguments, signer: Signer, limits: LogLimits) -> dict[str, object]:
    """Read one page.

    A cursor pins the range; what is repeated beside it must be what it came from. Pages are cut between records, not at
    offsets, so that what is inserted meanwhile neither repeats nor hides a record.
    """
    filtered = compiled(arguments.expression())
    limit = arguments.records(limits)
    cursor = _cursor(arguments, signer)
    if cursor is None:
        span = arguments.span(limits)
        direction = arguments.choice("direction", tuple(_KINDS), _BACKWARD)
        is_return = False
    else:
        span = Span(cursor.start, cursor.end)
        direction = next(name for name, kinds in _KINDS.items() if cursor.kind in kinds)
        is_return = cursor.kind is _KINDS[direction][1]
        _check_repeated(arguments, span, direction)
    order = _OPPOSITE[direction] if is_return else direction
    after = None if cursor is None else (cursor.at, cursor.id)
    rows = await window.records(reader, order, span, filtered, limit=limit + 1, plain=not filtered, after=after)
    has_more = len(rows) > limit
    page = rows[:limit]
    if is_return:
        page.reverse()
    has_next, has_previous = (True, has_more) if is_return else (has_more, cursor is not None)
    onward, back = _KINDS[direction]
    return {
        "records": [record(row) for row in page],
        "next_cursor": signer.write(_at(onward, span, page[-1])) if page and has_next else None,
        "previous_cursor": signer.write(_at(back, span, page[0])) if page and has_previous else None,
        "warnings": [],
    }


def _cursor(arguments: Arguments, signer: Signer) -> Cursor | None:
    text = arguments.text("cursor")
    if text is None:
        return None
    cursor, _ = signer.read(text)
    if not any(cursor.kind in kinds for kinds in _KINDS.values()):
        raise BadCursorError("cursor: of another kind of read; leave it out to begin anew")
    return cursor


def _check_repeated(arguments: Arguments, span: Span, direction: str) -> None:
    """Arguments beside a cursor may be left out; those that are given must be the ones it came from."""
    for name, pinned in (("start", span.start), ("end", span.end)):
        if arguments.moment(name) not in {None, pinned}:
            raise BadRequest(f"{name}: the cursor is of another range; repeat the argument or leave it out")
    if arguments.choice("direction", tuple(_KINDS), direction) != direction:
        raise BadRequest("direction: the cursor goes another way; repeat the argument or leave it out")


def _at(kind: Kind, span: Span, row: Sequence[Any]) -> Cursor:
    return Cursor(kind, span.start, span.end, row[AT], row[ID])
