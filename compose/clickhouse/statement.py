"""One statement: what it does, in which format it answers, where an insert's data begins, and what is never run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from compose.clickhouse.failure import (
    ACCESS_DENIED,
    NO_OUTFILE,
    NOT_IMPLEMENTED,
    SYNTAX_ERROR,
    ClickHouseFailure,
)
from compose.clickhouse.token import Kind, Token, scan, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

# Grants stop every other source of data. These two look past them: the scalar reads any file of the machine, the table
# function any object of this process.
_FORBIDDEN: Final = frozenset({"file", "python"})
_SESSION: Final = ("SET", "USE", "BEGIN", "COMMIT", "ROLLBACK")
_READS: Final = ("SELECT", "WITH", "FROM", "VALUES", "EXPLAIN", "DESCRIBE", "DESC", "EXISTS", "CHECK")
# What clickhouse-connect asks first. A server's reader may change a list of settings in spite of readonly = 1 and is
# told so; the engine here has no such list, and would call every setting locked.
_DISCOVERY: Final = re.compile(
    r"\s*SELECT name, value, readonly FROM system\.settings(?: LIMIT \d+)?(?:\s+FORMAT \w+)?\s*", re.IGNORECASE
)


class Purpose(Enum):
    """How a statement is run."""

    READ = "its rows are streamed"
    INSERT = "data is streamed into it"
    OTHER = "it is run to its end"


@dataclass(frozen=True, slots=True)
class Statement:
    """`text` without its closing semicolon.

    Of a READ, `tail` is where the FORMAT clause begins (its end, without one). Of an INSERT, `text` is the head (the
    table, the columns, the settings), and `tail` is where it would name a file: before the settings.
    """

    text: str
    purpose: Purpose
    format: str | None
    tail: int

    @property
    def is_settings_discovery(self) -> bool:
        """Whether it is the one question after settings that a client library opens with."""
        return _DISCOVERY.fullmatch(self.text) is not None


def insert_head(text: str) -> tuple[Statement, int] | None:
    """The INSERT at the beginning of `text` and where its inline data begins; `None` when it takes no data.

    `text` may go on with data of any kind: nothing behind the head is looked at.
    """
    token = scan(text)
    if token is None or not token.is_word("INSERT"):
        return None
    begin = token.start
    depth = 0
    tail = None
    while token := scan(text, token.end):
        depth += (token.text == "(") - (token.text == ")") if token.kind is Kind.SIGN else 0
        if depth or token.kind is not Kind.WORD:
            continue
        if token.is_word("SELECT", "WITH"):
            return None
        if token.is_word("SETTINGS") and tail is None:
            tail = token.start - begin
        if token.is_word("VALUES"):
            return _insert(text[begin : token.start], "Values", tail), token.end
        if token.is_word("FORMAT") and (name := scan(text, token.end)) and name.kind is Kind.WORD:
            rest = re.compile(r"[ \t]*(?:;|\r?\n)?").match(text, name.end)
            return _insert(text[begin : token.start], name.text, tail), rest.end() if rest else name.end
    return None


def _insert(head: str, form: str, tail: int | None) -> Statement:
    _refuse_forbidden(tokens(head))
    return Statement(head, Purpose.INSERT, form, len(head) if tail is None else tail)


def parse(text: str) -> Statement:
    """Read exactly one statement that is not an INSERT with data.

    Raises:
        ClickHouseFailure: there is none or a second one, it needs a session, or it reaches past the database.
    """
    found = tokens(text)
    while found and found[-1].text == ";" and found[-1].kind is Kind.SIGN:
        found.pop()
    if not found:
        raise ClickHouseFailure.of(SYNTAX_ERROR, "Syntax error: Empty query")
    if second := next((token for token in found if token.kind is Kind.SIGN and token.text == ";"), None):
        raise ClickHouseFailure.of(
            SYNTAX_ERROR,
            f"Syntax error (Multi-statements are not allowed): failed at position {second.start + 1} (;)",
        )
    _refuse_forbidden(found)
    text = text[: found[-1].end]
    first = found[0]
    if first.is_word(*_SESSION) or (first.is_word("CREATE") and any(one.is_word("TEMPORARY") for one in found[1:4])):
        raise ClickHouseFailure.of(
            NOT_IMPLEMENTED, "Sessions are not kept here: pass settings and the database with each request"
        )
    is_read = first.is_word(*_READS) or (first.text == "(" and first.kind is Kind.SIGN)
    clause = _format_clause(found)
    return Statement(
        text,
        Purpose.READ if is_read else Purpose.OTHER,
        None if clause is None else clause[1],
        len(text) if clause is None else clause[0],
    )


def _format_clause(found: Sequence[Token]) -> tuple[int, str] | None:
    """Where the FORMAT clause begins and which format it names; it may be followed by SETTINGS alone."""
    for position in range(len(found) - 2, 0, -1):
        word, name = found[position : position + 2]
        if word.is_word("FORMAT") and name.kind is Kind.WORD:
            behind = found[position + 2] if position + 2 < len(found) else None
            if behind is None or behind.is_word("SETTINGS"):
                return word.start, name.text
    return None


def _refuse_forbidden(found: Sequence[Token]) -> None:
    for token, following in pairwise(found):
        if token.is_word("INTO", "FROM") and following.is_word("OUTFILE", "INFILE"):
            raise ClickHouseFailure.of(NO_OUTFILE, f"{token.text} {following.text} is not allowed over HTTP")
        named = token.kind in {Kind.WORD, Kind.QUOTED} and token.text.lower() in _FORBIDDEN
        if named and following.kind is Kind.SIGN and following.text == "(":
            raise ClickHouseFailure.of(ACCESS_DENIED, f"Not enough privileges: function {token.text} is not allowed")
