"""Conditions of a statement: fixed texts of `sql/logs/condition`, and the values that the server binds into them.

Nothing of a request is ever in a condition's text. A value is named by its place among the others (`value_3`), so that
the same text can stand in a statement many times.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final

from query.logs import expression as node
from query.logs import level
from query.logs.expression import Builtin, Comparison
from query.logs.grammar import NUMBER_PATTERN
from sql import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


Value = str | int | float | list[str] | list[int] | list[list[str]]

_TOKEN: Final = re.compile(r"(?:[A-Za-z0-9]|[^\x00-\x7f])+")
_NUMBER: Final = f"^{NUMBER_PATTERN}$"
# Tokens of one text that the index is asked for: beyond these, the text itself is looked at.
_MOST_TOKENS: Final = 16
_COMPARISONS: Final = {
    Comparison.GREATER: "greater",
    Comparison.GREATER_OR_EQUAL: "greater_or_equal",
    Comparison.LESS: "less",
    Comparison.LESS_OR_EQUAL: "less_or_equal",
}
_NAMES: Final[dict[type, str]] = {
    node.Equal: "attribute_equal",
    node.Matching: "attribute_matching",
    node.LabelEqual: "label_equal",
    node.LabelLike: "label_like",
}
_UPPER: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
# What the volume by minute knows of a record, too.
_COUNTED: Final = frozenset({Builtin.LEVEL, Builtin.SERVICE, Builtin.ENVIRONMENT, Builtin.SOURCE})


@dataclass(frozen=True, slots=True)
class Condition:
    """A text and the values of its parameters, by name."""

    text: str
    parameters: Mapping[str, Value] = field(default_factory=dict)


@cache
def fixed(name: str) -> str:
    """A condition's text from its file, without the comment."""
    lines = load(f"logs/condition/{name}").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


def lowered(text: str) -> str:
    """Lower case as the engine makes it: ASCII letters alone."""
    return text.translate(_UPPER)


def tokens_of(text: str) -> list[str]:
    """The tokens of a text in lower case, as the engine's index cuts them."""
    return _TOKEN.findall(lowered(text))


def enclosed_tokens(phrase: str) -> list[str]:
    """The tokens that a phrase holds whole, hence its record must, too: all but those at its edges."""
    low = lowered(phrase)
    return [match[0] for match in _TOKEN.finditer(low) if match.start() > 0 and match.end() < len(low)]


def is_counted(expression: node.Expression | None) -> bool:
    """Whether the volume by minute is enough to decide a filter."""
    match expression:
        case None | node.Level():
            return True
        case node.Is(builtin, _) | node.IsLike(builtin, _):
            return builtin in _COUNTED
        case node.Not(inner):
            return is_counted(inner)
        case node.Every(parts) | node.Some(parts):
            return all(is_counted(part) for part in parts)
        case _:
            return False


def compiled(expression: node.Expression | None) -> list[Condition]:
    """The condition of a filter: none when it is empty."""
    if expression is None:
        return []
    compiler = _Compiler()
    text = compiler.text(expression)
    return [Condition(text, compiler.parameters)]


def alternatives(expressions: Iterable[node.Expression | None]) -> list[Condition]:
    """The conditions of several filters that stand in one statement, each with names of its own for its values."""
    compiler = _Compiler()
    texts = ["1" if one is None else compiler.text(one) for one in expressions]
    return [Condition(text, compiler.parameters) for text in texts]


_Simple = (
    node.Pattern
    | node.Level
    | node.Is
    | node.IsLike
    | node.Present
    | node.Equal
    | node.Matching
    | node.LabelEqual
    | node.LabelLike
    | node.Compared
    | node.Between
    | node.LabelCompared
    | node.LabelBetween
)


class _Compiler:
    def __init__(self) -> None:
        self.parameters: dict[str, Value] = {}
        self._count = 0

    def text(self, part: node.Expression) -> str:
        """The text of a node, closed in itself."""
        match part:
            case node.Not(inner):
                return f"(NOT {self.text(inner)})"
            case node.Every(parts):
                return f"({' AND '.join(self.text(one) for one in parts)})"
            case node.Some(parts):
                return f"({' OR '.join(self.text(one) for one in parts)})"
            case node.Word() | node.Phrase() | node.Exact():
                return self._body(part)
            case _:
                return self._term(part)

    def _body(self, part: node.Word | node.Phrase | node.Exact) -> str:
        """Tokens by the index, which ignores case, and the text itself where they do not say all of it."""
        low = lowered(part.text)
        tokens = tokens_of(low) if isinstance(part, node.Word) else enclosed_tokens(low)
        parts = [self._bound("token", value=token) for token in _telling(tokens)]
        if isinstance(part, node.Exact):
            parts.append(self._bound("exact", value=part.text))
        elif tokens != [low]:
            parts.append(self._bound("text", value=low))
        return f"({' AND '.join(parts)})"

    def _term(self, term: _Simple) -> str:
        name: str
        values: dict[str, Value]
        match term:
            case node.Level(low, high):
                name, values = "level", {"low": low, "high": high}
            case node.Is(builtin, value):
                name, values = builtin.value, {"value": value}
            case node.IsLike(builtin, value):
                name, values = f"{builtin}_like", {"value": value, **_level_names(builtin)}
            case node.Present(key):
                name, values = "attribute_present", {"key": key}
            case node.Equal(key, value) | node.Matching(key, value):
                name, values = _NAMES[type(term)], {"key": key, "value": value}
            case node.LabelEqual(keys, value) | node.LabelLike(keys, value):
                name, values = _NAMES[type(term)], {"keys": list(keys), "value": value}
            case node.Pattern(text):
                name, values = "pattern", {"value": text}
            case _:
                name, values = _numeric(term)
        return self._bound(name, **values)

    def _bound(self, name: str, **values: Value) -> str:
        text = fixed(name)
        self._count += 1
        for parameter, value in values.items():
            text = text.replace(f"{{{parameter}:", f"{{{parameter}_{self._count}:")
            self.parameters[f"{parameter}_{self._count}"] = value
        return text


def _numeric(
    term: node.Compared | node.Between | node.LabelCompared | node.LabelBetween,
) -> tuple[str, dict[str, Value]]:
    """The condition and the values of a comparison with numbers, of one attribute or of a label's."""
    match term:
        case node.Compared(key, comparison, number):
            return f"attribute_{_COMPARISONS[comparison]}", {"key": key, "value": number, "number": _NUMBER}
        case node.Between(key, low, high):
            return "attribute_between", {"key": key, "low": low, "high": high, "number": _NUMBER}
        case node.LabelCompared(keys, comparison, number):
            return f"label_{_COMPARISONS[comparison]}", {"keys": list(keys), "value": number, "number": _NUMBER}
        case node.LabelBetween(keys, low, high):
            return "label_between", {"keys": list(keys), "low": low, "high": high, "number": _NUMBER}


def _telling(tokens: list[str]) -> list[str]:
    """A few of a text's tokens; those between the first and the last one are whole wherever the text is."""
    found = list(dict.fromkeys(tokens[:-1]))[: _MOST_TOKENS - 1]
    return list(dict.fromkeys([*found, *tokens[-1:]]))


def _level_names(builtin: Builtin) -> dict[str, Value]:
    """The level of each severity, where a condition is on the names."""
    return {"names": list(level.SCALE)} if builtin is Builtin.LEVEL else {}
