"""The token format: what is issued is accepted, and everything else is refused without being echoed."""

from __future__ import annotations

import re
import string
from hashlib import sha256
from typing import Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core import token
from core.errors import Unauthenticated

ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
BODIES: Final = st.text(ALPHABET, min_size=30, max_size=30)


def crc32(data: bytes) -> int:
    """The checksum's definition, bit by bit."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0xEDB88320 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def written(body: str) -> str:
    """A token as its specification says: the checksum in base62, six digits, most significant first."""
    value = crc32(body.encode())
    return f"sm_{body}" + "".join(ALPHABET[value // 62**place % 62] for place in range(5, -1, -1))


def refuse(text: str) -> None:
    with pytest.raises(Unauthenticated) as refusal:
        token.digest(text)

    assert refusal.value.message == token.REFUSAL


def test_issued_tokens_are_of_the_published_form_and_differ() -> None:
    issued = [token.issue() for _ in range(500)]

    assert all(re.fullmatch(token.PATTERN, text) and len(text) == 39 for text in issued)
    assert len({text[: token.PREFIX_LENGTH] for text in issued}) == 500
    assert set("".join(text[3:33] for text in issued)) == set(ALPHABET)


def test_what_is_issued_is_accepted() -> None:
    text = token.issue()

    assert token.digest(text) == sha256(text.encode()).hexdigest()


@pytest.mark.property
@given(BODIES)
def test_every_token_of_the_specified_form_has_its_sha256_as_digest(body: str) -> None:
    text = written(body)

    assert token.digest(text) == sha256(text.encode()).hexdigest()


@pytest.mark.property
@given(BODIES, st.integers(0, 38), st.characters(codec="utf-8"))
def test_any_one_wrong_character_is_refused(body: str, position: int, character: str) -> None:
    text = written(body)
    assume(text[position] != character)

    refuse(text[:position] + character + text[position + 1 :])


@pytest.mark.property
@given(BODIES, st.integers(3, 37))
def test_two_swapped_neighbours_are_refused(body: str, position: int) -> None:
    text = written(body)
    assume(text[position] != text[position + 1])

    refuse(text[:position] + text[position + 1] + text[position] + text[position + 2 :])


@pytest.mark.property
@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    refuse(text)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text + "\n", id="a line end after it"),
        pytest.param(lambda text: " " + text, id="a space before it"),
        pytest.param(lambda text: text[:-1], id="its last character missing"),
        pytest.param(lambda text: text + "0", id="one character more"),
        pytest.param(lambda text: text.replace("sm_", "SM_"), id="its prefix in capitals"),
        pytest.param(lambda text: text.removeprefix("sm_"), id="its prefix missing"),
        pytest.param(lambda text: f"Bearer {text}", id="the scheme still before it"),
        pytest.param(lambda text: text + text, id="twice"),
        pytest.param(lambda _: "sm_" + "\N{ARABIC-INDIC DIGIT ONE}" * 36, id="digits of another script"),
        pytest.param(lambda _: "sm_" + "0" * 10**6, id="a megabyte"),
    ],
)
def test_a_token_is_refused_with(change: object) -> None:
    assert callable(change)

    refuse(change(written("k" * 30)))
