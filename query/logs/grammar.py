"""The filter language: from a text to the tree of what it says.

```
filter   = [ some ]
some     = every { "OR" every }
every    = unary { [ "AND" ] unary }
unary    = ( "-" | "NOT" ) unary | primary
primary  = "(" some ")" | field | phrase | pattern | word
field    = "@" name ":" value
value    = phrase | pattern | "*" | comparison | range | text
```
"""

from __future__ import annotations

import re
from typing import Final

from core.errors import BadRequest
from core.tenant import canonical_id, is_environment
from query.logs import level, pattern
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
from query.logs.token import FilterError, Kind, Token, tokens

LONGEST: Final = 4096
_MOST_TERMS: Final = 64
_DEEPEST: Final = 10

SOURCES: Final = ("app", "build", "http", "platform")
NUMBER_PATTERN: Final = r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][+-]?[0-9]{1,2})?"
_NUMBER: Final = re.compile(NUMBER_PATTERN, re.ASCII)
_COMPARISON: Final = re.compile(r"(>=|<=|>|<)(.*)", re.DOTALL)
_RANGE: Final = re.compile(r"(.+?)\.\.(.+)", re.DOTALL)
_HEX: Final = {Builtin.TRACE: re.compile(r"[0-9a-f]{32}"), Builtin.SPAN: re.compile(r"[0-9a-f]{16}")}
_ALIASES: Final = {"severity": "level", "trace_id": "trace", "span_id": "span", "service_id": "service"}
_ATTRIBUTE: Final = "attributes."


def parse(source: str) -> Expression | None:
    """Read a filter; `None` when it is empty, hence matches every record.

    Raises:
        FilterError: it is none, or it goes past a limit.
        BadRequest: it is too long.
    """
    if len(source.encode()) > LONGEST:
        raise BadRequest(f"q: longer than {LONGEST} bytes; shorten it")
    parser = _Parser(tokens(source))
    if parser.is_at_end():
        return None
    found = parser.some(0)
    if not parser.is_at_end():
        raise FilterError(parser.next.position, "nothing is open here", "remove the ) or put it into quotes")
    _refuse_unselective(found, narrowed=False)
    return found


class _Parser:
    """One method a production; `next` is the piece that has not been read yet."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = iter(found)
        self._terms = 0
        self.next = next(self._tokens)

    def is_at_end(self) -> bool:
        """Whether everything has been read."""
        return self.next.kind is Kind.END

    def _advance(self) -> Token:
        token, self.next = self.next, next(self._tokens, self.next)
        return token

    def some(self, depth: int) -> Expression:
        """`every { "OR" every }`."""
        parts = [self._every(depth)]
        while self.next.kind is Kind.OR:
            self._advance()
            parts.append(self._every(depth))
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _every(self, depth: int) -> Expression:
        """`unary { [ "AND" ] unary }`."""
        parts = [self._unary(depth)]
        while self.next.kind not in {Kind.OR, Kind.CLOSE, Kind.END}:
            if self.next.kind is Kind.AND:
                self._advance()
            parts.append(self._unary(depth))
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _unary(self, depth: int) -> Expression:
        """`( "-" | "NOT" ) unary | primary`."""
        if self.next.kind is not Kind.MINUS:
            return self._primary(depth)
        self._enter(depth, self._advance())
        return Not(self._unary(depth + 1))

    def _primary(self, depth: int) -> Expression:
        """`"(" some ")" | field | phrase | pattern | word`."""
        token = self._advance()
        self._terms += 1
        if self._terms > _MOST_TERMS:
            raise FilterError(token.position, f"more than {_MOST_TERMS} terms", "ask for less at once")
        match token.kind:
            case Kind.OPEN:
                self._enter(depth, token)
                inner = self.some(depth + 1)
                if self._advance().kind is not Kind.CLOSE:
                    raise FilterError(token.position, "the parenthesis is not closed", "close it with )")
                return inner
            case Kind.FIELD:
                return _field(token, self._advance())
            case Kind.PHRASE if token.text:
                return Phrase(token.text)
            case Kind.PATTERN:
                return Pattern(pattern.check(token))
            case Kind.TEXT:
                return Word(token.text)
            case Kind.PHRASE:
                raise FilterError(token.position, "the phrase is empty", "write text between the quotes")
            case _:
                raise FilterError(
                    token.position,
                    f"a term is missing before {token.kind.value}",
                    "write a word, a phrase or @name:value",
                )

    @staticmethod
    def _enter(depth: int, token: Token) -> None:
        if depth >= _DEEPEST:
            raise FilterError(token.position, f"nested deeper than {_DEEPEST} levels", "take parentheses away")


def _field(name: Token, value: Token) -> Expression:
    """`"@" name ":" value`."""
    bare = _ALIASES.get(name.text, name.text)
    if bare in set(Builtin):
        return _level(value) if bare == Builtin.LEVEL else Is(Builtin(bare), _canonical(Builtin(bare), value))
    return _attribute(name.text.removeprefix(_ATTRIBUTE), value)


def _attribute(key: str, value: Token) -> Expression:
    """`phrase | pattern | "*" | comparison | range | text`, of an attribute."""
    if value.kind is Kind.PHRASE:
        return Equal(key, value.text)
    if value.kind is Kind.PATTERN:
        return Matching(key, pattern.check(value))
    if value.text == "*":
        return Present(key)
    if match := _COMPARISON.fullmatch(value.text):
        return Compared(key, Comparison(match[1]), _number(match[2], value))
    if (match := _RANGE.fullmatch(value.text)) and _NUMBER.fullmatch(match[1]) and _NUMBER.fullmatch(match[2]):
        return Between(key, float(match[1]), float(match[2]))
    return Equal(key, value.text)


def _number(text: str, value: Token) -> float:
    if _NUMBER.fullmatch(text) is None:
        raise FilterError(value.position, "no number to compare with", 'write >500 or 1..3; put text into quotes: ">…"')
    return float(text)


def _level(value: Token) -> Level:
    """A level, a comparison with one, or a range of two."""
    if value.kind is Kind.TEXT and (match := _COMPARISON.fullmatch(value.text)):
        low, high = _bounds(match[2], value)
        match Comparison(match[1]):
            case Comparison.GREATER:
                return Level(high + 1, 255)
            case Comparison.GREATER_OR_EQUAL:
                return Level(low, 255)
            case Comparison.LESS:
                return Level(1, low - 1)
            case Comparison.LESS_OR_EQUAL:
                return Level(1, high)
    if value.kind is Kind.TEXT and (match := _RANGE.fullmatch(value.text)):
        return Level(_bounds(match[1], value)[0], _bounds(match[2], value)[1])
    return Level(*_bounds(value.text, value))


def _bounds(text: str, value: Token) -> tuple[int, int]:
    if value.kind is Kind.PATTERN or (found := level.bounds(text)) is None:
        raise FilterError(value.position, "no level", f"write one of {', '.join(level.NAMES)}")
    return found


def _canonical(field: Builtin, value: Token) -> str:
    """The value of a built-in field in the form that is stored."""
    text = value.text
    if value.kind is Kind.PATTERN:
        raise FilterError(value.position, f"@{field} takes no pattern", "write the whole value")
    if field is Builtin.SERVICE:
        try:
            return canonical_id(text)
        except BadRequest:
            raise FilterError(value.position, "no service", "write the service's id, a UUID") from None
    if field is Builtin.ENVIRONMENT and not is_environment(text):
        raise FilterError(value.position, "no environment", "use 1 to 30 of a-z, 0-9 and -")
    if field is Builtin.SOURCE and text not in SOURCES:
        raise FilterError(value.position, "no source", f"write one of {', '.join(SOURCES)}")
    if field in _HEX:
        text = text.lower().replace("-", "")
        if _HEX[field].fullmatch(text) is None:
            raise FilterError(
                value.position, f"no {field} id", "write it in hexadecimal digits, 32 of a trace, 16 of a span"
            )
    return text


def _refuse_unselective(node: Expression, *, narrowed: bool) -> None:
    """Refuse a pattern that would be matched against everything: it names nothing, and nothing beside it narrows."""
    match node:
        case Pattern(text) | Matching(_, text) if not narrowed and not pattern.is_selective(text):
            raise FilterError(
                0,
                "a pattern alone must have at least three letters in a row",
                "add some, or a word or @name:value beside it",
            )
        case Not(inner):
            _refuse_unselective(inner, narrowed=narrowed)
        case Some(parts):
            for part in parts:
                _refuse_unselective(part, narrowed=narrowed)
        case Every(parts):
            inside = narrowed or any(not isinstance(part, Pattern | Matching | Not) for part in parts)
            for part in parts:
                _refuse_unselective(part, narrowed=inside)
        case _:
            pass
