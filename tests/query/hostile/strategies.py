"""Hypothesis strategies: mutations of honest requests, and request lines out of a grammar of awkward pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from tests.query.hostile.mutation import Add, Encode, Fold, Label, Move, Mutation, Repeat, Send
from tests.query.hostile.request import FORM, Request
from tests.query.hostile.smuggling import SMUGGLED
from tests.query.platform import PROJECT_A, PROJECT_B

if TYPE_CHECKING:
    from tests.query.hostile.mutation import Place

_ADDED: Final = (
    *(argument for _, argument in SMUGGLED),
    *(b"trace=1", b"nocache=1", b"max_lookback=1d", b"x", b"=", b"", b";x=1", b"%zz=1", b"%", b"\x00", b"a;b=c"),
    *(b"project_id=" + PROJECT_B.encode(), "ü=1".encode(), b"\xff=1"),
)
_METHODS: Final = (b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"HEAD", b"OPTIONS", b"TRACE", b"FOO", b"get")
_TYPES: Final = (
    b"application/x-www-form-urlencoded; charset=utf-8",
    b"Application/X-WWW-Form-Urlencoded",
    b"application/x-www-form-urlencoded;x",
    b"multipart/form-data; boundary=x",
    b"application/json",
    b"text/plain",
    b"",
    None,
)
_places: Final[st.SearchStrategy[Place]] = st.sampled_from(("url", "body"))
_positions: Final = st.integers(0, 7)

mutations: Final[st.SearchStrategy[Mutation]] = st.one_of(
    st.builds(Add, st.sampled_from(_ADDED), _places, _positions),
    st.builds(Repeat, _places, _positions, _places),
    st.builds(Move, _places, _positions),
    st.builds(Encode, _places, _positions, st.integers(1, 0xFFFF), st.booleans(), st.sampled_from((1, 1, 1, 2))),
    st.builds(Fold, _places, _positions),
    st.builds(Send, st.sampled_from(_METHODS)),
    st.builds(Label, st.sampled_from(_TYPES)),
)
several_mutations: Final = st.lists(mutations, min_size=1, max_size=5)

_SEGMENTS: Final = (
    *(b"api", b"v1", b"query", b"query_range", b"series", b"labels", b"label", b"values", b"federate", b"status"),
    *(b"tsdb", b"project_id", b"__name__", b"mark", b"tags", b"metrics", b"find", b"export", b"admin", b"count"),
    *(b"..", b".", b"", b"%2e%2e", b"%2f", b"%00", b"prometheus", b"graphite", b"API", b";x", b"%3F", b"%23", b"\xff"),
    *(b"active_queries", b"top_queries", b"v1%2fquery", b"select", b"0", PROJECT_B.encode()),
)
_WHOLE: Final = (
    *(b"/api/v1/query", b"/api/v1/query_range", b"/api/v1/series", b"/api/v1/labels", b"/federate"),
    *(b"/api/v1/label/project_id/values", b"/api/v1/label/mark/values", b"/api/v1/status/tsdb"),
)
_VALUES: Final = (
    *(b"up", b"count(up)", b"%7B__name__!=%22%22%7D", b"up[5m]", b"up%20or%20" + PROJECT_A.encode()),
    *(b"%7Bproject_id=%22" + PROJECT_B.encode() + b"%22%7D", b"project_id=" + PROJECT_B.encode()),
    *(b"1", b"", b"1m", b"-1", b"now", b"NaN", b"%00", b"%0d%0a", b"a%zz", b"%26extra_filters=x", b"%3Bextra_label=x"),
)
# Names that a form gives once; what is given twice is refused before it gets anywhere.
_OWN_NAMES: Final = (b"timeout", b"limit", b"topN", b"round_digits", b"focusLabel", b"match[]", b"match")
_STRANGE_NAMES: Final = (
    *(b"extra_filters[]", b"extra_filters", b"extra_label", b"extra%5Flabel", b"extra%2566ilters", b"EXTRA_LABEL"),
    *(b"trace", b"nocache", b"max_lookback", b"authKey", b"", b";", b"?", b"%00", b"x;extra_filters"),
)
# What makes a read of each endpoint whole, so that a good part of the lines gets as far as the store; <start> and <end>
# stand for times that the test knows.
_HONEST: Final = (
    (b"query=up", b"start=<start>", b"end=<end>", b"step=15", b"match[]=up"),
    (b"query=count(%7B__name__!=%22%22%7D)", b"start=<start>", b"end=<end>", b"step=1m", b"match=up"),
)
_paths: Final = st.one_of(
    st.sampled_from(_WHOLE),
    st.sampled_from(_WHOLE),
    st.lists(st.sampled_from(_SEGMENTS), max_size=6).map(lambda parts: b"/" + b"/".join(parts)),
)
_pairs: Final = st.builds(
    lambda name, sign, value: name + sign + value,
    st.sampled_from((*_OWN_NAMES, *_STRANGE_NAMES, *_STRANGE_NAMES)),
    st.sampled_from((b"=", b"=", b"", b"==")),
    st.sampled_from(_VALUES),
)
_separators: Final = st.sampled_from((b"&", b"&", b"&", b"&&", b"&;&", b";"))


@st.composite
def _requests(draw: st.DrawFn) -> Request:
    pairs = draw(st.permutations((*draw(st.sampled_from(_HONEST)), *draw(st.lists(_pairs, max_size=3)))))
    method = draw(st.sampled_from((b"GET", b"GET", b"POST", b"POST", b"POST", *_METHODS)))
    in_url = len(pairs) if method == b"GET" and draw(st.booleans()) else draw(st.integers(0, len(pairs)))
    separator = draw(_separators)
    headers = draw(st.sampled_from(((FORM,), (FORM,), (FORM,), (), ((b"Content-Type", b"multipart/form-data"),))))
    return Request(draw(_paths), separator.join(pairs[:in_url]), separator.join(pairs[in_url:]), method, headers)


awkward_requests: Final = _requests()
