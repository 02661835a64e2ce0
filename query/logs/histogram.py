"""`/logs/histogram`: how many records there are over time, by level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.errors import BadRequest
from query.logs import condition, level, moment
from query.logs.arguments import OverLimitError, Span
from query.logs.condition import Condition, compiled, is_counted

if TYPE_CHECKING:
    from query.logs.arguments import Arguments
    from query.logs.reader import LogReader
    from query.logs.settings import LogLimits

NAMES: Final = ("q", "start", "end", "step")

_MINUTE: Final = 60
# Steps that people can read, in seconds.
_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400)
_USUAL_BUCKETS: Final = 60
_LATEST_SECOND: Final = 2**32 - 1


@dataclass(frozen=True, slots=True)
class _Grid:
    """Buckets of `step` seconds: the first and one past the last, counted from 1970."""

    step: int
    first: int
    last: int

    @property
    def span(self) -> Span:
        return Span(self.first * self.step * moment.SECOND, self.last * self.step * moment.SECOND)


async def histogram(reader: LogReader, arguments: Arguments, limits: LogLimits) -> dict[str, object]:
    """Count records in the buckets that `start` to `end` touches, each of them whole.

    A filter that the volume by minute can decide is counted from that, which costs next to nothing.
    """
    expression = arguments.expression()
    grid = _grid(arguments, limits)
    if is_counted(expression) and grid.step % _MINUTE == 0:
        name, step, span = "histogram_volume", grid.step, _minutes(grid)
    else:
        name, step, span = "histogram_records", grid.step * moment.SECOND, grid.span.condition
    rows = await reader.rows(name, [span, *compiled(expression)], step=step)
    counts: dict[int, dict[str, int]] = {}
    for _, bucket, severity, amount in rows:
        levels = counts.setdefault(bucket, {})
        levels[level.name_of(severity)] = levels.get(level.name_of(severity), 0) + amount
    buckets = [
        {
            "start": moment.written(bucket * grid.step * moment.SECOND),
            "records": sum(counts.get(bucket, {}).values()),
            "levels": counts.get(bucket, {}),
        }
        for bucket in range(grid.first, grid.last)
    ]
    return {
        "start": moment.written(grid.span.start),
        "end": moment.written(grid.span.end),
        "step": grid.step,
        "buckets": buckets,
        "warnings": [],
    }


def _grid(arguments: Arguments, limits: LogLimits) -> _Grid:
    span = arguments.span(limits)
    step = _step(arguments, span)
    first = span.start // (step * moment.SECOND)
    last = min(-(-span.end // (step * moment.SECOND)), moment.LATEST // (step * moment.SECOND))
    if last - first > limits.buckets:
        raise OverLimitError(f"step: more than {limits.buckets} buckets; take a longer step or a shorter range")
    return _Grid(step, first, last)


def _step(arguments: Arguments, span: Span) -> int:
    text = arguments.text("step")
    if text is None:
        usual = (span.end - span.start) / moment.SECOND / _USUAL_BUCKETS
        return next((step for step in _STEPS if step >= usual), _STEPS[-1])
    seconds = moment.length("step", text)
    if seconds < 1 or seconds != int(seconds):
        raise BadRequest("step: must be whole seconds, such as 30s, 5m or 1h")
    return int(seconds)


def _minutes(grid: _Grid) -> Condition:
    first, last = (min(bucket * grid.step, _LATEST_SECOND) for bucket in (grid.first, grid.last))
    return Condition(condition.fixed("minutes"), {"start": first, "end": last})
