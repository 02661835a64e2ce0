"""The JSON form of the OpenTelemetry protocol: lowerCamelCase names, hexadecimal ids, 64-bit integers as texts.

Unknown fields are ignored, as the protocol demands; what has a wrong type is unreadable, record by record.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ingest import otlp
from ingest.entry import Entry, LetterReason, Unreadable
from ingest.json_value import loaded, written
from ingest.structure import hex_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

_WHOLE: Final = "not an ExportLogsServiceRequest in JSON"
_PART: Final = "a field has a wrong type"


def read(body: bytes) -> Iterator[Entry | Unreadable]:
    """The records of a JSON body."""
    try:
        resources = _items(loaded(body), "resourceLogs")
    except (ValueError, TypeError):
        yield Unreadable(LetterReason.UNPARSABLE, _WHOLE, body)
        return
    for resource in resources:
        try:
            about = _object(resource, "resource")
            told = _fields(about)
            scopes = _items(resource, "scopeLogs")
        except (ValueError, TypeError, KeyError):
            yield Unreadable(LetterReason.UNPARSABLE, _PART, _alone(resource))
            continue
        for scope in scopes:
            try:
                records = _items(scope, "logRecords")
            except TypeError:
                yield Unreadable(LetterReason.UNPARSABLE, _PART, _alone({"resource": about, "scopeLogs": [scope]}))
                continue
            for record in records:
                yield _entry(about, told, record)


def _entry(about: Any, told: dict[str, object], record: Any) -> Entry | Unreadable:  # noqa: ANN401 - whatever JSON holds
    payload = partial(_alone, {"resource": about, "scopeLogs": [{"logRecords": [record]}]})
    try:
        return otlp.entry(
            told,
            _integer(record.get("timeUnixNano")) or _integer(record.get("observedTimeUnixNano")),
            _value(record.get("body") or {}),
            _fields(record),
            _integer(record.get("severityNumber")),
            hex_bytes(record.get("traceId"), 16),
            hex_bytes(record.get("spanId"), 8),
            payload,
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return Unreadable(LetterReason.UNPARSABLE, _PART, payload())


def _alone(resource: object) -> bytes:
    return written({"resourceLogs": [resource]})


def _object(owner: Any, name: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    if type(owner) is not dict:
        raise TypeError(name)
    return owner.get(name) or {}


def _items(owner: Any, name: str) -> list[Any]:  # noqa: ANN401 - whatever JSON holds
    found = _object(owner, name) or []
    if type(found) is not list:
        raise TypeError(name)
    return found


def _fields(owner: Any) -> dict[str, object]:  # noqa: ANN401 - whatever JSON holds
    found = {}
    for pair in _items(owner, "attributes"):
        key = pair["key"]
        if type(key) is not str:
            raise TypeError(key)
        found[key] = _value(pair.get("value") or {})
    return found


def _integer(value: object) -> int:
    """A number of at most 64 bits, written as one or as a text; 0 when there is none."""
    if value is None:
        return 0
    if type(value) not in {int, str}:
        raise TypeError(value)
    number = int(value)  # type: ignore[call-overload]  # one of the two
    if not -(2**63) <= number < 2**64:
        raise ValueError(value)
    return int(number)


def _value(value: Any) -> object:  # noqa: ANN401 - whatever JSON holds
    if type(value) is not dict:
        raise TypeError(value)
    for kind, held in value.items():
        match kind:
            case "stringValue" | "bytesValue":
                if type(held) is not str:
                    raise TypeError(held)
                return held
            case "boolValue" | "doubleValue":
                return held
            case "intValue":
                return _integer(held)
            case "arrayValue":
                return [_value(item or {}) for item in _items(held, "values")]
            case "kvlistValue":
                return {pair["key"]: _value(pair.get("value") or {}) for pair in _items(held, "values")}
            case _:
                continue
    return None
