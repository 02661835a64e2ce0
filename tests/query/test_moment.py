"""Times and durations as the Prometheus API writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadRequest
from query.moment import seconds_at, seconds_long, written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0.0),
        ("1700000000", 1_700_000_000.0),
        ("1700000000.123", 1_700_000_000.123),
        ("1.7e9", 1_700_000_000.0),
        ("2023-11-14T22:13:20Z", 1_700_000_000.0),
        ("2023-11-14t22:13:20z", 1_700_000_000.0),
        ("2023-11-15T00:13:20+02:00", 1_700_000_000.0),
        ("2023-11-14T22:13:20.5Z", 1_700_000_000.5),
        ("2023-11-14T22:13:20.123456789Z", 1_700_000_000.123456),
    ],
)
def test_a_time_is_unix_seconds_or_rfc_3339(text: str, expected: float) -> None:
    assert seconds_at("time", text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "now",
        "-5m",
        "1_000",
        " 1",
        "1 ",
        "nan",
        "inf",
        "0x10",
        "1e99",
        "2023-02-30T00:00:00Z",
        "2023-11-14",
        "\u0661",
        "1700000000000000",
    ],
)
def test_what_is_no_time_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadRequest, match=r"^start: "):
        seconds_at("start", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("15", 15.0),
        ("0.5", 0.5),
        ("15s", 15.0),
        ("1m30s", 90.0),
        ("1h", 3600.0),
        ("2d", 172_800.0),
        ("1w", 604_800.0),
        ("1ms", 0.001),
    ],
)
def test_a_duration_is_seconds_or_prometheus_notation(text: str, expected: float) -> None:
    assert seconds_long("step", text) == expected


@pytest.mark.parametrize(
    "text", ["0", "-1", "abc", "5x", "s5", "1s1m", "1.5m", "nan", "1e99", "101y", "5i", "", "9" * 5_000 + "s"]
)
def test_what_is_no_duration_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadRequest, match=r"^step: "):
        seconds_long("step", text)


@pytest.mark.property
@given(st.integers(min_value=0, max_value=4_000_000_000_000))
def test_written_milliseconds_are_read_back(milliseconds: int) -> None:
    assert round(seconds_at("time", written(milliseconds / 1000)) * 1000) == milliseconds


def test_numbers_keep_their_trailing_zeros() -> None:
    assert (written(1_700_000_000.0), written(0.5), written(100.0)) == ("1700000000", "0.5", "100")
