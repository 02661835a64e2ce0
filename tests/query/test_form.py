"""The one strict reading of a request's arguments."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadRequest
from query.form import Form


def test_both_places_are_one_form() -> None:
    form = Form(b"query=up&match[]=a", b"match%5B%5D=b&time=1")

    assert form.scalar("query") == "up"
    assert form.scalar("time") == "1"
    assert form.all("match[]") == ["a", "b"]
    assert form.scalar("absent") is None


@pytest.mark.parametrize(
    ("url", "body", "name"),
    [
        pytest.param(b"query=a&query=b", b"", "query", id="twice in the URL"),
        pytest.param(b"query=a", b"query=a", "query", id="once in each place, even if equal"),
        pytest.param(b"", b"time=1&time=", "time", id="twice in the body, one empty"),
        pytest.param(b"%71uery=a&query=b", b"", "query", id="one of them percent-encoded"),
    ],
)
def test_a_scalar_given_twice_is_refused_by_name(url: bytes, body: bytes, name: str) -> None:
    with pytest.raises(BadRequest, match=f"^{name}: given 2 times"):
        Form(url, body).scalar(name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(b"a=%zz", "not a well-formed form", id="broken escape"),
        pytest.param(b"a=%", "not a well-formed form", id="escape cut off"),
        pytest.param(b"a=\r\nb", "not a well-formed form", id="line break"),
        pytest.param(b"a=\x00", "not a well-formed form", id="raw NUL"),
        pytest.param(b"a=%ff", "not valid UTF-8", id="escaped bytes that are no UTF-8"),
        pytest.param(b"a=\xff", "not valid UTF-8", id="raw bytes that are no UTF-8"),
        pytest.param(b"a=1&" * 300, "more than 256 arguments", id="too many arguments"),
    ],
)
def test_what_is_no_form_is_refused(text: bytes, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        Form(text)


def test_a_nul_is_refused_where_it_would_be_used() -> None:
    form = Form(b"a=%00&b=1")
    assert form.scalar("b") == "1"
    for read in (form.scalar, form.all):
        with pytest.raises(BadRequest, match=r"^a: contains a NUL"):
            read("a")


def test_a_semicolon_separates_nothing() -> None:
    assert Form(b"query=up;time=1").scalar("query") == "up;time=1"


@pytest.mark.property
@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=8))
def test_what_was_encoded_is_read_back(pairs: list[tuple[str, str]]) -> None:
    pairs = [(name, value.replace("\0", "")) for name, value in pairs]
    form = Form(urlencode(pairs).encode())

    for name, _ in pairs:
        assert form.all(name) == [value for other, value in pairs if other == name]
