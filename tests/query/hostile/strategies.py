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
    *(
        b"up",
        b"count(up)",
        b"%7B__name__!=%22%22%7D",
        b"{project_id=%22" + PROJECT_B.encode() + b"%22}",
        b"1",
        b"",
        b"up[5m]",
    ),
    *(
        b"1m",
        b"-1",
        b"now",
        b"NaN",
        b"%00",
        b"%0d%0a",
        b"%26extra_filters=x",
        b"%3Bextra_label=x",
        b"a%zz",
        b"\xc3\xa9",
    ),
    b"up%20or%20" + PROJECT_A.encode(),
)
_NAMES: Final = (
    *(
        b"query",
        b"match[]",
        b"match",
        b"match%5B%5D",
        b"time",
        b"start",
        b"end",
        b"step",
        b"limit",
        b"topN",
        b"timeout",
    ),
    *(b"extra_filters[]", b"extra_filters", b"extra_label", b"extra%5Flabel", b"trace", b"nocache", b"round_digits"),
    *(b"focusLabel", b"date", b"", b";", b"?", b"#"),
)
_paths: Final = st.one_of(
    st.sampled_from(_WHOLE), st.lists(st.sampled_from(_SEGMENTS), max_size=6).map(lambda parts: b"/" + b"/".join(parts))
)
_pairs: Final = st.builds(
    lambda name, sign, value: name + sign + value,
    st.sampled_from(_NAMES),
    st.sampled_from((b"=", b"", b"==")),
    st.sampled_from(_VALUES),
)
_forms: Final = st.builds(
    lambda separator, pairs: separator.join(pairs),
    st.sampled_from((b"&", b"&", b"&", b";", b"&&")),
    st.lists(_pairs, max_size=6),
)

awkward_requests: Final[st.SearchStrategy[Request]] = st.builds(
    Request,
    path=_paths,
    query=_forms,
    body=st.one_of(st.just(b""), _forms),
    method=st.sampled_from((b"GET", b"POST", b"POST", *_METHODS)),
    headers=st.sampled_from(((FORM,), (FORM,), (), ((b"Content-Type", b"multipart/form-data; boundary=x"),))),
)
