"""`/logs/fields`: which fields records have, and which values a field has, with counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.errors import BadRequest
from query.logs import level
from query.logs.condition import compiled
from query.logs.expression import Builtin, Every, Present

if TYPE_CHECKING:
    from collections.abc import Iterable

    from query.logs.arguments import Arguments
    from query.logs.condition import Condition
    from query.logs.expression import Expression
    from query.logs.reader import LogReader
    from query.logs.settings import LogLimits

NAMES: Final = ("q", "start", "end", "field", "limit")

_DEFAULT: Final = 50
_MOST: Final = 1_000
_LONGEST: Final = 256
_LISTED: Final = (
    Builtin.LEVEL,
    Builtin.SERVICE,
    Builtin.ENVIRONMENT,
    Builtin.SOURCE,
    Builtin.POD,
    Builtin.CONTAINER,
)
_ATTRIBUTE: Final = "attributes."
# Severities, more of which than levels are stored.
_SEVERITIES: Final = 256


async def fields(reader: LogReader, arguments: Arguments, limits: LogLimits) -> dict[str, object]:
    """The fields of the records of a filter and range; with `field`, the values of that one."""
    field = arguments.text("field")
    if field is not None:
        return await _values(reader, arguments, limits, field)
    limit = arguments.number("limit", _DEFAULT, _MOST)
    conditions = [arguments.span(limits).condition, *compiled(arguments.expression())]
    rows = await reader.rows("fields", conditions, limit=limit + 1)
    listed: list[dict[str, object]] = [{"name": one.value, "kind": "builtin", "records": None} for one in _LISTED]
    listed += [{"name": name, "kind": "attribute", "records": amount} for _, name, amount in rows[:limit]]
    return {"fields": listed, "truncated": len(rows) > limit, "warnings": []}


async def _values(reader: LogReader, arguments: Arguments, limits: LogLimits, field: str) -> dict[str, object]:
    limit = arguments.number("limit", _DEFAULT, _MOST)
    expression = arguments.expression()
    span = arguments.span(limits).condition
    if len(field.encode()) > _LONGEST:
        raise BadRequest(f"field: longer than {_LONGEST} bytes")
    if field in _LISTED:
        found = await values(reader, Builtin(field), [span, *compiled(expression)], limit + 1)
    else:
        key = field.removeprefix(_ATTRIBUTE)
        present = compiled(_and_present(expression, key))
        rows = await reader.rows("values_attribute", [span, *present], key=key, limit=limit + 1)
        found = [(value, amount) for _, value, amount in rows]
    return {
        "values": [{"value": value, "records": amount} for value, amount in found[:limit]],
        "truncated": len(found) > limit,
        "warnings": [],
    }


def _and_present(expression: Expression | None, key: str) -> Expression:
    return Present(key) if expression is None else Every((expression, Present(key)))


async def values(
    reader: LogReader, field: Builtin, conditions: Iterable[Condition], limit: int
) -> list[tuple[str, int]]:
    """Up to `limit` values of a field that is listed, each with how many records have it; the most frequent first."""
    if field is not Builtin.LEVEL:
        return [(value, amount) for _, value, amount in await reader.rows(f"values_{field}", conditions, limit=limit)]
    levels: dict[str, int] = {}
    for _, severity, amount in await reader.rows("values_level", conditions, limit=_SEVERITIES):
        levels[level.name_of(severity)] = levels.get(level.name_of(severity), 0) + amount
    return sorted(levels.items(), key=lambda one: (-one[1], one[0]))
