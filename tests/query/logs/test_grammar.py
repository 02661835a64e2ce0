"""The filter language's shape: what each text becomes, and how a wrong one is told."""

from __future__ import annotations

import pytest

from core.errors import BadRequest
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
from query.logs.grammar import parse
from query.logs.token import FilterError

A, B, C = Word("a"), Word("b"), Word("c")
SERVICE = "aaaaaaaa-1111-4000-8000-00000000000a"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", None, id="nothing matches all"),
        pytest.param("  \n", None, id="space matches all"),
        pytest.param("a", A, id="word"),
        pytest.param("a b", Every((A, B)), id="neighbours are all wanted"),
        pytest.param("a AND b", Every((A, B)), id="and"),
        pytest.param("a OR b c", Some((A, Every((B, C)))), id="and binds more than or"),
        pytest.param("(a OR b) c", Every((Some((A, B)), C)), id="parentheses"),
        pytest.param("a and or", Every((A, Word("and"), Word("or"))), id="operators are upper case"),
        pytest.param("-a", Not(A), id="minus"),
        pytest.param("NOT a b", Every((Not(A), B)), id="not binds most"),
        pytest.param("--a", Not(Not(A)), id="twice"),
        pytest.param("-(a OR b)", Not(Some((A, B))), id="minus before a group"),
        pytest.param("a - b", Every((A, Word("-"), B)), id="a lonely minus is a word"),
        pytest.param("a-b", Word("a-b"), id="a minus inside a word"),
        pytest.param('"a (b)"', Phrase("a (b)"), id="phrase"),
        pytest.param(r'"a \" \\ \n"', Phrase('a " \\ \\n'), id="escapes of a phrase"),
        pytest.param("/api/v1/users", Word("/api/v1/users"), id="a path is a word"),
        pytest.param(r"/time\/out.*/", Pattern("time/out.*"), id="pattern"),
        pytest.param("user@example.com", Word("user@example.com"), id="an address is a word"),
        pytest.param("@status:503", Equal("status", "503"), id="attribute"),
        pytest.param("@http.status:>=500", Compared("http.status", Comparison.GREATER_OR_EQUAL, 500.0), id="number"),
        pytest.param("@n:>-2.5", Compared("n", Comparison.GREATER, -2.5), id="negative number"),
        pytest.param("@n:1..3", Between("n", 1.0, 3.0), id="range"),
        pytest.param("@n:a..b", Equal("n", "a..b"), id="no range of texts"),
        pytest.param('@n:"1..3"', Equal("n", "1..3"), id="a quoted value is a text"),
        pytest.param('@n:""', Equal("n", ""), id="empty value"),
        pytest.param("@n:*", Present("n"), id="present"),
        pytest.param("@path:/^.api/", Matching("path", "^.api"), id="pattern of an attribute"),
        pytest.param('@"user id":7', Equal("user id", "7"), id="quoted name"),
        pytest.param("@attributes.level:x", Equal("level", "x"), id="an attribute that is named as a field"),
        pytest.param("-@a:b", Not(Equal("a", "b")), id="negated attribute"),
        pytest.param("@url:http://x/y?z=1", Equal("url", "http://x/y?z=1"), id="a value has colons"),
        pytest.param("@level:error", Level(17, 20), id="level"),
        pytest.param("@severity:WARNING", Level(13, 16), id="level by another name"),
        pytest.param("@level:>=warn", Level(13, 255), id="levels from"),
        pytest.param("@level:<warn", Level(1, 12), id="levels below leave out the unspecified"),
        pytest.param("@level:info..error", Level(9, 20), id="range of levels"),
        pytest.param(f"@service:{SERVICE.upper()}", Is(Builtin.SERVICE, SERVICE), id="service in canonical form"),
        pytest.param("@trace:" + "AB" * 16, Is(Builtin.TRACE, "ab" * 16), id="trace"),
        pytest.param("/.*/ error", Every((Pattern(".*"), Word("error"))), id="a pattern beside what narrows"),
    ],
)
def test_a_text_becomes(text: str, expected: Expression | None) -> None:
    assert expected == parse(text)


@pytest.mark.parametrize(
    ("text", "position", "problem"),
    [
        pytest.param('a "b', 2, "the quote is not closed", id="open quote"),
        pytest.param("(a", 0, "the parenthesis is not closed", id="open parenthesis"),
        pytest.param("a)", 1, "nothing is open here", id="closed too often"),
        pytest.param("()", 1, "a term is missing", id="empty group"),
        pytest.param("a OR", 4, "a term is missing", id="or without a term"),
        pytest.param("AND a", 0, "a term is missing", id="and at the beginning"),
        pytest.param('""', 0, "the phrase is empty", id="empty phrase"),
        pytest.param("x @", 2, "no field", id="a lonely at"),
        pytest.param("@name", 0, "no field", id="no colon"),
        pytest.param("@name: x", 6, "@name has no value", id="no value"),
        pytest.param("@n:>x", 3, "no number", id="no number"),
        pytest.param("@n:>1_000", 3, "no number", id="a number of another language"),
        pytest.param("@level:loud", 7, "no level", id="level"),
        pytest.param("@service:web", 9, "no service", id="service"),
        pytest.param("@environment:A_B", 13, "no environment", id="environment"),
        pytest.param("@source:db", 8, "no source", id="source"),
        pytest.param("@trace:12", 7, "no trace id", id="trace"),
        pytest.param("@pod:/web.*/", 5, "takes no pattern", id="pattern of a field"),
        pytest.param("/.*/", 0, "at least three letters", id="a pattern of everything"),
        pytest.param("/.*/ OR error", 0, "at least three letters", id="a pattern beside an alternative"),
        pytest.param("-/a?b?c?/", 0, "at least three letters", id="a pattern that may be empty"),
        pytest.param("/(?=abc)abc/", 0, "look-around", id="look-ahead"),
        pytest.param(r"/(abc)\1/", 0, "look-around", id="back-reference"),
        pytest.param("/(abc{50}){50}/", 0, "repeats more than", id="repetition of a repetition"),
        pytest.param("/" + "abc" * 100 + "/", 0, "longer than 256", id="long pattern"),
        pytest.param("(" * 11 + "a" + ")" * 11, 10, "nested deeper", id="depth"),
        pytest.param("-" * 5000 + "a", None, "longer than", id="long text"),
        pytest.param("-" * 100 + "a", 10, "nested deeper", id="negations"),
        pytest.param("a " * 65, 128, "more than 64 terms", id="terms"),
    ],
)
def test_a_wrong_text_is_refused_where_it_is_wrong(text: str, position: int | None, problem: str) -> None:
    with pytest.raises(BadRequest, match=problem) as refused:
        parse(text)

    assert position == getattr(refused.value, "position", None)
    assert refused.value.message.startswith("q: ")


def test_a_refusal_says_what_to_write() -> None:
    with pytest.raises(FilterError) as refused:
        parse("@name")

    assert refused.value.hint in refused.value.message
