"""One log record as it came, whatever the wire format, before anybody is asked whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Protocol(StrEnum):
    """The wire formats; a dead letter names the one that its payload is of."""

    OTLP = "otlp"
    OTLP_JSON = "otlp_json"
    FLUENT_BIT = "fluentbit"
    NDJSON = "ndjson"


class LetterReason(StrEnum):
    """Why a record cannot be attributed or stored; stored with the dead letter, hence never renamed."""

    UNPARSABLE = "unparsable"
    NO_BODY = "no_body"
    BAD_TIME = "bad_time"
    EXPIRED = "expired"
    OVERSIZED = "oversized"
    NO_LABELS = "no_labels"
    BAD_LABELS = "bad_labels"
    UNKNOWN_PROJECT = "unknown_project"
    FOREIGN_REGION = "foreign_region"
    UNKNOWN_ENVIRONMENT = "unknown_environment"
    UNKNOWN_SERVICE = "unknown_service"
    # Of a letter that counts those that were not kept.
    OVER_LIMIT = "over_limit"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What could not be made an entry of: why, in words without any of its content, and the bytes themselves."""

    reason: LetterReason
    detail: str
    payload: bytes


class Entry(NamedTuple):
    """A readable record; `payload` makes the bytes that, sent alone in the same format, are this record again.

    `labels` are the pod's Kubernetes labels (`None`: the agent had none), `timestamp` is in nanoseconds since 1970.
    A `severity` of 0 is looked for in the body. `extra` are the format's own attributes.
    """

    labels: Mapping[str, object] | None
    timestamp: int | None
    body: str
    pod: str
    container: str
    payload: Callable[[], bytes]
    stream: str = ""
    severity: int = 0
    trace_id: bytes = b""
    span_id: bytes = b""
    extra: Mapping[str, str] = {}
