from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.name_lines import answers, encoded
from tests.ingest.reference import attribution, examples
from tests.ingest.strategies import SETTINGS, texts
from tests.ingest.test_cluster_name import IDS, LEGAL

if TYPE_CHECKING:
    from collections.abc import Iterable

TENANT = {
    "project_id": "0b6f8e0c-4d1a-4c5e-9f2b-3a4c5d6e7f80",
    "service_id": "7d3c1b2a-9e8f-4a6b-b0c1-d2e3f4a5b6c7",
    "environment": "production",
    "namespace": "prj-a",
    "route_kind": "httproute",
}


class Arriving:
    """A source of which `parts` arrive one by one."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self.taken = 0
        self._parts = iter(parts)

    def read1(self, _size: int, /) -> bytes:
        self.taken += 1
        return next(self._parts, b"")


def answered(text: bytes, *, as_json: bool = False) -> list[dict[str, Any]]:
    lines = b"".join(encoded(answer) for batch in answers(io.BytesIO(text), as_json=as_json) for answer in batch)
    return [json.loads(line) for line in lines.split(b"\n")[:-1]]


def test_a_legal_name_is_answered_with_its_fields_and_numbers_are_numbers() -> None:
    assert answered(f"{LEGAL}\n{LEGAL}/backend/3\n".encode()) == [
        {"name": LEGAL, **TENANT, "rule": 0, "backend": None},
        {"name": f"{LEGAL}/backend/3", **TENANT, "rule": 0, "backend": 3},
    ]


def test_another_name_is_answered_with_itself_and_a_reason() -> None:
    assert answered(f"{LEGAL}-mirror-0\n".encode()) == [{"name": f"{LEGAL}-mirror-0", "reason": "mirror"}]


def test_no_line_is_left_out_not_even_an_empty_or_an_unfinished_one() -> None:
    reasons = [answer.get("reason") for answer in answered(f"\nx\n\n{LEGAL}".encode())]

    assert reasons == ["empty", "not_a_route", "empty", None]


def test_nothing_is_answered_to_nothing() -> None:
    assert answered(b"") == []
    assert answered(b"", as_json=True) == []


@pytest.mark.parametrize("end", ["\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_only_a_line_feed_ends_a_line(end: str) -> None:
    assert answered(f"{LEGAL}{end}\n".encode()) == [{"name": LEGAL + end, "reason": "white_space"}]


def test_bytes_that_are_no_utf_8_are_shown_replaced_and_refused() -> None:
    assert answered(LEGAL.encode() + b"\xff\nx\n") == [
        {"name": LEGAL + "\ufffd", "reason": "not_utf8"},
        {"name": "x", "reason": "not_a_route"},
    ]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(LEGAL.encode(), id="the bare name"),
        pytest.param(b"null", id="null"),
        pytest.param(b"0", id="a number"),
        pytest.param(b'["x"]', id="an array"),
        pytest.param(b"[" * 100_000, id="a deep array"),
        pytest.param(b'"x', id="no closing quote"),
        pytest.param(b'"x" "y"', id="two strings"),
        pytest.param(b'"x\ty"', id="a bare control character"),
        pytest.param(b'"\\x41"', id="an escape that JSON has not"),
        pytest.param(b'"\xff"', id="bytes that are no UTF-8"),
        pytest.param(b"'x'", id="single quotes"),
    ],
)
def test_a_line_that_is_no_json_string_is_answered_with_its_number_and_the_rest_goes_on(line: bytes) -> None:
    first, second, third = answered(b'"x"\n' + line + b"\n" + json.dumps(LEGAL).encode(), as_json=True)

    assert first == {"name": "x", "reason": "not_a_route"}
    assert second == {"name": line.decode(errors="replace"), "reason": "not_a_json_string", "line": 2}
    assert third == {"name": LEGAL, **TENANT, "rule": 0, "backend": None}


@pytest.mark.parametrize(
    "name", [LEGAL + "\n", LEGAL + "\0", LEGAL + "\ud800", "\udc80", "\ufeff", '"\\', "\U0001f600"]
)
def test_a_json_string_may_hold_what_a_bare_line_cannot(name: str) -> None:
    (answer,) = answered(json.dumps(name).encode() + b"\r\n", as_json=True)

    assert answer["name"] == name
    assert "reason" in answer


def test_a_surrogate_that_is_encoded_instead_of_escaped_is_no_json() -> None:
    (answer,) = answered(b'"\xed\xa0\x80"', as_json=True)

    assert answer["reason"] == "not_a_json_string"


def test_a_huge_line_is_refused_without_being_held_and_the_next_is_read() -> None:
    parts = [b"x" * 65_536] * 40 + [b"\n" + LEGAL.encode() + b"\n"]

    batches = list(answers(Arriving(parts), as_json=False))

    refused, parsed = [answer for batch in batches for answer in batch]
    assert refused == {"name": "x" * 1024, "reason": "line_too_long"}
    assert parsed["name"] == LEGAL
    assert "reason" not in parsed


@pytest.mark.parametrize("length", [(1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_a_line_of_a_mebibyte_is_still_a_name(length: int) -> None:
    (answer,) = answered(b"a" * length)

    assert answer["reason"] == ("not_a_route" if length <= 1 << 20 else "line_too_long")


def test_what_has_arrived_is_answered_before_more_is_waited_for() -> None:
    source = Arriving([b"one\ntw", b"o\nthree\n", b"four"])

    seen = [(source.taken, [answer["name"] for answer in batch]) for batch in answers(source, as_json=False)]

    assert seen == [(1, ["one"]), (2, ["two", "three"]), (3, []), (4, ["four"])]


def test_every_written_name_comes_back_as_itself_with_its_own_answer() -> None:
    text = "\n".join(json.dumps(example.name) for example in examples()).encode()

    found = answered(text, as_json=True)

    for example, answer in zip(examples(), found, strict=True):
        expected = {"reason": example.reason} if example.attribution is None else example.attribution._asdict()
        assert answer == {"name": example.name, **expected}


@pytest.mark.property
@SETTINGS
@given(st.lists(texts().filter(lambda name: "\n" not in name), min_size=1), st.integers(1, 9))
def test_lines_may_be_cut_anywhere_on_their_way(names: list[str], width: int) -> None:
    text = "\n".join([*names, IDS]).encode()
    source = Arriving(text[start : start + width] for start in range(0, len(text), width))

    found = [answer for batch in answers(source, as_json=False) for answer in batch]

    assert [answer["name"] for answer in found] == [*names, IDS]
    assert ["reason" not in answer for answer in found] == [attribution(name) is not None for name in [*names, IDS]]
