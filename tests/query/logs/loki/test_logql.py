"""Law: LogQL means what its grammar says: the records of the filter that says the same, on the real engine."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import BadRequest
from core.scope import Grant
from query.logs import condition
from query.logs.arguments import Span
from query.logs.grammar import parse as parse_filter
from query.logs.loki.grammar import parse, parse_selection
from query.logs.reader import LogReader
from tests.query import platform
from tests.query.logs.conftest import LIMITS, proved
from tests.query.logs.reference import matches
from tests.query.logs.samples import KEYS, SECOND, VALUES, WORDS

if TYPE_CHECKING:
    from tests.compose.clickhouse.serving import Server
    from tests.query.logs.reference import Sample

# Each pair is a piece of LogQL and the filter of the same meaning.
Pair = tuple[str, str]


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def phrase(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def negated(text: str) -> str:
    return f"-({text})"


# The letters of the filter's phrases have no case; these texts have none either.
_CASELESS = [word for word in WORDS if word.upper() == word.lower()]
_MATCHERS: list[Pair] = [
    ('environment="production"', "@environment:production"),
    ('environment!="production"', "-@environment:production"),
    (f'service_id="{platform.SERVICE_A1}"', f"@service:{platform.SERVICE_A1}"),
    (f'service_id=~"{platform.SERVICE_A1}|x"', f"@service:{platform.SERVICE_A1}"),
    (f'project_id=~"{platform.PROJECT_B}|{platform.PROJECT_A}"', "@level:unspecified..fatal"),
    (f'project_id!="{platform.PROJECT_B}"', "@level:unspecified..fatal"),
    ('level="error"', "@level:error"),
    ('level=~"err.*|warn"', "@level:warn..error"),
    ('level!~"err.*|warn"', "-@level:warn..error"),
    ('detected_level=~"error|fatal"', "@level:>=error"),
    ('pod="web-1"', "@pod:web-1"),
    ('pod=~"web-.*"', "@level:unspecified..fatal"),
    ('pod=~"web"', "@pod:nothing"),
    ('container!~"side.*"', "-@container:sidecar"),
    ('source=~"build|http"', "@source:build OR @source:http"),
    ('source="nothing"', "@pod:nothing"),
    ('level="nothing"', "@pod:nothing"),
    ('service_id="nothing"', "@pod:nothing"),
]
_attribute: list[Pair] = [
    ('status = "500"', "@status:500"),
    ('status != "500"', "-@status:500"),
    ("status == 500", "@status:500..500"),
    ("status > 500", "@status:>500"),
    ("n >= 2 and n < 100", "@n:>=2 @n:<100"),
    ("n != 2", "@n:<2 OR @n:>2"),
    ('status =~ "50."', "@status:/^50.$/"),
    ('http_status = "503"', '@"http.status":503 OR @http_status:503'),
    ('status = ""', '-@status:* OR @status:""'),
    ('absent = ""', "@level:unspecified..fatal"),
    ('absent =~ ".+"', "@pod:nothing"),
    ('trace_id = "0123456789abcdef0123456789abcdef"', "@trace:0123456789abcdef0123456789abcdef"),
    ('trace_id = ""', f"@trace:{'0' * 32}"),
    ('__error__ = ""', "@level:unspecified..fatal"),
    ('level = "error" or (n > 1, status != "500")', "@level:error OR (@n:>1 -@status:500)"),
]  # fmt: skip


def _line(words: list[str]) -> st.SearchStrategy[Pair]:
    def pair(word: str, sign: str) -> Pair:
        return f"{sign} {quoted(word)}", phrase(word) if sign == "|=" else negated(phrase(word))

    return st.builds(pair, st.sampled_from(words), st.sampled_from(["|=", "!="]))


_lines = st.one_of(
    _line(_CASELESS),
    st.sampled_from(
        [
            ("|~ `[Tt]imeout`", "/[Tt]imeout/"),
            ("|~ `foo.bar`", "/foo[^\\n]bar/"),
            ("!~ `^connection`", "-/^connection/"),
            ("|~ `err(or)+` or `reset`", "/err(or)+/ OR /reset/"),
            ("|= `Timeout`", "/Timeout/"),
            ("|= `foo-bar`", "/foo-bar/"),
            ("!= `10.0.0.1`", '-"10.0.0.1"'),
            ("|= ``", "@level:unspecified..fatal"),
            ("!~ `.*`", "@pod:nothing"),
        ]
    ),
)
_stages = st.sampled_from([(f"| {logql}", text) for logql, text in _attribute])
_nothing: st.SearchStrategy[Pair] = st.sampled_from([("| json", ""), ("| logfmt", ""), ("| drop __error__", "")])


def _joined(matchers: list[Pair], pipeline: list[Pair]) -> Pair:
    selector = "{" + ", ".join(one for one, _ in matchers) + "}"
    # A pattern of the filter language needs something beside it.
    parts = ["@level:unspecified..fatal", *(f"({text})" for _, text in [*matchers, *pipeline] if text)]
    return " ".join([selector, *(one for one, _ in pipeline)]), " ".join(parts)


_pairs = st.builds(
    _joined,
    st.lists(st.sampled_from(_MATCHERS), max_size=2),
    st.lists(st.one_of(_lines, _stages, _nothing), max_size=3),
)


@pytest.mark.timeout(300)
@pytest.mark.property
async def test_logql_finds_the_records_of_the_filter_that_says_the_same(
    log_server: Server, ours: list[Sample], moment: int
) -> None:
    grant = Grant(platform.PROJECT_A, "near")
    span = Span(moment - 60 * SECOND, moment).condition
    pairs: dict[str, str] = {}

    @settings(max_examples=120, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(_pairs)
    def collect(pair: Pair) -> None:
        pairs[pair[0]] = pair[1]

    collect()
    for matcher in _MATCHERS:
        pairs.update([_joined([matcher], [])])
    for logql, text in _attribute:
        pairs.update([_joined([], [(f"| {logql}", text)])])
    found: dict[str, tuple[set[int], set[int], set[int]]] = {}
    async with proved(log_server.reader_url) as store:
        reader = LogReader(store, grant, LIMITS)

        async def ids(expression: Any) -> set[int]:  # noqa: ANN401 - any expression
            rows = await reader.rows("backward", [span, *condition.compiled(expression)], limit=10_000)
            return {row[4] for row in rows}

        for logql, text in pairs.items():
            expression = parse_selection(logql, platform.PROJECT_A).expression
            expected = {one.id for one in ours if matches(one, expression)}
            found[logql] = expected, await ids(expression), await ids(parse_filter(text))

    differing = {logql: pairs[logql] for logql, (one, two, three) in found.items() if not one == two == three}
    assert differing == {}
    assert sum(0 < len(one) < len(ours) for one, *_ in found.values()) > len(found) // 4


@pytest.mark.property
@settings(max_examples=300, deadline=None)
@given(st.one_of(_pairs.map(lambda pair: pair[0]), st.text(max_size=40)))
def test_no_text_of_a_query_is_in_the_text_of_its_condition(text: str) -> None:
    try:
        selection = parse_selection(text + ' |= "zqzqz" | zqkey = "zqvalue" | json', platform.PROJECT_A)
    except BadRequest:
        return
    (compiled,) = condition.compiled(selection.expression)

    assert "zq" not in compiled.text
    assert compiled.text.isascii()
    assert "'" not in compiled.text


@pytest.mark.property
@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='{}()[],|=!~"`\\ \n#ab0159.mschvetorunay_<>+-*/%é', max_size=60))
def test_whatever_is_written_is_read_or_refused_in_the_languages_own_way(text: str) -> None:
    with contextlib.suppress(BadRequest):
        assert parse(text, platform.PROJECT_A) is not None


def test_the_words_of_these_tests_are_in_the_records(ours: list[Sample]) -> None:
    assert set(KEYS) <= {key for one in ours for key in one.attributes}
    assert set(VALUES) <= {value for one in ours for value in one.attributes.values()}
