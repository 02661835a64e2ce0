"""The filter language evaluated in memory, from what `query.logs.expression` says a node means."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from query.logs.expression import (
    Between,
    Builtin,
    Compared,
    Comparison,
    Equal,
    Every,
    Expression,
    Is,
    Level,
    Matching,
    Not,
    Pattern,
    Phrase,
    Present,
    Some,
    Word,
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A record as a test makes it."""

    project_id: str
    environment: str
    service_id: str
    timestamp: int
    id: int
    severity: int = 9
    source: str = "app"
    pod: str = "pod"
    container: str = "main"
    trace_id: str = "0" * 32
    span_id: str = "0" * 16
    body: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


def _tokens(text: str) -> set[str]:
    return {piece for piece in re.split(r"[^A-Za-z0-9\u0080-\U0010ffff]+", _lower(text)) if piece}


def _lower(text: str) -> str:
    return "".join(chr(ord(sign) + 32) if "A" <= sign <= "Z" else sign for sign in text)


def _number(text: str) -> float | None:
    matched = re.fullmatch(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?", text)
    return float(text) if matched else None


def _builtin(sample: Sample, builtin: Builtin) -> str:
    fields = {
        Builtin.SERVICE: sample.service_id,
        Builtin.ENVIRONMENT: sample.environment,
        Builtin.SOURCE: sample.source,
        Builtin.POD: sample.pod,
        Builtin.CONTAINER: sample.container,
        Builtin.TRACE: sample.trace_id,
        Builtin.SPAN: sample.span_id,
    }
    return fields[builtin]


def _compare(left: float, comparison: Comparison, right: float) -> bool:
    return {
        Comparison.GREATER: left > right,
        Comparison.GREATER_OR_EQUAL: left >= right,
        Comparison.LESS: left < right,
        Comparison.LESS_OR_EQUAL: left <= right,
    }[comparison]


def matches(sample: Sample, node: Expression | None) -> bool:  # noqa: C901, PLR0911, PLR0912 - one case a node
    """Whether a record matches."""
    match node:
        case None:
            return True
        case Not(inner):
            return not matches(sample, inner)
        case Every(parts):
            return all(matches(sample, part) for part in parts)
        case Some(parts):
            return any(matches(sample, part) for part in parts)
        case Word(text):
            is_whole = re.fullmatch(r"[A-Za-z0-9\u0080-\U0010ffff]+", text) is not None
            return _tokens(text) <= _tokens(sample.body) and (is_whole or _lower(text) in _lower(sample.body))
        case Phrase(text):
            return _lower(text) in _lower(sample.body)
        case Pattern(text):
            return re.search(text, sample.body, re.DOTALL) is not None
        case Level(low, high):
            return low <= sample.severity <= high
        case Is(builtin, value):
            return _builtin(sample, builtin) == value
        case Equal(key, value):
            return sample.attributes.get(key) == value
        case Present(key):
            return key in sample.attributes
        case Matching(key, pattern):
            return key in sample.attributes and re.search(pattern, sample.attributes[key], re.DOTALL) is not None
        case Compared(key, comparison, right):
            number = _number(sample.attributes.get(key, ""))
            return number is not None and _compare(number, comparison, right)
        case Between(key, low, high):
            number = _number(sample.attributes.get(key, ""))
            return number is not None and low <= number <= high
