"""What Loki's API tells about streams: labels and their values, series, volumes, fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from core.errors import BadRequest
from query.logs import fields
from query.logs.condition import compiled
from query.logs.loki import label, period
from query.logs.loki.counts import NONE, Buckets, counted
from query.logs.loki.grammar import parse_selection
from query.logs.loki.label import named
from query.logs.loki.queries import success

if TYPE_CHECKING:
    from query.logs.arguments import Span
    from query.logs.loki.tree import Selection
    from query.logs.read import Read

_MOST_SELECTORS: Final = 10
_MOST_VALUES: Final = 1_000
_USUAL_VOLUMES: Final = 100
_TARGETS: Final = ("environment", "service_id")
_MOST_TARGETS: Final = 10


async def labels(read: Read) -> object:
    """The names of the labels that streams have."""
    _selection(read)
    return success(sorted(label.STREAM))


async def label_values(read: Read, name: str) -> object:
    """The values of a label in a range, the 1,000 most frequent ones; none of a label that streams do not have."""
    selection, over = _selection(read), period.span(read.arguments, read.settings.limits)
    if name == label.PROJECT:
        return success([read.scope.only.project_id])
    field = label.BUILTINS.get(label.ALIASES.get(name, name))
    if field is None:
        return success([])
    conditions = [over.condition, *compiled(selection.expression)]
    found = await fields.values(read.reader, field, conditions, _MOST_VALUES)
    return success(sorted(value for value, _ in found if value))


async def series(read: Read) -> object:
    """The label sets of the streams that one of the selectors `match[]` (or `match`, or all) selects."""
    texts = [*read.arguments.all("match[]"), *read.arguments.all("match")] or [""]
    if len(texts) > _MOST_SELECTORS:
        raise BadRequest(f"match[]: more than {_MOST_SELECTORS} selectors; ask for less at once")
    whole = _whole(period.span(read.arguments, read.settings.limits))
    found: set[tuple[tuple[str, str], ...]] = set()
    for text in texts:
        selection = parse_selection(text, read.scope.only.project_id)
        found |= set(await counted(read.reader, selection, whole, label.STREAM))
    return success([dict(one) for one in sorted(found)])


async def stats(read: Read) -> object:
    """How many streams, records and bytes a selector selects; a stream is one chunk here."""
    whole = _whole(period.span(read.arguments, read.settings.limits))
    found = await counted(read.reader, _selection(read), whole, label.STREAM)
    total = sum((count for counts in found.values() for count in counts.values()), NONE)
    return {"streams": len(found), "chunks": len(found), "entries": total.records, "bytes": total.size}


async def volume(read: Read) -> object:
    """Bytes by `targetLabels`, the largest first."""
    over = period.span(read.arguments, read.settings.limits)
    found = await counted(read.reader, _selection(read), _whole(over), _targets(read))
    sizes = sorted(((counts[0].size, key) for key, counts in found.items()), key=lambda one: (-one[0], one[1]))
    limit = read.arguments.number("limit", _USUAL_VOLUMES, _MOST_VALUES)
    result = [{"metric": dict(key), "value": [period.seconds(over.end), str(size)]} for size, key in sizes[:limit]]
    return success({"resultType": "vector", "result": result, "stats": {}})


async def volume_range(read: Read) -> object:
    """The same for each `step`, at the end of it."""
    over = period.span(read.arguments, read.settings.limits)
    step = period.step(read.arguments, over)
    buckets = Buckets(over.start - 1, step, -(-(over.end - over.start) // step))
    found = await counted(read.reader, _selection(read), buckets, _targets(read))
    totals = {key: sum(count.size for count in counts.values()) for key, counts in found.items()}
    limit = read.arguments.number("limit", _USUAL_VOLUMES, _MOST_VALUES)
    result: list[dict[str, Any]] = []
    for key in sorted(totals, key=lambda one: (-totals[one], one))[:limit]:
        ends = ((over.start + (place + 1) * step, count) for place, count in sorted(found[key].items()))
        result.append({"metric": dict(key), "values": [[period.seconds(at), str(count.size)] for at, count in ends]})
    return success({"resultType": "matrix", "result": result, "stats": {}})


async def detected_labels(read: Read) -> object:
    """The labels of the streams, each with how many values it has."""
    whole = _whole(period.span(read.arguments, read.settings.limits))
    found = await counted(read.reader, _selection(read), whole, label.STREAM)
    values: dict[str, set[str]] = {}
    for key in found:
        for name, value in key:
            values.setdefault(name, set()).add(value)
    return {"detectedLabels": [{"label": name, "cardinality": len(some)} for name, some in sorted(values.items())]}


async def detected_fields(read: Read) -> object:
    """The attributes of records, each with how many values it has."""
    limit = read.arguments.number("limit", _MOST_VALUES, _MOST_VALUES)
    over = period.span(read.arguments, read.settings.limits)
    conditions = [over.condition, *compiled(_selection(read).expression)]
    rows = await read.reader.rows("detected", conditions, limit=limit)
    listed = [
        {"label": named(key), "type": "string", "cardinality": different, "parsers": None}
        for _, key, _, different in rows
    ]
    return {"fields": listed, "limit": limit}


async def patterns(read: Read) -> object:
    """None are kept."""
    _selection(read)
    return success([])


def _selection(read: Read) -> Selection:
    return parse_selection(read.arguments.query, read.scope.only.project_id)


def _whole(over: Span) -> Buckets:
    return Buckets(over.start - 1, over.end - over.start, 1)


def _targets(read: Read) -> tuple[str, ...]:
    text = read.arguments.text("targetLabels")
    names = _TARGETS if text is None else tuple(name.strip() for name in text.split(","))
    if len(names) > _MOST_TARGETS or not all(named(name) == name for name in names):
        raise BadRequest(f"targetLabels: give up to {_MOST_TARGETS} names with commas between them")
    return names
