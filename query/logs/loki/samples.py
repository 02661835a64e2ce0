"""Samples over time: what counts, aggregations and arithmetic come to at each moment of a grid."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from query.logs import moment
from query.logs.arguments import OverLimitError
from query.logs.loki import label
from query.logs.loki.counts import NONE, Buckets, counted
from query.logs.loki.tree import Aggregated, Aggregation, Arithmetic, Constant, Counted, RangeFunction, is_constant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from query.logs.loki.counts import Count, Labels
    from query.logs.loki.tree import Sampled
    from query.logs.reader import LogReader

# By labels, a sample for each moment of the grid that has one, counted from 0.
Series = dict["Labels", dict[int, float]]

MOST_SERIES: Final = 500
_MOST_MOMENTS: Final = 11_000
_MOST_BUCKETS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Grid:
    """Moments in nanoseconds: `start`, and one every `step` after it, `amount` in all."""

    start: int
    step: int
    amount: int

    @classmethod
    def over(cls, start: int, end: int, step: int) -> Grid:
        """From `start` to `end`, both included.

        Raises:
            OverLimitError: there are too many.
        """
        amount = (end - start) // step + 1
        if amount > _MOST_MOMENTS:
            raise OverLimitError(
                f"step: exceeded maximum resolution of {_MOST_MOMENTS:,} points per time series; increase it"
            )
        return cls(start, step, amount)


class Evaluation:
    """Evaluates queries of samples over a grid, reading what has to be counted."""

    def __init__(self, reader: LogReader, grid: Grid) -> None:
        self._reader = reader
        self._grid = grid

    async def of(self, node: Sampled) -> Series:
        """The series of a query.

        Raises:
            OverLimitError: there are too many of them, or of the steps to count in.
        """
        found = await self._series(node, label.STREAM)
        if len(found) > MOST_SERIES:
            raise OverLimitError(
                f"query: maximum of series ({MOST_SERIES}) reached for a single query; "
                "aggregate, as in sum by (level) (…), or narrow the selector"
            )
        return found

    async def _series(self, node: Sampled, names: Sequence[str]) -> Series:
        """The series of a node; a count tells apart the labels `names`."""
        match node:
            case Constant(value):
                return {(): dict.fromkeys(range(self._grid.amount), value)}
            case Counted():
                return await self._counted(node, names)
            case Aggregated(function, inner, labels, without):
                # A sum of counts is a count that tells less apart: the store sums.
                is_pushed = function is Aggregation.SUM and isinstance(inner, Counted) and not without
                return _aggregated(node, await self._series(inner, labels if is_pushed else _inner(node, names)))
            case Arithmetic(sign, left, right):
                return _computed(sign, right, await self._series(left, names), await self._series(right, names))

    async def _counted(self, node: Counted, names: Sequence[str]) -> Series:
        grid = self._grid
        # The widest bucket that both the step and the range are made of.
        width = node.range if grid.amount == 1 else math.gcd(node.range, grid.step)
        stride, reach = grid.step // width if grid.amount > 1 else 0, node.range // width
        buckets = Buckets(grid.start - node.range, width, reach + stride * (grid.amount - 1))
        if buckets.amount > _MOST_BUCKETS:
            raise OverLimitError("step: does not fit the range in brackets; make one a multiple of the other")
        found = await counted(self._reader, node.selection, buckets, names)
        value = _value(node)
        return {key: _slid(counts, grid.amount, stride, reach, value) for key, counts in found.items()}


def _value(node: Counted) -> Callable[[Count], float]:
    seconds = node.range / moment.SECOND
    match node.function:
        case RangeFunction.COUNT:
            return lambda count: count.records
        case RangeFunction.RATE:
            return lambda count: count.records / seconds
        case RangeFunction.BYTES:
            return lambda count: count.size
        case RangeFunction.BYTES_RATE:
            return lambda count: count.size / seconds


def _slid(
    counts: Mapping[int, Count], amount: int, stride: int, reach: int, value: Callable[[Count], float]
) -> dict[int, float]:
    """What `reach` buckets together hold, at every `stride`th; nothing where they hold no record."""
    found: dict[int, float] = {}
    total, ahead, behind = NONE, 0, 0
    ordered = sorted(counts.items())
    for place in range(amount):
        first = place * stride
        while ahead < len(ordered) and ordered[ahead][0] < first + reach:
            total += ordered[ahead][1]
            ahead += 1
        while behind < ahead and ordered[behind][0] < first:
            total -= ordered[behind][1]
            behind += 1
        if total.records:
            found[place] = value(total)
    return found


def _inner(node: Aggregated, names: Sequence[str]) -> tuple[str, ...]:
    """The labels that an aggregation has to see of what it aggregates."""
    return tuple(dict.fromkeys((*names, *(() if node.without else node.labels))))


def _aggregated(node: Aggregated, series: Series) -> Series:
    groups: dict[Labels, list[tuple[Labels, dict[int, float]]]] = {}
    for key, samples in series.items():
        kept = tuple(pair for pair in key if (pair[0] in node.labels) is not node.without)
        groups.setdefault(kept, []).append((key, samples))
    if node.function in {Aggregation.TOPK, Aggregation.BOTTOMK}:
        return _ranked(node, groups.values())
    return {kept: _merged(node.function, [samples for _, samples in members]) for kept, members in groups.items()}


def _merged(function: Aggregation, members: list[dict[int, float]]) -> dict[int, float]:
    at: dict[int, list[float]] = {}
    for samples in members:
        for place, value in samples.items():
            at.setdefault(place, []).append(value)
    return {place: _one(function, values) for place, values in sorted(at.items())}


def _one(function: Aggregation, values: list[float]) -> float:
    match function:
        case Aggregation.MIN:
            return min(values)
        case Aggregation.MAX:
            return max(values)
        case Aggregation.AVG:
            return _sum(values) / len(values)
        case Aggregation.COUNT:
            return len(values)
        case _:
            return _sum(values)


def _sum(values: list[float]) -> float:
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):
        return sum(values)  # what is beyond all numbers has no digits to be exact in


def _ranked(node: Aggregated, groups: Iterable[Sequence[tuple[Labels, dict[int, float]]]]) -> Series:
    """At each moment, the series with the highest or lowest samples of each group, under their own labels."""
    found: Series = {}
    sign = -1 if node.function is Aggregation.TOPK else 1
    for members in groups:
        at: dict[int, list[tuple[float, Labels]]] = {}
        for key, samples in members:
            for place, value in samples.items():
                at.setdefault(place, []).append((sign * value, key))
        for place, values in sorted(at.items()):
            for value, key in sorted(values)[: node.amount]:
                found.setdefault(key, {})[place] = sign * value
    return found


def _computed(sign: str, right: Sampled, ours: Series, theirs: Series) -> Series:
    """A constant on either side is the same for each series of the other."""
    if is_constant(right):
        (constants,) = theirs.values()
        return {
            key: {place: _result(sign, value, constants[place]) for place, value in samples.items()}
            for key, samples in ours.items()
        }
    (constants,) = ours.values()
    return {
        key: {place: _result(sign, constants[place], value) for place, value in samples.items()}
        for key, samples in theirs.items()
    }


def _result(sign: str, left: float, right: float) -> float:
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right if right else math.nan if not left else math.copysign(math.inf, left)
        case _:
            return math.fmod(left, right) if right and not math.isinf(left) else math.nan
