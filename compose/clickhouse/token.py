"""Words of ClickHouse's SQL: enough of its lexer to know what is text, what is comment and what is statement."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Kind(Enum):
    """What a piece of a statement is."""

    WORD = "word"
    QUOTED = "quoted identifier"
    STRING = "string"
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece at `start` of the source; `text` is the bare word, the identifier unquoted, or the sign itself."""

    kind: Kind
    text: str
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these key words, in any case."""
        return self.kind is Kind.WORD and self.text.upper() in words


# Alternatives in the lexer's own order. A literal that is never closed runs to the end: nothing after it is hidden.
_PIECE: Final = re.compile(
    r"""
      (?P<space>\s+|--[^\n]*|\#(?:!|\ )[^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<string>'(?:[^'\\]|\\.|'')*(?:'|\Z))
    | (?P<heredoc>\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z))
    | (?P<curly>\u2018[^\u2019]*(?:\u2019|\Z))
    | (?P<quoted>`(?:[^`\\]|\\.|``)*(?:`|\Z)|"(?:[^"\\]|\\.|"")*(?:"|\Z)|\u201c[^\u201d]*(?:\u201d|\Z))
    | (?P<word>[^\W\d]\w*|\d\w*)
    | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS: Final = {
    "string": Kind.STRING,
    "heredoc": Kind.STRING,
    "curly": Kind.STRING,
    "quoted": Kind.QUOTED,
    "word": Kind.WORD,
    "sign": Kind.SIGN,
}


def scan(source: str, position: int = 0) -> Token | None:
    """The next token at or after `position`; `None` when only space and comments are left."""
    while match := _PIECE.match(source, position):
        position = match.end()
        group = match.lastgroup
        if group is None or group == "space":
            continue
        text = match[group]
        if group == "quoted":
            text = text[1:-1].replace("\\", "")
        return Token(_KINDS[group], text, match.start(), match.end())
    return None


def tokens(source: str) -> list[Token]:
    """All tokens of a text."""
    found: list[Token] = []
    position = 0
    while token := scan(source, position):
        found.append(token)
        position = token.end
    return found
