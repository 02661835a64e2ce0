"""The filter language evaluated in memory, from what `query.logs.expression` says a node means."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from query.logs import expression as node
from query.logs import level
from query.logs.expression import Builtin, Comparison


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


def _found(pattern: str, text: str) -> bool:
    # RE2's $ is the very end of a text.
    return re.search(re.sub(r"\$(?=$|\))", r"\\Z", pattern), text, re.DOTALL) is not None


def _label(sample: Sample, keys: tuple[str, ...]) -> str:
    return next((sample.attributes[key] for key in keys if sample.attributes.get(key)), "")


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


def matches(sample: Sample, part: node.Expression | None) -> bool:  # noqa: C901, PLR0911, PLR0912 - one case a node
    """Whether a record matches."""
    match part:
        case None:
            return True
        case node.Not(inner):
            return not matches(sample, inner)
        case node.Every(parts):
            return all(matches(sample, part) for part in parts)
        case node.Some(parts):
            return any(matches(sample, part) for part in parts)
        case node.Word(text):
            is_whole = re.fullmatch(r"[A-Za-z0-9\u0080-\U0010ffff]+", text) is not None
            return _tokens(text) <= _tokens(sample.body) and (is_whole or _lower(text) in _lower(sample.body))
        case node.Phrase(text):
            return _lower(text) in _lower(sample.body)
        case node.Exact(text):
            return text in sample.body
        case node.IsLike(Builtin.LEVEL, pattern):
            return _found(pattern, level.name_of(sample.severity))
        case node.IsLike(builtin, pattern):
            return _found(pattern, _builtin(sample, builtin))
        case node.LabelEqual(keys, value):
            return _label(sample, keys) == value
        case node.LabelLike(keys, pattern):
            return _found(pattern, _label(sample, keys))
        case node.Pattern(text):
            return _found(text, sample.body)
        case node.Level(low, high):
            return low <= sample.severity <= high
        case node.Is(builtin, value):
            return _builtin(sample, builtin) == value
        case node.Equal(key, value):
            return sample.attributes.get(key) == value
        case node.Present(key):
            return key in sample.attributes
        case node.Matching(key, pattern):
            return key in sample.attributes and _found(pattern, sample.attributes[key])
        case node.Compared(key, comparison, right):
            number = _number(sample.attributes.get(key, ""))
            return number is not None and _compare(number, comparison, right)
        case node.LabelCompared(keys, comparison, right):
            numbers = [number for key in keys if (number := _number(sample.attributes.get(key, ""))) is not None]
            return any(_compare(number, comparison, right) for number in numbers)
        case node.LabelBetween(keys, low, high):
            numbers = [number for key in keys if (number := _number(sample.attributes.get(key, ""))) is not None]
            return any(low <= number <= high for number in numbers)
        case node.Between(key, low, high):
            number = _number(sample.attributes.get(key, ""))
            return number is not None and low <= number <= high
