"""Fluent Bit's MessagePack, by the bytes that its `http` output sends."""

from __future__ import annotations

import base64
import struct
import time
from typing import TYPE_CHECKING, Final

import msgpack  # type: ignore[import-untyped]
import orjson
import pytest

from ingest import columns, fluent, message_pack
from ingest.body import TooLarge
from ingest.entry import Entry, Unreadable
from tests.ingest.logs.world import LABELS, record

if TYPE_CHECKING:
    from tests.ingest.logs.serving import Running, Store

_LIMIT: Final = 1 << 20
_SECOND: Final = 1_763_990_400
# A time as Fluent Bit writes it: an extension of eight bytes, of type 0.
_TIME: Final = b"\xd7\x00" + struct.pack(">II", _SECOND, 123_456_789)
_MOMENT: Final = _SECOND * 10**9 + 123_456_789


@pytest.mark.parametrize(
    ("event", "moment"),
    [
        pytest.param(b"\x92\x92" + _TIME + b"\x80\x81\xa3log\xa3a\xffb", _MOMENT, id="with metadata"),
        pytest.param(b"\x92" + _TIME + b"\x81\xa3log\xa3a\xffb", _MOMENT, id="before 2.1"),
        pytest.param(b"\x92" + _TIME + b"\x81\xa3log\xc4\x03a\xffb", _MOMENT, id="a body that is bytes"),
        pytest.param(
            b"\x92\xce" + struct.pack(">I", _SECOND) + b"\x81\xa3log\xa3a\xffb", _SECOND * 10**9, id="seconds"
        ),
        pytest.param(
            b"\x92\xcb" + struct.pack(">d", _SECOND + 0.5) + b"\x81\xa3log\xa3a\xffb",
            _SECOND * 10**9 + 5 * 10**8,
            id="a fraction",
        ),
        pytest.param(b"\x92" + _TIME + b"\x82\xa3log\xa3a\xffb\x01\xc0", _MOMENT, id="a key that is a number"),
    ],
)
def test_an_event_is_the_record_that_it_would_be_in_json(event: bytes, moment: int) -> None:
    found = list(fluent.read(message_pack.lines(event, _LIMIT)))

    assert [(one.body, one.timestamp) for one in found if isinstance(one, Entry)] == [("a\ufffdb", moment)]


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param(b"\x91\x81\xa3log\xa1x", id="no time"),
        pytest.param(b"\x05", id="a number"),
        pytest.param(b"\xc1", id="a byte that means nothing"),
        pytest.param(b"\x92" + _TIME + b"\x81\xa3log\xa9cut", id="the beginning of an event"),
        pytest.param(b"\x91" * 2_000 + b"\x01", id="too deep to be read"),
    ],
)
def test_what_is_no_event_is_kept_and_costs_none_before_it(piece: bytes) -> None:
    good = b"\x92" + _TIME + b"\x81\xa3log\xa4good"
    first, second = fluent.read(message_pack.lines(good + piece, _LIMIT))

    assert isinstance(first, Entry)
    assert isinstance(second, Unreadable)
    assert base64.b64decode(orjson.loads(second.payload)) == piece


def test_an_event_that_is_nested_too_deeply_for_json_is_a_record_all_the_same() -> None:
    event = b"\x92" + _TIME + b"\x82\xa3log\xa1a\xa1x" + b"\x91" * 400 + b"\x01"
    (found,) = fluent.read(message_pack.lines(event, _LIMIT))

    assert isinstance(found, Entry)
    assert found.body == "a"


def test_a_body_that_grows_over_the_limit_is_refused() -> None:
    event = b"\x92" + _TIME + b"\x81\xa3log\xdb" + struct.pack(">I", 1000) + bytes(1000)

    assert len(message_pack.lines(event, 10_000)) > 6_000
    with pytest.raises(TooLarge, match="6000 bytes"):
        message_pack.lines(event, 6_000)


def test_a_large_body_is_read_in_columns() -> None:
    event = b"\x92\x92" + _TIME + b"\x80" + msgpack.packb(record("a"))
    read = columns.read(message_pack.lines(event * 3, _LIMIT))

    assert read is not None
    assert read.body.to_pylist() == ["a"] * 3


def test_events_are_stored_and_what_is_none_becomes_a_dead_letter(running_ingest: Running, store: Store) -> None:
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    moment = b"\xd7\x00" + struct.pack(">II", seconds, nanoseconds)
    events = [msgpack.packb({"log": f"packed {number}\n", "kubernetes": {"labels": LABELS}}) for number in range(2)]
    body = b"".join(b"\x92\x92" + moment + b"\x80" + event for event in events)
    answers = [
        running_ingest.post("/fluentbit", body + b"\xc1", Content_Type="application/msgpack").json(),
        running_ingest.post("/fluentbit", b"\xc1", Content_Type="application/msgpack").status_code,
    ]
    running_ingest.settle()

    assert answers == [{"accepted": 2, "rejected": 1, "limited": 0, "duplicate": 0}, 400]
    assert store.bodies() == ["packed 0", "packed 1"]
    assert store.rows("SELECT toUnixTimestamp64Nano(l.timestamp) FROM starmeter.logs AS l LIMIT 1") == [
        (seconds * 10**9 + nanoseconds,)
    ]
    assert store.letters() == [("unparsable", b'"wQ=="')]
