"""What a store's refusal means to the tenant who asked."""

from __future__ import annotations

import pytest

from query.refusal import explain

PREFIX = 'error when executing query="{query}" for (time=1, step=1): '


@pytest.mark.parametrize(
    ("query", "said", "status", "message"),
    [
        pytest.param(
            "up{",
            'labelFilterExpr: unexpected token ""; want "ident"; unparsed data: ""',
            400,
            "query: unexpected end of the expression",
            id="cut off",
        ),
        pytest.param("up)", 'unparsed data left: ")"', 400, "query: unexpected ')' at character 3", id="too much"),
        pytest.param(
            'up{a="b" or c="d"}',
            r'labelFilters: unexpected token "or"; want ",", "}"; unparsed data: "or c=\"d\"}"',
            400,
            "query: unexpected 'or c=\"d\"}' at character 10",
            id="quoted text in it",
        ),
        pytest.param(
            'up{a="b',
            r'cannot find closing quote " for the string "\"b"; unparsed data: "=\"b"',
            400,
            'query: the string "b at character 6 is not closed',
            id="open string",
        ),
        pytest.param(
            'up{a=~"("}',
            'cannot expand: invalid regexp in a="(": error parsing regexp: missing closing ): `^(?:()$`',
            400,
            "query: invalid regular expression '(': missing closing )",
            id="regular expression",
        ),
        pytest.param(
            "up{a=b}",
            'cannot expand WITH expressions: missing "b" value inside StringExpr',
            400,
            "query: b is no string; put it in quotes",
            id="bare value",
        ),
        pytest.param("foo(up)", 'unknown func "foo"', 400, "query: unknown function foo", id="unknown function"),
        pytest.param(
            "rate(up, 1)",
            "unexpected number of args; got 2; want 1",
            400,
            "query: a function takes 1 arguments, not 2",
            id="wrong number of arguments",
        ),
        pytest.param(
            "a * on(x) b",
            'cannot evaluate "a * on (x) b": duplicate time series on the left side of * on (x): {secret="1"}',
            422,
            "many-to-many matching: several series on the left side have the same matching labels; "
            "match on more labels, or use group_left or group_right",
            id="many to many",
        ),
        pytest.param(
            "up",
            "cannot select more than -search.maxSamplesPerQuery=1 samples",
            422,
            "the query needs more series or points than a single read may; narrow its selectors or range",
            id="limit",
        ),
        pytest.param("up", "secret words of the store", 422, "the query cannot be executed", id="anything else"),
    ],
)
def test_a_refusal_is_said_again_in_our_words(query: str, said: str, status: int, message: str) -> None:
    error = explain(422, PREFIX.format(query=query.replace('"', '\\"')) + said, query)

    assert (error.status, error.message) == (status, message)


def test_only_the_tenants_own_text_is_quoted() -> None:
    error = explain(422, 'unparsed data left: "other tenants text"', "up")
    assert error.message == "query: not a valid PromQL or MetricsQL expression"
    assert explain(422, 'unknown func "secret"', "up").message == "query: not a valid PromQL or MetricsQL expression"


@pytest.mark.parametrize(
    ("status", "expected"), [(500, 502), (502, 502), (404, 502), (302, 502), (401, 502), (503, 503), (429, 503)]
)
def test_a_stores_own_trouble_is_not_the_callers(status: int, expected: int) -> None:
    assert explain(status, "whatever", "up").status == expected
