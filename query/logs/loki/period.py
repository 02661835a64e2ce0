"""The time arguments of Loki's API: a range with defaults, a step, a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.errors import BadRequest
from query.logs import moment
from query.logs.arguments import OverLimitError, Span

if TYPE_CHECKING:
    from query.logs.arguments import Arguments
    from query.logs.settings import LogLimits

_DEFAULT: Final = 3_600 * moment.SECOND
_USUAL_STEPS: Final = 250


def span(arguments: Arguments, limits: LogLimits, *, is_moment: bool = False) -> Span:
    """`start` and `end`, or `since` before `end`: the last hour by default; `is_moment` when they may be the same.

    Raises:
        BadRequest: one is no time, or the range is empty.
        OverLimitError: it is longer than a read may span.
    """
    end = arguments.moment("end")
    end = arguments.now if end is None else end
    start = arguments.moment("start")
    if start is None:
        since = arguments.text("since")
        start = max(end - (_DEFAULT if since is None else _nanoseconds("since", since)), 0)
    if start > end or (start == end and not is_moment):
        raise BadRequest("start: end timestamp must not be before or equal to start time")
    if end - start > limits.range_days * moment.DAY:
        raise OverLimitError(f"start: the query time range exceeds the limit of {limits.range_days:g} days; narrow it")
    return Span(start, end)


def step(arguments: Arguments, over: Span) -> int:
    """`step` in nanoseconds; by default one that makes some 250 of the range, of whole seconds.

    Raises:
        BadRequest: it is neither a duration nor a number of seconds.
    """
    text = arguments.text("step")
    if text is None:
        return max((over.end - over.start) // _USUAL_STEPS // moment.SECOND, 1) * moment.SECOND
    return _nanoseconds("step", text)


def at(arguments: Arguments) -> int:
    """`time` in nanoseconds; now by default.

    Raises:
        BadRequest: it is no time.
    """
    found = arguments.moment("time")
    return arguments.now if found is None else found


def seconds(nanoseconds: int) -> int | float:
    """Seconds as Loki writes them: whole where they are."""
    whole, rest = divmod(nanoseconds, moment.SECOND)
    return whole + round(rest / moment.SECOND, 3) if rest else whole


def _nanoseconds(name: str, text: str) -> int:
    return int(round(moment.length(name, text) * 1_000) * (moment.SECOND // 1_000))
