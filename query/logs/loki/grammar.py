"""LogQL as far as it is served: from a text to the tree of what it says.

```
query     = selection | sampled
sampled   = product { ( "+" | "-" ) product }
product   = primary { ( "*" | "/" | "%" ) primary }
primary   = number | "vector" "(" [ "-" ] number ")" | "(" sampled ")" | counted | aggregated
counted   = function "(" selection "[" duration "]" ")"
aggregated = name [ grouping ] "(" [ number "," ] sampled ")" [ grouping ]
grouping  = ( "by" | "without" ) "(" [ name { "," name } ] ")"
```
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from query.logs.loki.selection import SelectionParser
from query.logs.loki.token import Kind, LogqlError, Pieces
from query.logs.loki.tree import (
    Aggregated,
    Aggregation,
    Arithmetic,
    Constant,
    Counted,
    RangeFunction,
    Selection,
    is_constant,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from query.logs.loki.token import Token
    from query.logs.loki.tree import Query, Sampled

_DEEPEST: Final = 10
_MOST_LABELS: Final = 10
# Each one is a level of the tree.
_MOST_OPERATIONS: Final = 64
_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|[smhdwy])")
_UNITS: Final = {
    "ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 10**9, "m": 60 * 10**9, "h": 3_600 * 10**9,
    "d": 86_400 * 10**9, "w": 604_800 * 10**9, "y": 31_536_000 * 10**9,
}  # fmt: skip
_LONGEST: Final = 366 * 86_400 * 10**9
_FUNCTIONS: Final = frozenset(RangeFunction)
_AGGREGATIONS: Final = frozenset(Aggregation)
_RANKED: Final = (Aggregation.TOPK, Aggregation.BOTTOMK)
_MOST_RANKED: Final = 500


def parse(source: str, project_id: str) -> Query:
    """Read a query over one project.

    Raises:
        LogqlError: it is not LogQL, or not of the part that is served; the message has the place and what to use.
        BadRequest: it is too long.
    """
    parser = _Parser(source, project_id)
    found = parser.query()
    parser.end()
    return found


def parse_selection(source: str, project_id: str) -> Selection:
    """Read a query that must say which records, and no more; an empty one means all.

    Raises:
        LogqlError, BadRequest: as for `parse`.
    """
    if not source.strip():
        return Selection(None)
    found = parse(source, project_id)
    if not isinstance(found, Selection):
        raise LogqlError(
            source, 0, "samples where records are to be selected", 'write a selector, such as {level="error"}'
        )
    return found


def duration_ns(text: str) -> int:
    """The nanoseconds of a DURATION's text."""
    return int(sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text)))


class _Parser:
    """One method a production."""

    def __init__(self, source: str, project_id: str) -> None:
        self._pieces = Pieces(source)
        self._selections = SelectionParser(self._pieces, project_id)
        self._operations = 0

    def end(self) -> None:
        """Nothing may be left."""
        if self._pieces.next.kind is not Kind.END:
            raise self._pieces.unexpected("take it away, or put it inside the parentheses")

    def query(self) -> Query:
        """`selection | sampled`."""
        return self._selections.selection() if self._pieces.is_at("{") else self._sampled(0)

    def _sampled(self, depth: int) -> Sampled:
        """`product { ( "+" | "-" ) product }`."""
        return self._left(depth, self._product, "+", "-")

    def _product(self, depth: int) -> Sampled:
        """`primary { ( "*" | "/" | "%" ) primary }`."""
        return self._left(depth, self._primary, "*", "/", "%")

    def _left(self, depth: int, part: Callable[[int], Sampled], *signs: str) -> Sampled:
        found = part(depth)
        while self._pieces.is_at(*signs):
            sign = self._pieces.take()
            self._operations += 1
            if self._operations > _MOST_OPERATIONS:
                raise self._pieces.error(sign, f"more than {_MOST_OPERATIONS} operations", "compute in the panel")
            right = part(depth)
            if not is_constant(found) and not is_constant(right):
                hint = "ask for each in a query of its own, and compute in the panel"
                raise self._pieces.error(sign, f"{sign.text} between two counts is not supported", hint)
            found = Arithmetic(sign.text, found, right)
        return found

    def _primary(self, depth: int) -> Sampled:
        """`number | vector | "(" sampled ")" | counted | aggregated`."""
        pieces = self._pieces
        token = pieces.take()
        if token.kind is Kind.NUMBER:
            return Constant(float(token.text))
        if depth >= _DEEPEST:
            raise pieces.error(token, f"nested deeper than {_DEEPEST} levels", "take parentheses away")
        if token.kind is Kind.SIGN and token.text == "(":
            inner = self._sampled(depth + 1)
            pieces.expect(")")
            return inner
        if token.kind is not Kind.NAME:
            raise pieces.error(
                token, f"syntax error: unexpected {token.text[:40] or token.kind.value}",
                'begin with a selector, such as {level="error"}, or with a function, such as rate(…[5m])',
            )  # fmt: skip
        if token.text == "vector":
            return self._vector()
        if token.text in _FUNCTIONS:
            return self._counted(RangeFunction(token.text))
        if token.text in _AGGREGATIONS:
            return self._aggregated(Aggregation(token.text), depth)
        known = ", ".join([*RangeFunction, *Aggregation])
        raise pieces.error(token, f"{token.text[:40]} is not supported", f"use one of {known}")

    def _vector(self) -> Constant:
        """`"(" [ "-" ] number ")"`."""
        self._pieces.expect("(")
        sign = -1 if self._pieces.accept("-") else 1
        number = self._pieces.expect_kind(Kind.NUMBER, "write a number")
        self._pieces.expect(")")
        return Constant(sign * float(number.text))

    def _counted(self, function: RangeFunction) -> Counted:
        """`"(" selection "[" duration "]" ")"`."""
        pieces = self._pieces
        pieces.expect("(")
        selection = self._selections.selection()
        pieces.expect("[")
        length = pieces.expect_kind(Kind.DURATION, "write a duration, such as 5m")
        pieces.expect("]")
        if pieces.is_at("offset"):
            raise pieces.error(pieces.next, "offset is not supported", "shift the time range of the panel")
        pieces.expect(")")
        nanoseconds = duration_ns(length.text)
        if not 0 < nanoseconds <= _LONGEST:
            raise pieces.error(length, "the range is too long or too short", "write one from 1ms to 366d")
        return Counted(function, selection, nanoseconds)

    def _aggregated(self, function: Aggregation, depth: int) -> Aggregated:
        """`[ grouping ] "(" [ number "," ] sampled ")" [ grouping ]`."""
        pieces = self._pieces
        grouping = self._grouping()
        pieces.expect("(")
        amount = 0
        if function in _RANKED:
            number = pieces.expect_kind(Kind.NUMBER, "write how many series are to be kept, and a comma")
            if not number.text.isdecimal() or not 0 < int(number.text) <= _MOST_RANKED:
                raise pieces.error(number, "no such number of series", f"write one from 1 to {_MOST_RANKED}")
            amount = int(number.text)
            pieces.expect(",")
        if pieces.is_at("{"):
            raise pieces.unexpected("count records first, as in count_over_time({…}[5m])")
        inner = self._sampled(depth + 1)
        pieces.expect(")")
        labels, without = grouping or self._grouping() or ((), False)
        return Aggregated(function, inner, labels, without, amount)

    def _grouping(self) -> tuple[tuple[str, ...], bool] | None:
        """`( "by" | "without" ) "(" [ name { "," name } ] ")"`."""
        pieces = self._pieces
        if not pieces.is_at("by", "without"):
            return None
        without = pieces.take().text == "without"
        pieces.expect("(")
        names: list[str] = []
        while not pieces.accept(")"):
            name: Token = pieces.expect_kind(Kind.NAME, "write the name of a label")
            names.append(name.text)
            if len(names) > _MOST_LABELS:
                raise pieces.error(name, f"more than {_MOST_LABELS} labels", "group by fewer")
            if not pieces.is_at(")"):
                pieces.expect(",")
        return tuple(names), without
