"""What a structured body says beside its text: attributes, severity, trace. The body itself stays as it came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from ingest import level

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_ATTRIBUTES: Final = 128
_MOST_CHARACTERS: Final = 65_536
_LONGEST_NAME: Final = 256
_DEEPEST: Final = 8
# A body so short can be over the limit of attributes or of a name's length, but not over that of characters: a value
# is written in at most five times its characters, and its names are bounded by those two limits.
_SHORT: Final = 4_096

_LEVELS: Final = ("level", "severity", "lvl", "log.level", "severity_text")
# By the name of the trace that of the span.
_SPANS: Final = {"trace_id": "span_id", "traceId": "spanId", "trace.id": "span.id"}


class Structure(NamedTuple):
    """Attributes by name (nested ones joined by dots), severity (0: none), trace and span id (empty: none)."""

    attributes: Mapping[str, str]
    severity: int
    trace_id: bytes
    span_id: bytes


_NONE: Final = Structure({}, 0, b"", b"")


def read(body: str) -> Structure:
    """What a body that is one JSON object says; of any other body, nothing."""
    if not body.startswith("{"):
        return _NONE
    try:
        fields = orjson.loads(body)
    except ValueError:
        return _NONE
    severity = 0
    for name in _LEVELS:
        if name in fields:
            severity = level.of_value(fields[name])
            break
    trace_id = span_id = b""
    for trace in _SPANS:
        if trace in fields:
            trace_id, span_id = hex_bytes(fields[trace], 16), hex_bytes(fields.get(_SPANS[trace]), 8)
            break
    found = _unbounded(fields, len(body)) if len(body) <= _SHORT else None
    return Structure(attributes(fields) if found is None else found, severity, trace_id, span_id)


def attributes(fields: Mapping[str, object]) -> dict[str, str]:
    """Fields as texts by dotted name, as many as a record may have: the rest stays in the body alone."""
    found: dict[str, str] = {}
    _flatten(fields, "", found, _MOST_CHARACTERS, _DEEPEST)
    return found


def _unbounded(fields: Mapping[str, object], size: int) -> dict[str, str] | None:
    """The attributes of a short body, of `size` characters, when no limit keeps any from being one: the usual case."""
    found: dict[str, str] = {}
    _collect(fields, "", found, _DEEPEST)
    if len(found) >= MOST_ATTRIBUTES or (size > _LONGEST_NAME and max(map(len, found), default=0) > _LONGEST_NAME):
        return None
    return found


def _collect(fields: Mapping[str, object], prefix: str, found: dict[str, str], depth: int) -> None:
    for key, value in fields.items():
        kind = type(value)
        if kind is str:
            found[prefix + key] = value  # type: ignore[assignment]  # it is one
        elif kind is int:
            found[prefix + key] = str(value)
        elif kind is dict and depth > 1:
            _collect(value, f"{prefix}{key}.", found, depth - 1)  # type: ignore[arg-type]  # it is one
        elif value is not None:
            found[prefix + key] = text_of(value)


def _flatten(fields: Mapping[str, object], prefix: str, found: dict[str, str], left: int, depth: int) -> int:
    for key, value in fields.items():
        kind = type(value)
        if kind is str:
            text: str = value  # type: ignore[assignment]  # it is one
        elif kind is int:
            text = str(value)
        elif value is None:
            continue
        elif kind is dict and depth > 1:
            left = _flatten(value, f"{prefix}{key}.", found, left, depth - 1)  # type: ignore[arg-type]  # it is one
            continue
        else:
            text = text_of(value)
        if len(found) >= MOST_ATTRIBUTES:
            return left
        name = prefix + key
        size = len(name) + len(text)
        if size <= left and len(name) <= _LONGEST_NAME:
            left -= size
            found[name] = text
    return left


def text_of(value: object) -> str:
    """A value as text: as JSON writes it, a text as it is; empty when it is nested too deeply for that."""
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        return ""


def hex_bytes(value: object, size: int) -> bytes:
    """`size` bytes from hexadecimal text; empty when it is none, or all zero, which means none."""
    if not isinstance(value, str) or len(value) != 2 * size:
        return b""
    try:
        found = bytes.fromhex(value)
    except ValueError:
        return b""
    return found if len(found) == size and any(found) else b""
