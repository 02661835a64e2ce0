"""The words of PromQL and MetricsQL, dashboards' variables among them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARIABLE: Final = r"\$(?:\w+|\{[^{}]*\})|\[\[\w+\]\]"
_TOKEN: Final = re.compile(
    rf"""(?P<space>\s+|\#[^\n]*)
      | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
      | (?P<duration>(?:(?:[0-9]+(?:\.[0-9]+)?(?:ms|[smhdwyi]))+|{_VARIABLE})(?![A-Za-z0-9_:]))
      | (?P<number>0[xX][0-9a-fA-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?(?:[KMGT]i?B?)?)
      | (?P<word>(?:[A-Za-z_:]|{_VARIABLE})(?:[A-Za-z0-9_:.]|{_VARIABLE})*)
      | (?P<mark>=~|!~|!=|==|<=|>=|[-+*/%^<>=(){{}}\[\],:@])""",
    re.VERBOSE,
)


class NotPromQL(ValueError):
    """The expression cannot be read; says what stands in the way."""


class Token(NamedTuple):
    """A word: its kind (string, duration, number, word, mark, end) and its text, quotes of a string resolved."""

    kind: str
    text: str


def tokens(expression: str) -> list[Token]:
    """The words of `expression`, and one of the kind `end` behind them.

    Raises:
        NotPromQL: something in it is no word.
    """
    return [*_scanned(expression), Token("end", "the end")]


def _scanned(expression: str) -> Iterator[Token]:
    place = 0
    while place < len(expression):
        found = _TOKEN.match(expression, place)
        if found is None:
            raise NotPromQL(f"{expression[place : place + 12]!r} is no part of PromQL")
        kind, text = found.lastgroup or "", found[0]
        place = found.end()
        if kind == "string":
            yield Token(kind, text[1:-1] if text[0] == "`" else re.sub(r"\\(.)", _unescaped, text[1:-1]))
        elif kind != "space":
            yield Token(kind, text)


def _unescaped(found: re.Match[str]) -> str:
    """Of what Go's strings know, only these occur in matchers; anything else keeps its backslash."""
    return {"\\": "\\", '"': '"', "'": "'", "n": "\n", "t": "\t"}.get(found[1], found[0])
