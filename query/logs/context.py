"""`/logs/context`: what stood before and after a record in the stream of its container."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.errors import BadRequest, NotFound
from query.logs import condition, moment, window
from query.logs.arguments import Span
from query.logs.condition import Condition, compiled
from query.logs.expression import Builtin, Every, Is
from query.logs.record import record

if TYPE_CHECKING:
    from query.logs.arguments import Arguments
    from query.logs.reader import LogReader

NAMES: Final = ("timestamp", "id", "before", "after")

_DEFAULT: Final = 10
_MOST: Final = 100
_ID: Final = re.compile(r"[0-9a-f]{16}", re.ASCII)


async def context(reader: LogReader, arguments: Arguments) -> dict[str, object]:
    """The record with this `timestamp` and `id`, and up to `before` and `after` neighbours within a day, oldest first.

    Raises:
        NotFound: there is no such record in the scope.
        BadRequest: an argument is missing or malformed.
    """
    at = arguments.moment("timestamp")
    text = arguments.text("id")
    if at is None:
        raise BadRequest("timestamp: missing; give a record's own")
    if text is None or _ID.fullmatch(text) is None:
        raise BadRequest("id: missing or malformed; give a record's own, 16 hexadecimal digits")
    before = arguments.number("before", _DEFAULT, _MOST, least=0)
    after = arguments.number("after", _DEFAULT, _MOST, least=0)
    number = int(text, 16)
    hits = await reader.rows("forward", [Condition(condition.fixed("hit"), {"at": at, "id": number})], limit=1)
    if not hits:
        raise NotFound("no such record; it may have expired")
    _, environment, service, _, _, _, _, pod, container, *_ = hits[0]
    stream = compiled(
        Every(
            (
                Is(Builtin.ENVIRONMENT, environment),
                Is(Builtin.SERVICE, str(service)),
                Is(Builtin.POD, pod),
                Is(Builtin.CONTAINER, container),
            )
        )
    )
    span = Span(max(at - moment.DAY, 0), min(at + moment.DAY, moment.LATEST))
    place = at, number
    earlier = await window.records(reader, "backward", span, stream, limit=before, plain=False, after=place)
    later = await window.records(reader, "forward", span, stream, limit=after, plain=False, after=place)
    return {
        "before": [record(row) for row in reversed(earlier)],
        "record": record(hits[0]),
        "after": [record(row) for row in later],
        "warnings": [],
    }
