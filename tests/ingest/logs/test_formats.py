"""Every wire format and encoding, and what each is answered."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
import zstandard
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse

from core import token
from tests.ingest.logs.world import LABELS, SHOP, WEB, record

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.ingest.logs.serving import Running, Store

ENCODINGS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


def counts(accepted: int = 0, rejected: int = 0, limited: int = 0, duplicate: int = 0) -> dict[str, int]:
    return {"accepted": accepted, "rejected": rejected, "limited": limited, "duplicate": duplicate}


def otlp(
    bodies: list[str], labels: dict[str, str] = LABELS, prefix: str = "k8s.pod.label."
) -> ExportLogsServiceRequest:
    """A request with one record a body, of different severities."""
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    told = {f"{prefix}{key}": value for key, value in labels.items()}
    for key, value in {**told, "k8s.pod.name": "web-1", "k8s.container.name": "web", "service.name": "web"}.items():
        resource.resource.attributes.add(key=key).value.string_value = value
    scope = resource.scope_logs.add()
    for number, body in enumerate(bodies):
        one = scope.log_records.add(
            time_unix_nano=time.time_ns(),
            severity_number=13 + number,
            trace_id=bytes(range(1, 17)),
            span_id=bytes(range(1, 9)),
        )
        one.body.string_value = body
        one.attributes.add(key="http.status").value.int_value = 503
    return request


def otlp_json(bodies: list[Any], **record: object) -> dict[str, Any]:
    """The same in the protocol's JSON form."""
    attributes = [{"key": f"k8s.pod.labels.{key}", "value": {"stringValue": value}} for key, value in LABELS.items()]
    records = [
        {
            "timeUnixNano": str(time.time_ns()),
            "severityNumber": 17,
            "body": body,
            "traceId": "0102030405060708090A0B0C0D0E0F10",
            "spanId": "0102030405060708",
            "attributes": [{"key": "n", "value": {"intValue": "9007199254740993"}}],
            "somethingNew": {"of": "a later release"},
            **record,
        }
        for body in bodies
    ]
    return {"resourceLogs": [{"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": records}]}]}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("form", ["array", "lines", "object"])
def test_fluent_bit_s_forms_and_encodings(running_ingest: Running, store: Store, form: str, encoding: str) -> None:
    records = [record(f"{form} {encoding} {number} λ😀") for number in range(1 if form == "object" else 3)]
    texts = [json.dumps(one) for one in records]
    body = {
        "array": f"[{','.join(texts)}]",
        "lines": "\n".join(texts) + "\n",
        "object": json.dumps(records[0], indent=1),
    }
    answer = running_ingest.post("/fluentbit", ENCODINGS[encoding](body[form].encode()), Content_Encoding=encoding)
    running_ingest.settle()

    assert (answer.status_code, answer.json()) == (200, counts(accepted=len(records)))
    assert store.bodies() == [one["log"] for one in records]


def test_vector_s_lines(running_ingest: Running, store: Store) -> None:
    at = time.time_ns()
    lines = [
        {
            "message": f"vector {number}",
            "timestamp": f"2{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(at // 10**9))[1:]}.5{number}Z",
            "stream": "stderr",
            "source_type": "kubernetes_logs",
            "kubernetes": {"pod_name": "web-1", "container_name": "web", "pod_labels": LABELS},
        }
        for number in range(2)
    ]
    body = "\r\n".join(json.dumps(line) for line in lines).encode()
    answer = running_ingest.post("/ndjson", body)
    running_ingest.settle()

    assert answer.json() == counts(accepted=2)
    assert store.rows(
        "SELECT l.body, l.severity, l.pod, l.container, l.attributes['stream'], "
        "toUnixTimestamp64Nano(l.timestamp) % 1000000000 FROM starmeter.logs AS l ORDER BY l.body"
    ) == [
        ("vector 0", 17, "web-1", "web", "stderr", 500_000_000),
        ("vector 1", 17, "web-1", "web", "stderr", 510_000_000),
    ]


@pytest.mark.parametrize("prefix", ["k8s.pod.label.", "k8s.pod.labels."])
def test_otlp_in_protobuf(running_ingest: Running, store: Store, prefix: str) -> None:
    request = otlp([f"{prefix} one", f"{prefix} two"], prefix=prefix)
    body = gzip.compress(request.SerializeToString())
    answer = running_ingest.post("", body, Content_Type="application/x-protobuf", Content_Encoding="gzip")
    running_ingest.settle()

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-protobuf")
    assert not ExportLogsServiceResponse.FromString(answer.content).HasField("partial_success")
    assert store.rows(
        "SELECT toString(l.project_id), l.environment, toString(l.service_id), l.region, l.body, l.severity, "
        "lower(hex(l.trace_id)), lower(hex(l.span_id)), l.attributes FROM starmeter.logs AS l ORDER BY l.body"
    ) == [
        (
            *(SHOP, "production", WEB, "fra1", f"{prefix} {name}", severity),
            *("0102030405060708090a0b0c0d0e0f10", "0102030405060708"),
            {"service.name": "web", "http.status": "503"},
        )
        for name, severity in (("one", 13), ("two", 14))
    ]


def test_otlp_in_json(running_ingest: Running, store: Store) -> None:
    bodies = [
        {"stringValue": "text"},
        {"kvlistValue": {"values": [{"key": "msg", "value": {"stringValue": "structured"}}]}},
        {"arrayValue": {"values": [{"intValue": 1}, {"boolValue": True}, {"doubleValue": 0.5}]}},
    ]
    answer = running_ingest.post("", otlp_json(bodies))
    running_ingest.settle()

    assert (answer.status_code, answer.json(), answer.headers["content-type"]) == (200, {}, "application/json")
    assert store.bodies() == ["[1,true,0.5]", "text", '{"msg":"structured"}']
    assert store.rows(
        "SELECT DISTINCT l.attributes['n'], lower(hex(l.trace_id)), l.severity FROM starmeter.logs AS l"
    ) == [("9007199254740993", "0102030405060708090a0b0c0d0e0f10", 17)]


def test_an_otlp_request_of_nothing_succeeds(running_ingest: Running) -> None:
    assert running_ingest.post("", b"", Content_Type="application/x-protobuf").content == b""
    assert running_ingest.post("", {}).json() == {}


def test_otlp_s_partial_success_counts_what_was_left_out(running_ingest: Running, store: Store) -> None:
    request = otlp(["good"])
    for labels in ({}, {**LABELS, "starform.io/environment": "no-such"}):
        request.MergeFrom(otlp(["nobody's"], labels))
    answer = running_ingest.post("", request.SerializeToString(), Content_Type="application/x-protobuf")
    as_json = running_ingest.post("", otlp_json([{"stringValue": "fine"}, 7, {"stringValue": 7}]))
    running_ingest.settle()

    partial = ExportLogsServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, partial.rejected_log_records, partial.error_message) == (200, 2, "2 rejected")
    assert as_json.json() == {"partialSuccess": {"rejectedLogRecords": "2", "errorMessage": "2 rejected"}}
    assert store.bodies() == ["fine", "good"]
    assert [reason for reason, _ in store.letters()] == [
        *("no_labels", "unknown_environment", "unparsable", "unparsable")
    ]


def test_an_unreadable_body_is_kept_and_refused_in_the_request_s_own_form(
    running_ingest: Running, store: Store
) -> None:
    sent = {
        "": [(b"\xff\x01protobuf", "application/x-protobuf"), (b"{json", "application/json")],
        "/fluentbit": [(b"[{]", "application/json")],
        "/ndjson": [(b"\x00\xff", "application/x-ndjson")],
    }
    answers = [
        running_ingest.post(path, body, Content_Type=kind) for path, bodies in sent.items() for body, kind in bodies
    ]
    running_ingest.settle()

    assert [answer.status_code for answer in answers] == [400] * 4
    assert answers[0].content.startswith(b"\x08\x03\x12")
    assert answers[1].json()["code"] == 3
    assert {answer.json()["code"] for answer in answers[2:]} == {"unreadable"}
    assert store.letters() == sorted(("unparsable", body) for bodies in sent.values() for body, _ in bodies)


def test_a_body_that_cannot_be_decompressed_is_kept(running_ingest: Running, store: Store) -> None:
    whole = gzip.compress(json.dumps([record("cut")]).encode())
    for encoding, body in (("gzip", whole[:-9]), ("gzip", b"none"), ("zstd", b"none either")):
        answer = running_ingest.post("/fluentbit", body, Content_Encoding=encoding)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    running_ingest.settle()

    assert store.letters() == sorted(
        [("unparsable", whole[:-9]), ("unparsable", b"none"), ("unparsable", b"none either")]
    )


def test_a_body_over_the_limit_is_refused_whatever_it_was_compressed_from(running_ingest: Running) -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(64 << 20))
    answers = [
        running_ingest.post("/fluentbit", bomb, Content_Encoding="zstd"),
        running_ingest.post("/fluentbit", bytes(21 << 20)),
        running_ingest.post("", bomb, Content_Encoding="zstd"),
        running_ingest.post("", b"", Content_Encoding="br"),
        running_ingest.post("", b"", Content_Type="text/plain"),
    ]

    assert [answer.status_code for answer in answers] == [413, 413, 413, 415, 415]
    assert answers[0].json()["code"] == "too_large"
    assert answers[2].json()["code"] == 3


def test_who_sends_must_be_a_cluster(running_ingest: Running) -> None:
    url = f"{running_ingest.url}/v1/logs/ndjson"
    none = httpx.post(url, content=b"{}")
    two = httpx.post(url, content=b"{}", headers=[("Authorization", f"Bearer {running_ingest.token}")] * 2)
    answers = [
        *(none, two),
        running_ingest.post("/ndjson", b"{}", token=token.issue()),
        running_ingest.post("/ndjson", b"{}", token="x"),
        running_ingest.post("", b"", token="x"),
        httpx.post(url, content=b"{}", auth=("cluster", running_ingest.token)),
    ]

    assert [answer.status_code for answer in answers] == [401] * 6
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}
    assert answers[4].json() == {"code": 16, "message": token.REFUSAL}
    assert running_ingest.token not in "".join(answer.text for answer in answers)


def test_other_paths_and_methods_are_not_there(running_ingest: Running) -> None:
    assert running_ingest.post("/other", b"").status_code == 404
    assert httpx.get(f"{running_ingest.url}/v1/logs").status_code == 405
    assert httpx.get(f"{running_ingest.url}/livez").json() == {"status": "ok"}
    assert httpx.get(f"{running_ingest.url}/readyz").json() == {"status": "ok", "regions": {"fra1": "ok", "nyc1": "ok"}}


def test_the_own_metrics_name_no_tenant(running_ingest: Running, store: Store) -> None:
    before = running_ingest.metric("ingest_records_total", region="fra1", outcome="accepted")
    running_ingest.post("/ndjson", record("counted"))
    running_ingest.settle()
    text = httpx.get(f"{running_ingest.url}/metrics").text

    assert running_ingest.metric("ingest_records_total", region="fra1", outcome="accepted") == before + 1
    assert store.bodies() == ["counted"]
    assert not [name for name in (SHOP, WEB, "production", "web-") if name in text]
