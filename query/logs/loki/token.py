"""LogQL's pieces: where each begins, what it is, and what is wrong with one that is none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Final

from core.errors import BadRequest


class LogqlError(BadRequest):
    """A query that is not LogQL, or not of the part that is served: says where, why, and what to write instead."""

    code: ClassVar[str] = "bad_query"

    def __init__(self, source: str, position: int, problem: str, hint: str) -> None:
        before = source[:position]
        line, column = before.count("\n") + 1, position - before.rfind("\n")
        super().__init__(f"parse error at line {line}, col {column}: {problem}; {hint}")
        self.position = position


class Kind(Enum):
    """What a piece is."""

    NAME = "a name"
    TEXT = "a text"
    NUMBER = "a number"
    DURATION = "a duration"
    SIGN = "a sign"
    END = "the end"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece at `position`; a TEXT's `text` is what is between its quotes, unescaped."""

    kind: Kind
    text: str
    position: int


LONGEST: Final = 8192
# Of one number: more than any number needs that is computed with.
_MOST_DIGITS: Final = 40

_SKIPPED: Final = re.compile(r"(?:\s+|#[^\n]*)*")
_PIECE: Final = re.compile(
    r"""(?P<NAME>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<DURATION>(?:[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|ms|[smhdwy]))+)(?![A-Za-z0-9_.])
    |(?P<NUMBER>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?)(?![A-Za-z0-9_.])
    |(?P<TEXT>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
    |(?P<SIGN>\|=|\|~|\|>|!=|!~|!>|=~|==|>=|<=|[|=<>{}()\[\],+\-*/%^])""",
    re.ASCII | re.VERBOSE,
)
_ESCAPE: Final = re.compile(
    r"\\(?:([abfnrtv\\\"'])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))"
)
_PLAIN: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_LAST: Final = 0x10FFFF
_DIGITS: Final = re.compile(rf"[0-9]{{{_MOST_DIGITS + 1}}}", re.ASCII)


def tokens(source: str) -> list[Token]:
    """All pieces of a query, an END last.

    Raises:
        LogqlError: something is no piece of LogQL.
        BadRequest: the query is too long.
    """
    if len(source.encode("utf-8", "surrogatepass")) > LONGEST:
        raise BadRequest(f"query: longer than {LONGEST} bytes; shorten it")
    found: list[Token] = []
    position = _skip(source, 0)
    while position < len(source):
        match = _PIECE.match(source, position)
        if match is None or match.lastgroup is None:
            hint = "close it with the sign it began with" if source[position] in '"`' else "take it away"
            raise LogqlError(source, position, f"syntax error: unexpected {_shown(source[position])}", hint)
        kind, text = Kind[match.lastgroup], match[0]
        if kind is Kind.TEXT:
            text = text[1:-1] if text[0] == "`" else _unescaped(source, position, text[1:-1])
        elif kind in {Kind.NUMBER, Kind.DURATION} and _DIGITS.search(text):
            raise LogqlError(source, position, f"a number of more than {_MOST_DIGITS} digits", "write fewer")
        found.append(Token(kind, text, position))
        position = _skip(source, match.end())
    return [*found, Token(Kind.END, "", len(source))]


def _skip(source: str, position: int) -> int:
    match = _SKIPPED.match(source, position)
    return match.end() if match else position


def _shown(sign: str) -> str:
    return f"'{sign}'" if sign.isprintable() else "an unprintable character"


def _unescaped(source: str, position: int, text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        simple, *codes, octal, other = match.groups()
        if simple is not None:
            return _PLAIN.get(simple, simple)
        number = next((int(code, 16) for code in codes if code is not None), None)
        number = int(octal, 8) if number is None and octal is not None else number
        if other is not None or number is None or number > _LAST or 0xD800 <= number < 0xE000:  # noqa: PLR2004
            raise LogqlError(
                source, position, "invalid escape in a text", r"write \\ for a backslash, or use backticks"
            )
        return chr(number)

    return _ESCAPE.sub(plain, text)


class Pieces:
    """The pieces of a query, read one after the other; `next` has not been read yet.

    Raises:
        LogqlError: the text is not made of LogQL's pieces.
        BadRequest: it is too long.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = iter(tokens(source))
        self.next = next(self._tokens)

    def take(self) -> Token:
        """Read a piece, whatever it is; the END again and again."""
        token, self.next = self.next, next(self._tokens, self.next)
        return token

    def is_at(self, *texts: str) -> bool:
        """Whether the next piece is one of these signs or words."""
        return self.next.kind in {Kind.SIGN, Kind.NAME} and self.next.text in texts

    def accept(self, text: str) -> bool:
        """Read a sign or word if it comes next."""
        found = self.is_at(text)
        if found:
            self.take()
        return found

    def expect(self, text: str) -> Token:
        """Read a sign or word that must come next."""
        if not self.is_at(text):
            raise self.unexpected(f"write {text} here")
        return self.take()

    def expect_kind(self, kind: Kind, hint: str) -> Token:
        """Read a piece of a kind that must come next."""
        if self.next.kind is not kind:
            raise self.unexpected(hint)
        return self.take()

    def unexpected(self, hint: str) -> LogqlError:
        """The error about the next piece."""
        text = self.next.text
        named = self.next.kind.value if self.next.kind in {Kind.END, Kind.TEXT} else f"{text[:40]}"
        return self.error(self.next, f"syntax error: unexpected {named}", hint)

    def error(self, token: Token, problem: str, hint: str) -> LogqlError:
        """An error about a piece."""
        return LogqlError(self._source, token.position, problem, hint)
