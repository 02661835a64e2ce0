"""The filter language's pieces: where each begins, what it is, and what is wrong with one that is none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Final

from core.errors import BadRequest


class FilterError(BadRequest):
    """The filter cannot be read: `position` counts characters from 0, `hint` says what to write instead."""

    code: ClassVar[str] = "bad_filter"

    def __init__(self, position: int, problem: str, hint: str) -> None:
        super().__init__(f"q: position {position}: {problem}; {hint}")
        self.position = position
        self.problem = problem
        self.hint = hint


class Kind(Enum):
    """What a piece is."""

    OPEN = "("
    CLOSE = ")"
    MINUS = "-"
    AND = "AND"
    OR = "OR"
    FIELD = "@name:"
    TEXT = "text"
    PHRASE = "phrase"
    PATTERN = "pattern"
    END = "the end"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece at `position`; `text` is unescaped, without its marks. A FIELD is followed by its value, one piece."""

    kind: Kind
    text: str
    position: int


_SPACE: Final = re.compile(r"\s*")
_WORD: Final = re.compile(r'[^\s"()]+')
_VALUE: Final = re.compile(r"[^\s()]+")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED: Final = re.compile(r'\\(["\\])')
# A slash begins a pattern only where another one ends it: `/api/v1` is a word.
_PATTERN: Final = re.compile(r"/((?:[^/\\]|\\.)+)/(?=[\s()]|\Z)", re.DOTALL)
_NAME: Final = re.compile(r"@(?:(?P<bare>[^\W\d][\w.\-/\[\]]*)|\"(?P<quoted>(?:[^\"\\]|\\.)+)\"):")
_NEGATION: Final = re.compile(r"-(?=[^\s)])")
_WORDS: Final = {"AND": Kind.AND, "OR": Kind.OR, "NOT": Kind.MINUS}


def tokens(source: str) -> list[Token]:
    """All pieces of a filter, an END last.

    Raises:
        FilterError: a quote is not closed, or a name after `@` has no value.
    """
    found: list[Token] = []
    position = _skip(source, 0)
    while position < len(source):
        position = _skip(source, _read(source, position, found))
    found.append(Token(Kind.END, "", len(source)))
    return found


def _skip(source: str, position: int) -> int:
    match = _SPACE.match(source, position)
    return match.end() if match else position


def _read(source: str, position: int, found: list[Token]) -> int:
    """Read one piece, or a field with its value; returns where it ends."""
    sign = source[position]
    if sign in "()":
        found.append(Token(Kind(sign), sign, position))
        return position + 1
    if _NEGATION.match(source, position):
        found.append(Token(Kind.MINUS, "-", position))
        return position + 1
    if sign == "@":
        return _field(source, position, found)
    return _text(source, position, found, _WORD)


def _field(source: str, position: int, found: list[Token]) -> int:
    match = _NAME.match(source, position)
    if match is None:
        raise FilterError(position, "no field", 'write @name:value, or put the text into quotes: "@…"')
    name = match["bare"] if match["quoted"] is None else _ESCAPED.sub(r"\1", match["quoted"])
    found.append(Token(Kind.FIELD, name, position))
    if match.end() == len(source) or source[match.end()] in "()" or source[match.end()].isspace():
        raise FilterError(match.end(), f"@{name} has no value", f'write @{name}:value, or @{name}:"" for an empty one')
    return _text(source, match.end(), found, _VALUE)


def _text(source: str, position: int, found: list[Token], bare: re.Pattern[str]) -> int:
    if source[position] == '"':
        match = _QUOTED.match(source, position)
        if match is None:
            raise FilterError(position, "the quote is not closed", 'close it with " and write \\" for a quote inside')
        found.append(Token(Kind.PHRASE, _ESCAPED.sub(r"\1", match[1]), position))
        return match.end()
    if match := _PATTERN.match(source, position):
        found.append(Token(Kind.PATTERN, match[1].replace("\\/", "/"), position))
        return match.end()
    match = bare.match(source, position)
    if match is None:
        raise FilterError(position, "no text", "write a word or a phrase in quotes")
    kind = _WORDS.get(match[0], Kind.TEXT) if bare is _WORD else Kind.TEXT
    found.append(Token(kind, match[0], position))
    return match.end()
