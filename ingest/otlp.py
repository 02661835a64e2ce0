"""Records as the OpenTelemetry protocol sends them over HTTP: `ExportLogsServiceRequest`, as protobuf and as JSON.

The pod's labels are resource attributes `k8s.pod.label.<key>` (`k8s.pod.labels.<key>` of older collectors), which the
platform's collector sets from Kubernetes' metadata; no other attribute says whose a record is.
"""

from __future__ import annotations

import base64
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from ingest import otlp_wire
from ingest.entry import Entry, LetterReason, Unreadable
from ingest.structure import attributes, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.proto.common.v1.common_pb2 import AnyValue
    from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs, ScopeLogs

# The newer spelling first.
_LABELS: Final = ("k8s.pod.label.", "k8s.pod.labels.")
_HIGHEST_SEVERITY: Final = 24


def read(body: bytes) -> Iterator[Entry | Unreadable]:
    """The records of a protobuf body."""
    request = ExportLogsServiceRequest()
    try:
        request.ParseFromString(body)
    except DecodeError:
        try:
            mended, broken = otlp_wire.mended(body, ExportLogsServiceRequest.DESCRIPTOR, LogRecord.DESCRIPTOR.name)
            request.ParseFromString(mended)
        except (DecodeError, ValueError):
            yield Unreadable(LetterReason.UNPARSABLE, "not an ExportLogsServiceRequest in protobuf", body)
            return
        for record in broken:
            # A request of this record alone, as far as it goes: of resource 1, scope 2, record 2.
            alone = otlp_wire.field(1, otlp_wire.field(2, otlp_wire.field(2, record)))
            yield Unreadable(LetterReason.UNPARSABLE, "not a LogRecord in protobuf", alone)
    for resource in request.resource_logs:
        told = {pair.key: value_of(pair.value) for pair in resource.resource.attributes}
        for scope in resource.scope_logs:
            for record in scope.log_records:
                yield entry(
                    told,
                    record.time_unix_nano or record.observed_time_unix_nano,
                    value_of(record.body),
                    {pair.key: value_of(pair.value) for pair in record.attributes},
                    record.severity_number,
                    bytes(record.trace_id),
                    bytes(record.span_id),
                    partial(_alone, resource, scope, record),
                )


def entry(  # noqa: PLR0917 - a record's fields, in the protocol's order
    told: Mapping[str, object],
    moment: int | None,
    body: object,
    fields: Mapping[str, object],
    severity: int,
    trace_id: bytes,
    span_id: bytes,
    payload: Any,  # noqa: ANN401 - a callable, as `Entry` has it
) -> Entry | Unreadable:
    """A record of a resource that `told` its attributes."""
    if body is None:
        return Unreadable(LetterReason.NO_BODY, "its body is empty", payload())
    own = {name: value for name, value in told.items() if not name.startswith("k8s.")}
    return Entry(
        _labels(told),
        moment or None,
        text_of(body).removesuffix("\n"),
        _text(told.get("k8s.pod.name")),
        _text(told.get("k8s.container.name")),
        payload,
        _text(fields.get("log.iostream")),
        severity if 0 < severity <= _HIGHEST_SEVERITY else 0,
        trace_id if len(trace_id) == 16 and any(trace_id) else b"",  # noqa: PLR2004 - bytes of a trace id
        span_id if len(span_id) == 8 and any(span_id) else b"",  # noqa: PLR2004 - bytes of a span id
        attributes({**own, **fields}),
    )


def _labels(told: Mapping[str, object]) -> Mapping[str, object] | None:
    found: dict[str, object] = {}
    for prefix in _LABELS:
        for name, value in told.items():
            if name.startswith(prefix):
                key = name.removeprefix(prefix)
                # Two spellings that disagree are no label at all.
                found[key] = value if found.get(key, value) == value else None
    return found or None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def value_of(value: AnyValue) -> object:
    """A protobuf value as JSON has it; bytes as base64, as the protocol's JSON form writes them."""
    match value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return [value_of(item) for item in value.array_value.values]
        case "kvlist_value":
            return {pair.key: value_of(pair.value) for pair in value.kvlist_value.values}
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case kind:
            plain: object = getattr(value, kind)
            return plain


def _alone(resource: ResourceLogs, scope: ScopeLogs, record: LogRecord) -> bytes:
    request = ExportLogsServiceRequest()
    only = request.resource_logs.add()
    only.resource.CopyFrom(resource.resource)
    inner = only.scope_logs.add()
    inner.scope.CopyFrom(scope.scope)
    inner.log_records.add().CopyFrom(record)
    return bytes(request.SerializeToString(deterministic=True))


def response(rejected: int, message: str) -> bytes:
    """An `ExportLogsServiceResponse`: full success when nothing was rejected, partial success otherwise."""
    answer = ExportLogsServiceResponse()
    if rejected:
        answer.partial_success.CopyFrom(ExportLogsPartialSuccess(rejected_log_records=rejected, error_message=message))
    return bytes(answer.SerializeToString())


def status(code: int, message: str) -> bytes:
    """A `google.rpc.Status`, written by hand: field 1 is a varint, field 2 a text."""
    return b"\x08" + otlp_wire.varint(code) + otlp_wire.field(2, message.encode())
