"""The part of LogQL that says which records: selector, line filters, stages; read into the filter's own tree.

```
selection = "{" [ matcher { "," matcher } ] "}" { line | "|" stage }
matcher   = name ( "=" | "!=" | "=~" | "!~" ) text
line      = ( "|=" | "!=" | "|~" | "!~" ) text { "or" text }
stage     = "json" | "logfmt" | "drop" errors | some
some      = every { "or" every }
every     = primary { ( "and" | "," ) primary }
primary   = "(" some ")" | name ( "=" | "==" | "!=" | "=~" | "!~" | ">" | ">=" | "<" | "<=" ) ( text | number )
```
`json` and `logfmt` change nothing: what a record's body held was made its attributes when it came in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from query.logs import pattern, token
from query.logs.expression import Comparison, Every, Exact, Expression, LabelBetween, LabelCompared, Not, Pattern, Some
from query.logs.loki import label
from query.logs.loki.token import Kind
from query.logs.loki.tree import Selection
from query.logs.token import FilterError

if TYPE_CHECKING:
    from query.logs.loki.token import Pieces, Token

_MOST_TERMS: Final = 64
_DEEPEST: Final = 10
# Of the names of all attributes that the labels of a query may stand for together.
_MOST_SPELLED: Final = 8192
_LINE: Final = ("|=", "!=", "|~", "!~")
_MATCHED: Final = ("=", "!=", "=~", "!~")
_ERROR: Final = "__error__"
_ERRORS: Final = (_ERROR, "__error_details__")
_PARSERS: Final = ("json", "logfmt")
_ANY: Final = (".*", ".+")
# What to use in place of a stage that is not served.
_INSTEAD: Final = {
    "pattern": "filter the line by |~, or log as JSON, whose fields become attributes",
    "regexp": "filter the line by |~, or log as JSON, whose fields become attributes",
    "unpack": "attributes are there already: filter by | name = value",
    "unwrap": "numbers are not taken out of records; count records by count_over_time or rate",
    "line_format": "lines are shown as they are; choose fields in the panel",
    "label_format": "labels are shown as they are; rename fields in the panel",
    "decolorize": "lines are shown as they are",
    "keep": "labels are shown as they are; choose fields in the panel",
    "distinct": "records are shown as they are; choose fields in the panel",
}
_COMPARED: Final = {one.value: one for one in Comparison}


class SelectionParser:
    """Reads selections; `project_id` is the only project that there is."""

    def __init__(self, pieces: Pieces, project_id: str) -> None:
        self._pieces = pieces
        self._project_id = project_id
        self._terms = 0
        self._spelled = 0

    def selection(self) -> Selection:
        """`"{" [ matcher { "," matcher } ] "}" { line | "|" stage }`."""
        pieces = self._pieces
        pieces.expect("{")
        parts: list[Expression | None] = []
        while not pieces.accept("}"):
            parts.append(self._matcher())
            if not pieces.is_at("}"):
                pieces.expect(",")
        while pieces.is_at("|", "|>", "!>", *_LINE):
            parts.append(self._stage() if pieces.accept("|") else self._line())
        return Selection(_every(parts))

    def _matcher(self) -> Expression | None:
        """`name ( "=" | "!=" | "=~" | "!~" ) text`."""
        name = self._pieces.expect_kind(Kind.NAME, f"write one of {', '.join(label.STREAM)}")
        if name.text not in label.STREAM and name.text not in label.ALIASES:
            hint = f'use {", ".join(label.STREAM)}; filter by attributes behind the selector: | {name.text[:40]} = "…"'
            raise self._pieces.error(name, f"{name.text[:40]} is no label of a stream", hint)
        if not self._pieces.is_at(*_MATCHED):
            raise self._pieces.unexpected("write = != =~ or !~")
        sign = self._pieces.take()
        value = self._pieces.expect_kind(Kind.TEXT, "write a text in quotes")
        return self._compared(name, sign, value)

    def _line(self) -> Expression | None:
        """`( "|=" | "!=" | "|~" | "!~" ) text { "or" text }`."""
        sign = self._pieces.take()
        if sign.text not in _LINE:
            raise self._pieces.error(sign, f"{sign.text} is not supported", "use |~ with a regular expression")
        found = [self._line_text(sign)]
        while self._pieces.accept("or"):
            found.append(self._line_text(sign))
        kept = [one for one in found if one is not None]
        either = None if len(kept) < len(found) else _some(kept)
        return either if sign.text[0] == "|" else _not(either)

    def _line_text(self, sign: Token) -> Expression | None:
        if self._pieces.is_at("ip"):
            raise self._pieces.unexpected("match addresses by |~ and a regular expression")
        text = self._pieces.expect_kind(Kind.TEXT, "write a text in quotes")
        self._count(text)
        if sign.text.endswith("~"):
            return None if text.text in {"", _ANY[0]} else Pattern(f"(?-s:{self._pattern(text)})")
        return Exact(text.text) if text.text else None

    def _stage(self) -> Expression | None:
        """`"json" | "logfmt" | "drop" errors | some`."""
        pieces = self._pieces
        if pieces.is_at(*_PARSERS):
            pieces.take()
            if pieces.next.kind is Kind.NAME or pieces.is_at("-"):
                raise pieces.unexpected("it takes no arguments here: fields are attributes already, by their own names")
            return None
        if pieces.is_at(*_INSTEAD):
            raise pieces.error(pieces.next, f"| {pieces.next.text} is not supported", _INSTEAD[pieces.next.text])
        if pieces.accept("drop"):
            self._drop()
            return None
        return self._some(0)

    def _drop(self) -> None:
        """Names of what is never there."""
        while True:
            if not self._pieces.is_at(*_ERRORS):
                raise self._pieces.unexpected(
                    f"only {' and '.join(_ERRORS)} can be dropped; choose fields in the panel"
                )
            self._pieces.take()
            if not self._pieces.accept(","):
                return

    def _some(self, depth: int) -> Expression | None:
        """`every { "or" every }`."""
        parts = [self._every(depth)]
        while self._pieces.accept("or"):
            parts.append(self._every(depth))
        return None if None in parts else _some([part for part in parts if part is not None])

    def _every(self, depth: int) -> Expression | None:
        """`primary { ( "and" | "," ) primary }`."""
        parts = [self._primary(depth)]
        while self._pieces.is_at("and", ","):
            self._pieces.take()
            parts.append(self._primary(depth))
        return _every(parts)

    def _primary(self, depth: int) -> Expression | None:
        """`"(" some ")"`, or a comparison of a label."""
        pieces = self._pieces
        if pieces.is_at("("):
            opened = pieces.take()
            if depth >= _DEEPEST:
                raise pieces.error(opened, f"nested deeper than {_DEEPEST} levels", "take parentheses away")
            inner = self._some(depth + 1)
            pieces.expect(")")
            return inner
        name = pieces.expect_kind(Kind.NAME, 'write a stage, such as json, or a filter, such as status = "500"')
        if not pieces.is_at(*_MATCHED, "==", *_COMPARED):
            raise pieces.error(name, f"| {name.text[:40]} is not supported", 'use json, logfmt or | name = "value"')
        sign, value = pieces.take(), pieces.take()
        if value.kind is Kind.NUMBER:
            return self._number(name, sign, value)
        if value.kind is Kind.DURATION or value.kind is not Kind.TEXT:
            raise pieces.error(
                value, f"{name.text[:40]} is compared with neither a text nor a number", 'write 500 or "500"'
            )
        if sign.text in _COMPARED or sign.text == "==":
            raise pieces.error(sign, f"{sign.text} takes a number", "write it without quotes, or use = != =~ !~")
        return self._compared(name, sign, value)

    def _number(self, name: Token, sign: Token, value: Token) -> Expression:
        """A record whose attribute is no number never matches."""
        self._count(value)
        self._count_spellings(name)
        if name.text in {*label.STREAM, *label.ALIASES, label.TRACE} or sign.text.endswith("~"):
            raise self._pieces.error(value, f"{name.text} {sign.text} takes a text", "write it in quotes")
        keys, number = label.keys_of(name.text), float(value.text)
        if comparison := _COMPARED.get(sign.text):
            return LabelCompared(keys, comparison, number)
        if sign.text == "!=":
            return _some([LabelCompared(keys, side, number) for side in (Comparison.LESS, Comparison.GREATER)])
        return LabelBetween(keys, number, number)

    def _compared(self, name: Token, sign: Token, value: Token) -> Expression | None:
        """A label, compared with a text; `None` when every record passes."""
        self._count(value)
        self._count_spellings(name)
        is_pattern = sign.text.endswith("~")
        if name.text in _ERRORS:
            found: Expression | None = label.NOTHING if value.text and not is_pattern else None
        elif name.text == label.PROJECT:
            found = None if self._is_project(value, is_pattern=is_pattern) else label.NOTHING
        elif not is_pattern:
            found = label.equal(name.text, value.text)
        elif name.text == label.TRACE:
            raise self._pieces.error(sign, "trace_id takes no pattern", "write the whole id")
        else:
            found = label.like(name.text, self._pattern(value))
        return _not(found) if sign.text[0] == "!" else found

    def _is_project(self, value: Token, *, is_pattern: bool) -> bool:
        if not is_pattern:
            return value.text == self._project_id
        bare = value.text.removeprefix("(").removesuffix(")")
        if bare in _ANY:
            return True
        if any(sign not in "0123456789abcdef-|" for sign in bare):
            raise self._pieces.error(value, "project_id takes no such pattern", "write ids with | between them, or .+")
        return self._project_id in bare.split("|")

    def _pattern(self, value: Token) -> str:
        if not pattern.is_balanced(value.text):
            raise self._pieces.error(value, "the pattern's parentheses do not match", r"write \( for one that is meant")
        try:
            return pattern.check(token.Token(token.Kind.PATTERN, value.text, value.position))
        except FilterError as failure:
            raise self._pieces.error(value, failure.problem, failure.hint) from None

    def _count(self, value: Token) -> None:
        self._terms += 1
        if self._terms > _MOST_TERMS:
            raise self._pieces.error(value, f"more than {_MOST_TERMS} terms", "ask for less at once")

    def _count_spellings(self, name: Token) -> None:
        """An underscore may stand for other signs, so that few labels may be very many attributes."""
        if name.text in {*label.STREAM, *label.ALIASES, label.TRACE, *_ERRORS}:
            return
        self._spelled += sum(len(key) for key in label.keys_of(name.text))
        if self._spelled > _MOST_SPELLED:
            hint = "filter by fewer labels, or by shorter ones with fewer underscores"
            raise self._pieces.error(name, "the labels may be those of too many attributes", hint)


def _every(parts: list[Expression | None]) -> Expression | None:
    """All of what says anything."""
    kept = [part for part in parts if part is not None]
    return None if not kept else kept[0] if len(kept) == 1 else Every(tuple(kept))


def _some(parts: list[Expression]) -> Expression:
    return parts[0] if len(parts) == 1 else Some(tuple(parts))


def _not(part: Expression | None) -> Expression:
    return label.NOTHING if part is None else Not(part)
