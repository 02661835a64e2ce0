"""What a tenant may send to each endpoint, and what then goes to the store."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

import pytest

from core.errors import BadRequest
from query import arguments
from query.form import Form
from query.read import Bounds, Read
from query.settings import Limits

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1_800_000_000.0
DAY = 86_400.0
BOUNDS = Bounds(NOW, 90 * DAY)
LIMITS = Limits()


def form(*pairs: tuple[str, object]) -> Form:
    return Form(urlencode([(name, str(value)) for name, value in pairs]).encode())


def sent(read: Read) -> list[tuple[str, str]]:
    return parse_qsl(read.body.decode(), keep_blank_values=True, strict_parsing=True)


def test_an_instant_query_is_written_anew() -> None:
    read = arguments.query(
        form(
            ("query", "up + 1&x"),
            ("time", "2027-01-15T08:00:00Z"),
            ("timeout", "5s"),
            ("round_digits", "3"),
            ("step", "1m"),
        ),
        LIMITS,
        BOUNDS,
    )
    assert sent(read) == [
        ("query", "up + 1&x"),
        ("timeout", "5"),
        ("time", "1800000000"),
        ("step", "60"),
        ("round_digits", "3"),
    ]


@pytest.mark.parametrize(
    "name",
    ["extra_label", "extra_filters", "extra_filters[]", "trace", "nocache", "max_lookback", "authKey", "latency_offset",
     "stats", "lookback_delta", "dedup", "partial_response", "storeMatch[]", "engine", "QUERY"],
)  # fmt: skip
@pytest.mark.parametrize(
    "read", [arguments.query, arguments.series, arguments.labels, arguments.federate, arguments.tsdb_status]
)
def test_what_a_tenant_may_not_say_is_dropped(read: Callable[[Form, Limits, Bounds], Read], name: str) -> None:
    plain = [("query", "up"), ("match[]", "up"), ("time", "1800000000")]
    assert read(form(*plain, (name, "x"), (name, "y")), LIMITS, BOUNDS).body == read(form(*plain), LIMITS, BOUNDS).body


@pytest.mark.parametrize(
    ("read", "pairs", "said"),
    [
        pytest.param(arguments.query, [], "query: missing", id="no query"),
        pytest.param(arguments.query, [("query", "  ")], "query: missing", id="blank query"),
        pytest.param(arguments.query, [("query", "x" * 16_385)], "query: longer than 16384", id="long query"),
        pytest.param(arguments.query, [("query", "up"), ("time", "x")], "time: not a time", id="bad time"),
        pytest.param(arguments.query, [("query", "up"), ("timeout", "x")], "timeout: not a duration", id="bad timeout"),
        pytest.param(
            arguments.query, [("query", "up"), ("round_digits", "-1")], "round_digits: not a whole", id="digits"
        ),
        pytest.param(
            arguments.query_range, [("query", "up"), ("end", 2), ("step", 1)], "start: missing", id="no start"
        ),
        pytest.param(arguments.query_range, [("query", "up"), ("start", 1), ("step", 1)], "end: missing", id="no end"),
        pytest.param(arguments.query_range, [("query", "up"), ("start", 1), ("end", 2)], "step: missing", id="no step"),
        pytest.param(
            arguments.query_range,
            [("query", "up"), ("start", 2), ("end", 1), ("step", 1)],
            "end: lies before",
            id="reversed",
        ),
        pytest.param(
            arguments.query_range,
            [("query", "up"), ("start", 1), ("end", 2), ("step", 0)],
            "step: must be",
            id="step of 0",
        ),
        pytest.param(
            arguments.query_range,
            [("query", "up"), ("start", NOW - 11_000), ("end", NOW), ("step", 1)],
            "step: 11001 points",
            id="too many points",
        ),
        pytest.param(arguments.series, [], r"match\[\]: missing", id="no selector"),
        pytest.param(arguments.series, [("match[]", " ")], r"match\[\]: empty", id="blank selector"),
        pytest.param(arguments.series, [("match", "up")] * 33, r"match\[\]: more than 32", id="too many selectors"),
        pytest.param(arguments.labels, [("limit", "x")], "limit: not a whole", id="bad limit"),
        pytest.param(arguments.labels, [("start", 2), ("end", 1)], "end: lies before", id="reversed listing"),
        pytest.param(arguments.tsdb_status, [("focusLabel", "a-b")], "focusLabel: not a label", id="bad label"),
        pytest.param(arguments.tsdb_status, [("date", "1.1.2026")], "date: not a date", id="bad date"),
        pytest.param(arguments.tsdb_status, [("date", "2020-01-01")], "date: outside", id="old date"),
        pytest.param(arguments.tsdb_status, [("topN", "ten")], "topN: not a whole", id="bad count"),
    ],
)
def test_a_wrong_argument_is_refused_by_name(
    read: Callable[[Form, Limits, Bounds], Read], pairs: list[tuple[str, object]], said: str
) -> None:
    with pytest.raises(BadRequest, match=f"^{said}"):
        read(form(*pairs), LIMITS, BOUNDS)


def test_a_range_is_capped_after_it_was_clipped_to_the_retention() -> None:
    asked = form(("query", "up"), ("start", NOW - 400 * DAY), ("end", NOW), ("step", DAY))
    read = arguments.query_range(asked, LIMITS, BOUNDS)
    assert read.start == NOW - 90 * DAY
    assert read.warnings
    with pytest.raises(BadRequest, match=r"^start: a range of more than 30 days"):
        arguments.query_range(asked, Limits(range_days=30), BOUNDS)


def test_an_instant_before_the_retention_says_so() -> None:
    asked = form(("query", "up"), ("time", NOW - 91 * DAY))
    assert arguments.query(asked, LIMITS, BOUNDS).warnings == (BOUNDS.notice,)
    assert arguments.query(form(("query", "up"), ("time", NOW - DAY)), LIMITS, BOUNDS).warnings == ()


def test_a_timeout_can_only_be_lowered() -> None:
    assert arguments.query(form(("query", "up"), ("timeout", "1h")), LIMITS, BOUNDS).timeout == 30.0
    assert arguments.query(form(("query", "up"), ("timeout", "2s")), LIMITS, BOUNDS).timeout == 2.0


@pytest.mark.parametrize(("start", "bypasses_cache"), [(NOW - 600, False), (NOW - 607, True), (NOW - 600.5, True)])
def test_only_a_misaligned_range_bypasses_the_stores_cache(start: float, bypasses_cache: bool) -> None:
    read = arguments.query_range(form(("query", "up"), ("start", start), ("end", NOW), ("step", "15s")), LIMITS, BOUNDS)
    assert (("nocache", "1") in sent(read)) is bypasses_cache


def test_a_range_from_before_the_retention_keeps_the_points_it_asked_for() -> None:
    start = NOW - 90 * DAY - 100
    read = arguments.query_range(
        form(("query", "up"), ("start", start), ("end", start + DAY), ("step", 30)), LIMITS, BOUNDS
    )

    assert read.start is not None
    assert NOW - 90 * DAY <= read.start < NOW - 90 * DAY + 30
    assert (read.start - start) % 30 == 0
    assert read.warnings == ("metrics are kept for 90 days; what lies before was left out",)
    assert not read.outside


def test_a_range_wholly_before_the_retention_is_empty_and_says_why() -> None:
    read = arguments.query_range(form(("query", "up"), ("start", 0), ("end", 60), ("step", 15)), LIMITS, BOUNDS)
    assert read.outside
    assert read.warnings


def test_both_spellings_of_a_selector_are_one_list() -> None:
    read = arguments.federate(form(("match[]", "a"), ("match", "b")), LIMITS, BOUNDS)
    assert sent(read) == [("match[]", "a"), ("match[]", "b")]


def test_a_listing_without_a_start_covers_a_bounded_time() -> None:
    assert dict(sent(arguments.labels(form(), LIMITS, BOUNDS))) == {
        "start": str(int(NOW - DAY)),
        "end": str(int(NOW)),
        "limit": "40000",
    }
    assert dict(sent(arguments.series(form(("match", "up")), LIMITS, BOUNDS)))["start"] == str(int(NOW - 3600))


def test_a_larger_limit_than_ours_is_lowered_and_said() -> None:
    read = arguments.series(form(("match", "up"), ("limit", "40000")), LIMITS, BOUNDS)
    assert ("limit", "10000") in sent(read)
    assert read.warnings == ("at most 10000 entries are listed",)
    assert arguments.series(form(("match", "up"), ("limit", "0")), LIMITS, BOUNDS).warnings == ()
