"""Loki's `query_range` and `query`: records as streams, samples as matrix or vector."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from core.errors import BadRequest
from query.logs import window
from query.logs.condition import compiled
from query.logs.loki import period
from query.logs.loki.grammar import parse
from query.logs.loki.label import labels_of, metadata_of
from query.logs.loki.samples import Evaluation, Grid
from query.logs.loki.tree import Selection
from query.logs.record import AT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from query.logs.read import Read

_DEFAULT_RECORDS: Final = 100
_BODY: Final = 10
_DIRECTIONS: Final = ("backward", "forward")
# By this flag a client asks for what is no stream's label beside the line, and not among the labels.
CATEGORIZE: Final = "categorize-labels"


def success(data: object) -> dict[str, object]:
    """The envelope of an answer."""
    return {"status": "success", "data": data}


async def query_range(read: Read, flags: str) -> object:
    """Records between `start` and `end` (which is not included), or samples at each `step` from one to the other.

    Raises:
        LogqlError, BadRequest: the query or an argument is wrong.
        OverLimitError: it asks for too much.
    """
    arguments, limits = read.arguments, read.settings.limits
    query = parse(arguments.query, read.scope.only.project_id)
    if not isinstance(query, Selection):
        over = period.span(arguments, limits, is_moment=True)
        grid = Grid.over(over.start, over.end, period.step(arguments, over))
        series = await Evaluation(read.reader, grid).of(query)
        result = [
            {
                "metric": dict(labels),
                "values": [
                    [period.seconds(grid.start + place * grid.step), _number(value)] for place, value in samples.items()
                ],
            }
            for labels, samples in sorted(series.items())
            if samples
        ]
        return success({"resultType": "matrix", "result": result, "stats": {}})
    limit = arguments.number("limit", _DEFAULT_RECORDS, limits.records)
    order = arguments.choice("direction", _DIRECTIONS, _DIRECTIONS[0], fold=True)
    conditions = compiled(query.expression)
    over = period.span(arguments, limits)
    rows = await window.records(read.reader, order, over, conditions, limit=limit, plain=not conditions)
    is_apart = CATEGORIZE in {flag.strip() for flag in flags.split(",")}
    data = {"resultType": "streams", "result": _streams(rows, is_apart=is_apart), "stats": {}}
    return success(data | ({"encodingFlags": [CATEGORIZE]} if is_apart else {}))


async def query(read: Read) -> object:
    """Samples at one `time`.

    Raises:
        LogqlError, BadRequest, OverLimitError: as for a range; and a query of records.
    """
    found = parse(read.arguments.query, read.scope.only.project_id)
    if isinstance(found, Selection):
        raise BadRequest(
            "log queries are not supported as an instant query type, please change your query to a range query type"
        )
    at = period.at(read.arguments)
    series = await Evaluation(read.reader, Grid(at, 1, 1)).of(found)
    result = [
        {"metric": dict(labels), "value": [period.seconds(at), _number(samples[0])]}
        for labels, samples in sorted(series.items())
        if samples
    ]
    return success({"resultType": "vector", "result": result, "stats": {}})


def _streams(rows: Sequence[Sequence[Any]], *, is_apart: bool) -> list[dict[str, object]]:
    """Records by the labels of their stream, each stream in the order of the records."""
    streams: dict[tuple[tuple[str, str], ...], list[list[object]]] = {}
    for row in rows:
        labels, metadata = labels_of(row), metadata_of(row)
        line: list[object] = [str(row[AT]), row[_BODY]]
        if is_apart:
            line.append({"structuredMetadata": metadata} if metadata else {})
        else:
            labels |= metadata
        streams.setdefault(tuple(sorted(labels.items())), []).append(line)
    return [{"stream": dict(labels), "values": values} for labels, values in streams.items()]


def _number(value: float) -> str:
    """A sample as Loki writes it."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) else repr(value)
