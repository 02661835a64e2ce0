"""Law: a filter's statement finds exactly the records that its meaning says, on the real engine, within the scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from core.errors import BadRequest
from core.scope import Grant
from query.logs import condition
from query.logs.condition import Condition
from query.logs.grammar import parse
from query.logs.reader import LogReader
from query.logs.token import FilterError
from tests.query import platform
from tests.query.logs.conftest import LIMITS, proved
from tests.query.logs.reference import matches
from tests.query.logs.samples import KEYS, SECOND, TRACES, VALUES, WORDS

if TYPE_CHECKING:
    from tests.compose.clickhouse.serving import Server
    from tests.query.logs.reference import Sample


def quoted(text: str) -> str:
    """A phrase of the language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_words = st.sampled_from([word for word in WORDS if not any(sign in word for sign in ' \t\n"()@-/')])
_phrases = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(lambda parts: quoted(" ".join(parts)))
_pieces = st.lists(st.sampled_from(WORDS), min_size=2, max_size=2).map(lambda parts: quoted("".join(parts)))
_patterns = st.sampled_from(
    ["/[Tt]imeout/", "/foo.bar/", "/^connection/", "/100%$/", "/err(or)+/", "/(time|reset).*foo/"]
)
_key = st.sampled_from([key if key.isalpha() and key.isascii() else quoted(key) for key in KEYS])
_attributes = st.builds(
    "@{}:{}".format,
    _key,
    st.one_of(
        st.sampled_from(VALUES).map(quoted),
        st.sampled_from(["500", "abc", "*", ">2", ">=2", "<2.5", "<=-3", "1..3", "-5..100", "/^5../", "/nan/"]),
    ),
)
_builtins = st.one_of(
    st.sampled_from(["error", "warn", "INFO", ">=warn", "<info", ">fatal", "debug..warn", "unspecified"]).map(
        "@level:{}".format
    ),
    st.sampled_from([platform.SERVICE_A1, platform.SERVICE_A2.upper(), platform.SERVICE_B1]).map("@service:{}".format),
    st.sampled_from(["production", "pr-7", "staging"]).map("@environment:{}".format),
    st.sampled_from(["app", "build", "http", "platform"]).map("@source:{}".format),
    st.sampled_from(["web-1", "web-2", "web", quoted("' OR 1=1 --")]).map("@pod:{}".format),
    st.sampled_from(TRACES).map("@trace:{}".format),
    st.just("@span:0123456789abcdef"),
    st.just("@container:sidecar"),
)
_terms = st.one_of(_words, _phrases, _pieces, _patterns, _attributes, _builtins)
filters = st.recursive(
    _terms,
    lambda inner: st.one_of(
        inner.map("-({})".format),
        inner.map("NOT ({})".format),
        st.builds("({} {})".format, inner, inner),
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
    ),
    max_leaves=6,
)


@pytest.mark.property
async def test_a_filter_finds_exactly_the_records_that_its_meaning_says(
    log_server: Server, ours: list[Sample], moment: int
) -> None:
    grant = Grant(platform.PROJECT_A, "near")
    span = Condition(condition.fixed("range"), {"start": moment - 60 * SECOND, "end": moment})
    found: dict[str, set[int]] = {}
    texts: list[str] = []

    @settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(filters)
    def collect(text: str) -> None:
        try:
            parse(text)
        except FilterError:
            reject()  # a pattern that would be matched against everything, with nothing beside it
        texts.append(text)

    collect()
    async with proved(log_server.reader_url) as store:
        reader = LogReader(store, grant, LIMITS)
        for text in dict.fromkeys(texts):
            rows: Any = await reader.rows("backward", [span, *condition.compiled(parse(text))], limit=10_000)
            found[text] = {row[4] for row in rows}

    assert {text: {one.id for one in ours if matches(one, parse(text))} for text in found} == found
    assert sum(0 < len(ids) < len(ours) for ids in found.values()) > len(found) // 4


@pytest.mark.property
@settings(max_examples=300, deadline=None)
@given(st.one_of(filters, st.text(max_size=40)))
def test_no_text_of_a_filter_is_in_the_text_of_its_condition(text: str) -> None:
    try:
        parsed = parse(f'{text} "zqzqz" @pod:zqpod @zqkey:zqvalue')
    except BadRequest:
        return
    (compiled,) = condition.compiled(parsed)

    assert "zq" not in compiled.text
    assert compiled.text.isascii()
    assert "'" not in compiled.text
