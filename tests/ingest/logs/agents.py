"""Records as agents send them, and such as lack something, have it twice, or have it in another type."""

from __future__ import annotations

import time
from typing import Any, Final

import orjson
from hypothesis import strategies as st

from tests.ingest.logs.world import LABELS, SHOP, WEB, WORKER, of, record, rfc3339

# A whole second, so that its text may have no fraction.
NOW: Final = time.time_ns() // 10**9 * 10**9


def as_vector(given: dict[str, Any]) -> dict[str, Any]:
    """A record of Fluent Bit as Vector has it."""
    place = {**given["kubernetes"], "pod_labels": given["kubernetes"]["labels"]}
    del place["labels"]
    return {"kubernetes": place, "message": given["log"], "stream": given["stream"], "timestamp": given["time"]}


_FIELDS = st.dictionaries(
    st.sampled_from(["level", "severity", "msg", "trace_id", "span_id", "stream", "a.b", "", "ü"]),
    st.sampled_from(
        ["warn", " Error ", 30, True, None, "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", {"x": [1]}, 1.5]
    )
    | st.text(max_size=5),
    max_size=4,
)
_LOGS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["ERROR x", "xERRORx", "WARN\n", "a\n\n", "\n", "", "level=warn", "lvl: FATAL", "\x1b[31mERR\x1b[0m", "{", "{}"]
    ),
    st.sampled_from(["x" * 200, "x" * 201, "ü" * 100, "ü" * 101, "\u0000", "😀" * 50, "😀" * 51]),
    _FIELDS.map(lambda fields: orjson.dumps(fields).decode()),
)
_TIMES = st.one_of(
    st.integers(NOW - 2 * 10**9, NOW).map(rfc3339),
    st.integers(NOW - 33 * 86_400 * 10**9, NOW + 2 * 3_600 * 10**9).map(rfc3339),
    st.sampled_from(
        [
            rfc3339(NOW)[:19] + end
            for end in (
                "Z",
                ".5Z",
                ".123456Z",
                "+00:00",
                ".25+02:00",
                "-11:30",
                "",
                ".1234567891Z",
                "z",
                "+0100",
                "+24:00",
            )
        ]
        + ["2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z", "9999-01-01T00:00:00Z", "x", "1", ""]
    ),
)
_DATES = st.floats(allow_nan=False) | st.integers(-1, 2**64 - 1) | st.floats(NOW / 10**9 - 100, NOW / 10**9)
_LABELS = st.sampled_from(
    [
        LABELS,
        of(SHOP, WORKER),
        {**of(SHOP, WEB), "starform.io/source": "build"},
        {**of(SHOP, WEB), "starform.io/source": "x"},
        of(SHOP, WEB, "pr-7"),
        of(SHOP, WEB, "pr-8"),
        of(SHOP.upper(), WEB),
        {},
        None,
    ]
)


@st.composite
def plain(draw: st.DrawFn) -> dict[str, Any]:
    """A record as agents send it, and perhaps one that is to be refused."""
    made = record(draw(_LOGS), at=NOW, labels=draw(_LABELS), time=draw(_TIMES))
    made["stream"] = draw(st.sampled_from(["stdout", "stderr", ""]))
    made["kubernetes"]["pod_name"] = draw(st.sampled_from(["a", "b", "", "ü"]))
    return made


@st.composite
def odd(draw: st.DrawFn) -> dict[str, Any]:  # noqa: C901 - one oddity after the other
    """A record that lacks something, has it twice, or has it in another type."""
    made = draw(plain())
    match draw(st.integers(0, 10)):
        case 0:
            del made["time"]
            made["date"] = draw(_DATES)
        case 1:
            made = as_vector(made)
        case 2:
            made["@timestamp"], made["time"] = made["time"], None
        case 3:
            made[draw(st.sampled_from(["log", "message", "time", "stream", "kubernetes", "date"]))] = draw(
                st.none()
                | st.integers(-(2**63), 2**64 - 1)
                | st.booleans()
                | st.just([])
                | st.just({"a": 1})
                | st.text(max_size=3)
            )
        case 4:
            del made[draw(st.sampled_from(["log", "time", "stream", "kubernetes"]))]
        case 5:
            made["kubernetes"][draw(st.sampled_from(["labels", "pod_labels", "pod_name"]))] = draw(_LABELS)
        case 6:
            made["kubernetes"]["labels"] = {**LABELS, "starform.io/environment": draw(st.just(5) | st.just(["x"]))}
        case 7:
            made["other"] = [{"date": 1, "log": "x"}, {"date": 2}, "},{", '},{"date":', {"log": {"log": 1}}]
        case 8:
            made["message"] = draw(_LOGS)
        case 9:
            made[draw(st.sampled_from(["timestamp", "@timestamp"]))] = draw(_TIMES)
        case _:
            made = {"message": 1, **made}
    return made
