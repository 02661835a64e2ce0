"""Which records are the same: those of which all that is stored is equal, however and how often they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from ingest import columns
from ingest.admission import Admission
from ingest.allowance import Allowances, Limits
from ingest.draft import Bounds, Outcome
from ingest.entry import Protocol
from ingest.owner import Owners
from ingest.recent import Recent
from tests.ingest.logs.agents import NOW
from tests.ingest.logs.test_columns import Source
from tests.ingest.logs.world import LABELS, record

if TYPE_CHECKING:
    from ingest.quota import Quota

_LABELS: Final = [{"key": f"k8s.pod.label.{key}", "value": {"stringValue": value}} for key, value in LABELS.items()]


def admission(quota: Quota | None = None) -> Admission:
    """An admission that knows nothing yet, for one service of one project."""
    owners = Owners(Source(), "fra1", {}, default_days=30, seconds=600)
    return Admission("fra1", owners, Allowances(Limits(), {}), Recent(10**6, NOW - 10**12), Bounds(), quota)


def _otlp(*records: dict[str, Any]) -> bytes:
    same = {"timeUnixNano": str(NOW), "severityNumber": 9, "body": {"stringValue": "request finished"}}
    sent = [{**same, **one} for one in records]
    return orjson.dumps({"resourceLogs": [{"resource": {"attributes": _LABELS}, "scopeLogs": [{"logRecords": sent}]}]})


def _attributes(**values: str) -> dict[str, Any]:
    return {"attributes": [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]}


_OTHERS: Final[tuple[dict[str, Any], ...]] = (
    {},
    _attributes(order="1001"),
    _attributes(order="1002"),
    _attributes(order="100", x="1"),
    _attributes(**{"log.iostream": "stderr"}),
    {"severityNumber": 17},
    {"traceId": "0102030405060708090a0b0c0d0e0f10"},
    {"spanId": "0102030405060708"},
)


def test_otlp_records_that_differ_in_anything_stored_are_each_taken_once() -> None:
    admitting = admission()
    draft = admitting.draft("c1", Protocol.OTLP_JSON, _otlp(*_OTHERS), NOW)
    again = [admitting.draft("c1", Protocol.OTLP_JSON, _otlp(one), NOW).outcomes for one in reversed(_OTHERS)]

    assert draft.outcomes == {Outcome.ACCEPTED: len(_OTHERS)}
    assert again == [{Outcome.DUPLICATE: 1}] * len(_OTHERS)
    stored = draft.records.table().to_pylist()
    assert [dict(one["attributes"]).get("order") for one in stored[:4]] == [None, "1001", "1002", "100"]


def test_a_record_in_protobuf_is_the_same_as_in_json_and_its_attributes_have_no_order() -> None:
    admitting = admission()
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    for key, value in LABELS.items():
        resource.resource.attributes.add(key=f"k8s.pod.label.{key}").value.string_value = value
    one = resource.scope_logs.add().log_records.add(time_unix_nano=NOW, severity_number=9)
    one.body.string_value = "request finished"
    for key in ("b", "a"):
        one.attributes.add(key=key).value.string_value = key
    first = admitting.draft("c1", Protocol.OTLP, request.SerializeToString(), NOW)
    again = admitting.draft("c1", Protocol.OTLP_JSON, _otlp(_attributes(a="a", b="b")), NOW)

    assert (first.outcomes, again.outcomes) == ({Outcome.ACCEPTED: 1}, {Outcome.DUPLICATE: 1})


@pytest.mark.parametrize("in_columns", [False, True])
def test_lines_that_differ_in_their_stream_or_place_alone_are_each_taken(*, in_columns: bool) -> None:
    sent = [
        record("same", at=NOW),
        record("same", at=NOW, stream="stderr"),
        # What ends one text and begins the next is not to be told by a character that both may hold.
        *(record("same", at=NOW, kubernetes=_place(pod, name)) for pod, name in (("a\0b", "c"), ("a", "b\0c"))),
        *(record(body, at=NOW, stream=stream) for body, stream in (("me", "sa"), ("same", ""))),
    ]
    body = orjson.dumps(sent)
    read = columns.read(body) if in_columns else None
    assert (read is not None) is in_columns

    admitting = admission()
    assert admitting.draft("c1", Protocol.FLUENT_BIT, body, NOW, read=read).outcomes == {Outcome.ACCEPTED: 6}
    # Delivered again in other company, and the other way.
    other = admitting.draft("c1", Protocol.FLUENT_BIT, orjson.dumps(sent[::-1][:4]), NOW)
    assert other.outcomes == {Outcome.DUPLICATE: 4}


def _place(pod: str, container: str) -> dict[str, Any]:
    return {"labels": LABELS, "pod_name": pod, "container_name": container}


@pytest.mark.parametrize("in_columns", [False, True])
def test_equal_records_within_one_body_are_one_as_they_are_over_several(*, in_columns: bool) -> None:
    body = orjson.dumps([record(text, at=NOW) for text in ("twice", "once", "twice")])
    read = columns.read(body) if in_columns else None
    admitting = admission()

    outcomes = admitting.draft("c1", Protocol.FLUENT_BIT, body, NOW, read=read).outcomes
    assert outcomes == {Outcome.ACCEPTED: 2, Outcome.DUPLICATE: 1}
    alone = orjson.dumps([record("twice", at=NOW)])
    assert admitting.draft("c1", Protocol.FLUENT_BIT, alone, NOW).outcomes == {Outcome.DUPLICATE: 1}
