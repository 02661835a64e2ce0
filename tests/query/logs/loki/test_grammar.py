"""LogQL that is not served: the place, the reason and the way out, in one line."""

from __future__ import annotations

import pytest

from core.errors import BadRequest
from query.logs.expression import Every, Exact, Is, LabelEqual, Level, Not
from query.logs.loki.grammar import duration_ns, parse
from query.logs.loki.label import keys_of, named
from query.logs.loki.token import LogqlError
from query.logs.loki.tree import Aggregated, Aggregation, Constant, Counted, RangeFunction, Selection
from tests.query.logs.loki import hostile
from tests.query.platform import PROJECT_A


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1, col 1: syntax error: unexpected the end; begin with a selector"),
        ("timeout", "line 1, col 1: timeout is not supported; use one of count_over_time"),
        ("{", "line 1, col 2: syntax error: unexpected the end; write one of project_id"),
        ('{pod="a" level="b"}', "line 1, col 10: syntax error: unexpected level; write , here"),
        ("{pod=a}", "line 1, col 6: syntax error: unexpected a; write a text in quotes"),
        ('{pod>"a"}', "line 1, col 5: syntax error: unexpected >; write = != =~ or !~"),
        ('{pod="a"} "b"', "line 1, col 11: syntax error: unexpected a text; take it away"),
        ('{pod="a"}\n|= b', "line 2, col 4: syntax error: unexpected b; write a text in quotes"),
        ('{pod="a"} |> "<_>"', "line 1, col 11: |> is not supported; use |~"),
        ('{pod="a"} |= ip("10.0.0.0/8")', "line 1, col 14: syntax error: unexpected ip; match addresses by |~"),
        ('{pod="a"} |~ "a(?=b)"', "line 1, col 14: the pattern uses (?="),
        ('{pod="a"} |~ "a)|(b"', "line 1, col 14: the pattern's parentheses do not match"),
        ('{pod="a"} | json a="b"', "line 1, col 18: syntax error: unexpected a; it takes no arguments here"),
        ('{pod="a"} | unpack', "line 1, col 13: | unpack is not supported; attributes are there already"),
        ('{pod="a"} | label_format a=b', "line 1, col 13: | label_format is not supported"),
        ('{pod="a"} | drop level', "line 1, col 18: syntax error: unexpected level; only __error__"),
        ('{pod="a"} | n > 10s', "line 1, col 17: n is compared with neither a text nor a number; write 500"),
        ('{pod="a"} | n > "1"', "line 1, col 15: > takes a number"),
        ('{pod="a"} | level > 5', "line 1, col 21: level > takes a text"),
        ('{pod="a"} | trace_id =~ "ab.*"', "line 1, col 22: trace_id takes no pattern; write the whole id"),
        ('{project_id=~"a.*"}', "line 1, col 14: project_id takes no such pattern"),
        ('{pod="a}', "line 1, col 6: syntax error: unexpected '\"'; close it"),
        (r'{pod="\q"}', r"line 1, col 6: invalid escape in a text; write \\ for a backslash"),
        (r'{pod="\ud800"}', "line 1, col 6: invalid escape in a text"),
        ('{pod="a"} | ((((((((((( n > 1', "line 1, col 23: nested deeper than 10 levels"),
        ("sum(" * 12 + "1" + ")" * 12, "line 1, col 41: nested deeper than 10 levels"),
        ("sum({})", "line 1, col 5: syntax error: unexpected {; count records first"),
        ("rate({})", "line 1, col 8: syntax error: unexpected ); write [ here"),
        ("rate({}[5])", "line 1, col 9: syntax error: unexpected 5; write a duration"),
        ("rate({}[0s])", "line 1, col 9: the range is too long or too short"),
        ("topk(0, rate({}[5m]))", "line 1, col 6: no such number of series"),
        (f"topk({'9' * 41}, rate({{}}[5m]))", "line 1, col 6: a number of more than 40 digits"),
        (f"rate({{}}[{'9' * 400}s])", "line 1, col 9: a number of more than 40 digits"),
        (f"rate({{}}[{'9' * 40}s])", "line 1, col 9: the range is too long or too short"),
        (f"vector({'9' * 400}) % 2", "line 1, col 8: a number of more than 40 digits"),
        ("1" + "+1" * 65, "line 1, col 130: more than 64 operations"),
        (
            "{} | " + " and ".join(f"a_b_c_d{n} != 1" for n in range(64)),
            "line 1, col 642: the labels may be those of too many attributes",
        ),
        ("{} | a_b_c_" + "d" * 400 + '="x"', "line 1, col 6: the labels may be those of too many attributes"),
        ("topk(rate({}[5m]))", "line 1, col 6: syntax error: unexpected rate; write how many series"),
        ("rate({}[5m]) + rate({}[5m])", "line 1, col 14: + between two counts is not supported"),
        ("\x00", "line 1, col 1: syntax error: unexpected an unprintable character"),
        ("{" + 'pod="a",' * 65 + "}", "more than 64 terms"),
        (f"sum by ({','.join('abcdefghijk')}) (rate({{}}[5m]))", "more than 10 labels"),
    ],
)  # fmt: skip
def test_what_is_not_served_is_refused_with_place_and_remedy(text: str, message: str) -> None:
    with pytest.raises(LogqlError) as raised:
        parse(text, PROJECT_A)

    assert message in raised.value.message
    assert raised.value.message.startswith("parse error at line ")
    assert "; " in raised.value.message


def test_a_query_however_long_or_deep_is_read_or_refused() -> None:
    outcomes = set()
    for text in hostile.stretched():
        try:
            parse(text, PROJECT_A)
        except BadRequest as refusal:
            outcomes.add(refusal.code)
        else:
            outcomes.add("read")

    assert outcomes == {"read", "bad_query", "bad_request"}


def test_a_query_is_read_into_the_filters_own_tree() -> None:
    found = parse(
        '# of one service\n{environment="production", level!="error"} |= "a\\"b" != `c\\d` | json | user_id = "7"',
        PROJECT_A,
    )

    keys = ("user_id", "user.id", "user-id")
    assert isinstance(found, Selection)
    assert isinstance(found.expression, Every)
    assert [part for part in found.expression.parts if not isinstance(part, Is)] == [
        Not(Level(17, 20)),
        Exact('a"b'),
        Not(Exact("c\\d")),
        LabelEqual(keys, "7"),
    ]


def test_samples_are_read_into_a_tree() -> None:
    found = parse('topk(3, sum by (pod) (rate({pod="a"}[1h30m]))) * -1'.replace("-1", "2"), PROJECT_A)
    counted = Counted(RangeFunction.RATE, parse('{pod="a"}', PROJECT_A), 5_400 * 10**9)  # type: ignore[arg-type]
    inner = Aggregated(Aggregation.SUM, counted, ("pod",), without=False)

    assert repr(Aggregated(Aggregation.TOPK, inner, (), without=False, amount=3)) in repr(found)
    assert parse("vector(-1)", PROJECT_A) == Constant(-1)


def test_every_attribute_has_a_name_by_which_it_is_found() -> None:
    keys = ["status", "http.status", "user-id", "a.b_c", "k8s.pod.name", "9lives"]

    assert [named(key) for key in keys] == ["status", "http_status", "user_id", "a_b_c", "k8s_pod_name", "_9lives"]
    assert all(key in keys_of(named(key)) for key in keys if not key[0].isdigit())
    assert len(keys_of("a_b_c_d_e_f_g_h")) == 3


def test_durations_are_nanoseconds() -> None:
    assert [duration_ns(text) for text in ("1s", "1h30m", "1.5m", "2d", "250ms", "7us")] == [
        10**9, 5_400 * 10**9, 90 * 10**9, 172_800 * 10**9, 250 * 10**6, 7_000,
    ]  # fmt: skip
