"""Webhook signatures: which headers are good, and that nothing of a bad one is repeated."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from core.errors import Unauthenticated
from ingest.usage.signature import sign, verify

_NOW = 1_767_225_600
_BODY = b'{"delivery_id": "dlv-1"}'
_SECRET = b"a secret that only tests would use"
_GOOD = sign(_SECRET, _BODY, _NOW)


def test_the_signature_is_that_of_the_time_a_dot_and_the_body() -> None:
    code = hmac.new(_SECRET, f"{_NOW}.".encode() + _BODY, hashlib.sha256).hexdigest()

    assert f"t={_NOW},v1={code}" == _GOOD


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(_GOOD, id="as it is signed"),
        pytest.param(_GOOD.replace(",", ", "), id="with a space"),
        pytest.param(f"{_GOOD},v1={'0' * 64}", id="beside one of another secret"),
        pytest.param(f"{_GOOD},v0=whatever", id="beside one of another scheme"),
    ],
)
def test_a_good_header_is_taken(header: str) -> None:
    verify(header, _BODY, [b"the other secret", _SECRET], _NOW + 300, 300)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("", id="nothing"),
        pytest.param(_GOOD.partition(",")[0], id="no signature"),
        pytest.param(_GOOD.partition(",")[2], id="no time"),
        pytest.param(f"t={_NOW + 1},{_GOOD.partition(',')[2]}", id="another time"),
        pytest.param(f"t={_NOW},{_GOOD}", id="two times"),
        pytest.param(_GOOD.upper(), id="upper case"),
        pytest.param(_GOOD[:-1], id="a digit less"),
        pytest.param(_GOOD.replace(f"t={_NOW}", f"t=0{_NOW}"), id="the time with a zero before it"),
        pytest.param(_GOOD + "," * 2_000, id="too long"),
        pytest.param(_GOOD.replace("v1=", "v1=\u00e9"), id="no hexadecimal digits"),
    ],
)
def test_a_bad_header_is_refused_and_not_repeated(header: str) -> None:
    with pytest.raises(Unauthenticated) as refusal:
        verify(header, _BODY, [_SECRET], _NOW, 300)

    assert _GOOD[-20:] not in refusal.value.message


def test_another_body_is_refused() -> None:
    with pytest.raises(Unauthenticated):
        verify(_GOOD, _BODY + b" ", [_SECRET], _NOW, 300)


@pytest.mark.parametrize("now", [_NOW - 301, _NOW + 301])
def test_a_time_outside_of_the_window_is_refused(now: int) -> None:
    with pytest.raises(Unauthenticated, match="signed more than 300 seconds from now"):
        verify(_GOOD, _BODY, [_SECRET], now, 300)


def test_without_a_secret_nothing_is_good() -> None:
    with pytest.raises(Unauthenticated):
        verify(_GOOD, _BODY, [], _NOW, 300)
