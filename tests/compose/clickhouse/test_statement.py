"""Statements as the interface reads them, before the engine sees any."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.clickhouse import statement
from compose.clickhouse.failure import ClickHouseFailure
from compose.clickhouse.statement import Purpose
from compose.clickhouse.token import tokens

TWO = [
    "SELECT 1; SELECT 2",
    "SELECT 1;;SELECT 2",
    "SELECT 1 /* ; */; DROP TABLE t",
    "SELECT ';' ; DROP TABLE t",
    "SELECT 'it''s'; DROP TABLE t",
    "SELECT 'a\\'b'; DROP TABLE t",
    "SELECT 'a\\\\'; DROP TABLE t",
    "SELECT `;`; DROP TABLE t",
    'SELECT ";"; DROP TABLE t',
    "SELECT 1 -- '\n; DROP TABLE t",
    "SELECT 1 # '\n; DROP TABLE t",
    "SELECT $a$;$a$; DROP TABLE t",
    "SELECT \u2018;\u2019; DROP TABLE t",
]
ONE = [
    "SELECT 1",
    "SELECT 1;",
    "SELECT 1 ; ; -- end;",
    "SELECT ';', 'it''s;', 'a\\';', `;`, \"a;b\", $x$ ; $x$",
    "SELECT 1 /* ; DROP TABLE t */",
    "SELECT 1 -- ; DROP TABLE t",
]
PAST = [
    "SELECT file('/etc/passwd')",
    "SELECT FILE ('/etc/passwd')",
    "SELECT `file`('/etc/passwd')",
    'SELECT "fi\\le"(1)',
    "SELECT file/* */('/etc/passwd')",
    "SELECT * FROM python(secret)",
    "SELECT 1 INTO OUTFILE '/tmp/x'",
    "SELECT 1 into /* */ outfile '/tmp/x'",
    "INSERT INTO t FROM INFILE '/etc/passwd' FORMAT CSV",
    "INSERT INTO FUNCTION file('/tmp/x', 'CSV') SELECT 1",
    "SET readonly = 0",
    "USE system",
    "CREATE TEMPORARY TABLE t (a UInt8)",
    "CREATE OR REPLACE TEMPORARY TABLE t (a UInt8)",
]


@pytest.mark.parametrize("text", TWO)
def test_a_second_statement_is_refused_wherever_it_hides(text: str) -> None:
    with pytest.raises(ClickHouseFailure, match="Multi-statements"):
        statement.parse(text)


@pytest.mark.parametrize("text", ONE)
def test_a_semicolon_in_a_literal_or_a_comment_is_none(text: str) -> None:
    assert statement.parse(text).purpose is Purpose.READ


@pytest.mark.parametrize("text", PAST)
def test_what_reaches_past_the_database_is_refused(text: str) -> None:
    with pytest.raises(ClickHouseFailure):
        statement.insert_head(text) or statement.parse(text)


@pytest.mark.parametrize(
    ("text", "form", "clause"),
    [
        ("SELECT 1", None, ""),
        ("SELECT 1 FORMAT JSON", "JSON", "FORMAT JSON"),
        ("SELECT 1 format Native settings max_threads = 1", "Native", "format Native settings max_threads = 1"),
        ("SELECT 1 SETTINGS max_threads = 1", None, ""),
        ("SELECT format('{}', 'FORMAT JSON') -- FORMAT CSV", None, ""),
        ("SELECT 'x' AS format, json FROM t", None, ""),
    ],
)
def test_the_format_clause_is_found_at_the_end_only(text: str, form: str | None, clause: str) -> None:
    read = statement.parse(text)

    assert (read.format, read.text[read.tail :]) == (form, clause)


@pytest.mark.parametrize(
    ("text", "head", "form", "data"),
    [
        ("INSERT INTO t FORMAT CSV\n1,2;", "INSERT INTO t ", "CSV", "1,2;"),
        ("insert into t (a, `format csv`) format JSONEachRow {}", None, "JSONEachRow", "{}"),
        ("INSERT INTO t (a) VALUES (1); (2)", "INSERT INTO t (a) ", "Values", " (1); (2)"),
        ("INSERT INTO t SETTINGS async_insert = 0 FORMAT TSV\n\n", None, "TSV", "\n"),
        ("/* x */ INSERT INTO t(`values`) Values(1)", "INSERT INTO t(`values`) ", "Values", "(1)"),
    ],
)
def test_an_insert_ends_where_its_data_begins(text: str, head: str | None, form: str, data: str) -> None:
    found = statement.insert_head(text)

    assert found is not None
    insert, begin = found
    assert (insert.format, text[begin:].lstrip(" ") or data) == (form, data.lstrip(" "))
    assert head is None or insert.text == head


@pytest.mark.parametrize("text", ["INSERT INTO t SELECT 1", "INSERT INTO t WITH 1 AS x SELECT x", "SELECT 1", ""])
def test_an_insert_without_data_is_no_insert_of_data(text: str) -> None:
    assert statement.insert_head(text) is None


@pytest.mark.property
@given(st.text(alphabet="ab'\"`\\;-/*#$ \n\u2018\u2019(", max_size=40))
@settings(deadline=None)
def test_every_text_is_read_to_its_end_and_tokens_stand_in_order(text: str) -> None:
    found = tokens(text)

    assert all(one.end <= two.start for one, two in pairwise(found))
    assert not found or not text[found[-1].end :].strip() or text[found[-1].end :].lstrip()[0] in "-/#"
