"""One bad record costs itself at most: those beside it, another tenant's included, are taken."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from ingest import fluent, otlp, otlp_json
from ingest.draft import Outcome
from ingest.entry import Entry, Protocol, Unreadable
from tests.ingest.logs.agents import NOW
from tests.ingest.logs.test_identity import admission
from tests.ingest.logs.world import LABELS, record

_LABELS: Final = [{"key": f"k8s.pod.label.{key}", "value": {"stringValue": value}} for key, value in LABELS.items()]
_AHEAD: Final = NOW + 2 * 3_600 * 10**9


def _resource(body: object, attribute: object = None, *, at: int = NOW) -> dict[str, Any]:
    one: dict[str, Any] = {"timeUnixNano": str(at), "body": {"stringValue": body}}
    if attribute is not None:
        one["attributes"] = [{"key": "a", "value": attribute}]
    return {"resource": {"attributes": _LABELS}, "scopeLogs": [{"logRecords": [one]}]}


def _nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"stringValue": "deep"}
    for _ in range(levels):
        value = {"arrayValue": {"values": [value]}}
    return value


def _json(bad: dict[str, Any]) -> bytes:
    """A request of three records, the second of which is bad; built as text, for no writer writes it."""
    return json.dumps({"resourceLogs": [_resource("good"), bad, _resource("good, too")]}).encode()


_DIGITS: Final = b"9" * 5_000
_NESTED_TEXT: Final = _json(_resource("bad", {"stringValue": "NEST"})).replace(
    b'{"stringValue": "NEST"}', b'{"arrayValue": {"values": [' * 1_500 + b"{}" + b"]}}" * 1_500
)


@pytest.mark.parametrize(
    ("body", "attribute"),
    [
        pytest.param(_json(_resource("half \ud83d")), None, id="half of a surrogate pair"),
        pytest.param(_json(_resource("bad")).replace(b'"bad"', b'"\xff\xfe"'), None, id="no UTF-8"),
        pytest.param(_json(_resource("bad", {"doubleValue": float("nan")})), "nan", id="not a number"),
        pytest.param(_json(_resource("bad", {"doubleValue": float("-inf")})), "-inf", id="infinity"),
        pytest.param(
            _json(_resource("bad", {"doubleValue": 1})).replace(b": 1}", b": %b}" % _DIGITS),
            _DIGITS.decode(),
            id="a number of 5000 digits",
        ),
        pytest.param(_NESTED_TEXT, None, id="nested 1500 deep"),
    ],
)
def test_what_a_strict_json_reader_refuses_is_mended(body: bytes, attribute: str | None) -> None:
    first, bad, last = otlp_json.read(body)

    assert [entry.body for entry in (first, bad, last) if isinstance(entry, Entry)] == (
        ["good", bad.body, "good, too"] if isinstance(bad, Entry) else []
    )
    assert isinstance(bad, Entry)
    if attribute is not None:
        assert bad.extra["a"] == attribute
    # As a dead letter it could be tried again.
    assert [one.body for one in otlp_json.read(bad.payload()) if isinstance(one, Entry)] == [bad.body]


@pytest.mark.parametrize("levels", [90, 300])
def test_a_deep_record_that_is_refused_becomes_a_letter_of_its_own_that_can_be_read_again(levels: int) -> None:
    admitting = admission()
    body = _json(_resource("bad", _nested(levels), at=_AHEAD))
    draft = admitting.draft("c1", Protocol.OTLP_JSON, body, NOW)

    assert draft.outcomes == {Outcome.ACCEPTED: 2, Outcome.REJECTED: 1}
    (letter,) = draft.letters.table().to_pylist()
    assert letter["reason"] == "bad_time"
    assert admitting.draft("c1", Protocol.OTLP_JSON, letter["payload"], _AHEAD).outcomes == {Outcome.ACCEPTED: 1}


def test_a_record_that_is_nested_too_deeply_costs_no_line_beside_it() -> None:
    body = json.dumps([record("good"), record("bad", deep="DEEP"), record("good, too")]).encode()
    deep = body.replace(b'"DEEP"', b"[" * 3_000 + b'"]["' + b"]" * 3_000)

    assert [one.body for one in fluent.read(deep) if isinstance(one, Entry)] == ["good", "bad", "good, too"]
    # What is never closed is no JSON.
    (whole,) = fluent.read(body.replace(b'"DEEP"', b"[" * 3_000))
    assert isinstance(whole, Unreadable)


def _protobuf(body: str, levels: int = 0) -> bytes:
    request = ExportLogsServiceRequest()
    for text in ("good", body, "good, too"):
        resource = request.resource_logs.add()
        for key, value in LABELS.items():
            resource.resource.attributes.add(key=f"k8s.pod.label.{key}").value.string_value = value
        one = resource.scope_logs.add().log_records.add(time_unix_nano=NOW, severity_number=9)
        one.body.string_value = text
        if text == body:
            value = one.attributes.add(key="a").value
            for _ in range(levels):
                value = value.array_value.values.add()
            value.string_value = "deep"
    return bytes(request.SerializeToString())


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param(_protobuf("BAD").replace(b"BAD", b"\xff\xfe!"), "\ufffd\ufffd!", id="no UTF-8"),
        pytest.param(_protobuf("bad", 60), "bad", id="nested 60 deep"),
    ],
)
def test_what_a_strict_protobuf_reader_refuses_is_mended(sent: bytes, expected: str) -> None:
    entries = list(otlp.read(sent))

    assert [entry.body for entry in entries if isinstance(entry, Entry)] == ["good", expected, "good, too"]
    draft = admission().draft("c1", Protocol.OTLP, sent, NOW)
    assert draft.outcomes == {Outcome.ACCEPTED: 3}


def test_a_record_that_is_no_protobuf_is_a_letter_of_its_own_and_stays_one() -> None:
    # The record's body says that it is longer than the record.
    sent = _protobuf("BROKEN").replace(b"\x0a\x06BROKEN", b"\x0a\x66BROKEN")
    admitting = admission()
    draft = admitting.draft("c1", Protocol.OTLP, sent, NOW)

    assert draft.outcomes == {Outcome.ACCEPTED: 2, Outcome.REJECTED: 1}
    assert not draft.is_unreadable
    (letter,) = draft.letters.table().to_pylist()
    assert letter["reason"] == "unparsable"
    assert b"BROKEN" in letter["payload"]
    assert b"good" not in letter["payload"]
    (again,) = otlp.read(letter["payload"])
    assert isinstance(again, Unreadable)
    assert again.payload == letter["payload"]
