"""The guard before regular expressions: what RE2 lacks, what would cost too much, and what would read everything."""

from __future__ import annotations

import re
from typing import Final

from query.logs.token import FilterError, Token

_LONGEST: Final = 256
_MOST_REPEATS: Final = 1000
_LEAST_LITERAL: Final = 3
_UNKNOWN: Final = re.compile(r"\(\?(?:[=!]|<[=!]|>|P=|\(|#)|\\[1-9]|\\[gkK]|[*+?}]\+")
_ESCAPED: Final = re.compile(r"\\.", re.DOTALL)
_REPEAT: Final = re.compile(r"\{(\d*)(?:,(\d*))?\}")
_CLASS: Final = re.compile(r"\[\^?\]?(?:[^\]\\]|\\.)*\]", re.DOTALL)
# What stands before one of these may be absent.
_LITERAL: Final = re.compile(r"[^\\.^$|()\[\]{}*+?]+(?![*?{])")


def check(token: Token) -> str:
    """The pattern of a token.

    Raises:
        FilterError: it is too long, repeats too often, or uses what the engine does not have.
    """
    text = token.text
    if len(text.encode()) > _LONGEST:
        raise FilterError(token.position, f"the pattern is longer than {_LONGEST} bytes", "shorten it")
    bare = _ESCAPED.sub(lambda match: match[0] if match[0][1] in "123456789gkK" else "a", text)
    if found := _UNKNOWN.search(bare):
        raise FilterError(
            token.position,
            f"the pattern uses {found[0]}",
            "look-around, back-references and possessive forms do not work",
        )
    repeats = 1
    for match in _REPEAT.finditer(bare):
        repeats *= max(int(number) for number in (match[1], match[2] or "0", "1") if number)
        if repeats > _MOST_REPEATS:
            raise FilterError(
                token.position, f"the pattern repeats more than {_MOST_REPEATS} times", "use * or + instead of counts"
            )
    return text


def is_selective(text: str) -> bool:
    """Whether a pattern names at least three characters in a row that must be there.

    Alternatives are looked at as a whole, so that this is a guard against `.*` and the like, not a proof.
    """
    bare = _CLASS.sub(".", _ESCAPED.sub(lambda match: "." if match[0][1].isalnum() else "a", text))
    return any(len(match[0]) >= _LEAST_LITERAL for match in _LITERAL.finditer(bare))


def is_balanced(text: str) -> bool:
    """Whether a pattern can stand inside parentheses without getting out of them."""
    depth = 0
    for sign in _CLASS.sub(".", _ESCAPED.sub("a", text)):
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            return False
    return depth == 0
