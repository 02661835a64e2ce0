"""What a cluster's agent tells of its pods and nodes: read, checked part by part, and turned into sights of pods."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final

import orjson
from pydantic import Field, ValidationError

from core.errors import BadRequest
from ingest.timestamp import nanoseconds
from ingest.usage import pod_document
from ingest.usage.effective_request import effective_request
from ingest.usage.pod import Floor
from ingest.usage.pod_document import Shown, read_pod
from ingest.usage.pod_extract import of_request
from ingest.usage.quantity import thousandths
from ingest.usage.sight import Phase, Quality, Sight
from ingest.usage.tables import Kind, digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NANO: Final = 1_000_000_000
_LATEST: Final = 2**32 - 1
_LARGEST: Final = 2**63 - 1
# A namespace, a slash, a pod's name; and what is shown of a document that names neither.
_LONGEST_NAME: Final = 253
_LONGEST_UID: Final = 128
_NO_FLOOR: Final = Floor()
_PHASES: Final = {phase.name.capitalize(): phase for phase in Phase if phase is not Phase.GONE}

_Name = Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME)]


class _Metadata(Shown):
    namespace: _Name
    name: _Name
    uid: str = Field(min_length=1, max_length=_LONGEST_UID)
    labels: dict[str, str] | None = None
    deletion_timestamp: str | None = None


class _Spec(Shown):
    node_name: str = Field(default="", max_length=_LONGEST_NAME)


class _Ended(Shown):
    finished_at: str | None = None


class _State(Shown):
    terminated: _Ended | None = None


class _Container(Shown):
    state: _State = _State()


class _Status(Shown):
    phase: str
    start_time: str | None = None
    container_statuses: list[_Container] | None = None


class _Pod(Shown):
    metadata: _Metadata
    spec: _Spec
    status: _Status


@dataclass(frozen=True, slots=True)
class PodTold:
    """A pod of a report: its sight, its labels, and the document that its request follows from, with its hash."""

    sight: Sight
    labels: Mapping[str, str]
    document: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A part of a report that cannot be metered: `subject` is the pod as `namespace/name`, or the node."""

    kind: Kind
    subject: str
    uid: str
    reason: str
    document: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report at one time. `nodes`: name, millicores, bytes. `is_whole`: all of the cluster's pods are told."""

    observed_at: int
    is_whole: bool
    pods: tuple[PodTold, ...] = ()
    nodes: tuple[tuple[str, int, int], ...] = ()
    refusals: tuple[Refusal, ...] = field(default=())


def read(body: bytes, floor: Floor = _NO_FLOOR) -> Report:
    """A report from a request's body; one bad pod does not lose the others.

    A container that names no request counts the `floor`, and its pod is flagged.

    Raises:
        BadRequest: nothing of it can be read; the message names the field.
    """
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError as failure:
        raise BadRequest(f"body: not JSON ({failure.msg}); write one object with observed_at and pods") from None
    if not isinstance(told, dict):
        raise BadRequest("body: not an object; write one with observed_at and pods")
    known = {"observed_at", "heartbeat", "pods", "deleted", "nodes"}
    if unknown := sorted(set(told) - known):
        raise BadRequest(f"{unknown[0][:40]}: unknown field; use {', '.join(sorted(known))}")
    observed_at = seconds(told.get("observed_at"), "observed_at")
    heartbeat = told.get("heartbeat", False)
    if not isinstance(heartbeat, bool):
        raise BadRequest("heartbeat: neither true nor false")
    pods: list[PodTold] = []
    nodes: list[tuple[str, int, int]] = []
    refusals: list[Refusal] = []
    for name, gone in (("pods", False), ("deleted", True)):
        for number, each in enumerate(_listed(told, name)):
            try:
                pods.append(_pod(each, observed_at, floor, is_gone=gone))
            except BadRequest as refusal:
                subject, uid = _named(each, f"{name}[{number}]")
                refusals.append(Refusal(Kind.POD, subject, uid, refusal.message, orjson.dumps(each)))
    for number, each in enumerate(_listed(told, "nodes")):
        try:
            nodes.append(_node(each))
        except BadRequest as refusal:
            subject, _ = _named(each, f"nodes[{number}]")
            refusals.append(Refusal(Kind.NODE, subject, "", refusal.message, orjson.dumps(each)))
    return Report(observed_at, heartbeat, tuple(pods), tuple(nodes), tuple(refusals))


def seconds(value: object, field_name: str) -> int:
    """A UTC second from RFC 3339 text; a fraction is cut off.

    Raises:
        BadRequest: it is no such text, or lies outside of 1970 to 2106.
    """
    moment = nanoseconds(value) if isinstance(value, str) and not value.isdecimal() else None
    if moment is None:
        raise BadRequest(f"{field_name}: not a time; write it as 2026-01-31T00:00:00Z")
    second = moment // _NANO
    if not 0 < second <= _LATEST:
        raise BadRequest(f"{field_name}: outside of the years 1970 to 2106")
    return second


def _listed(told: Mapping[str, Any], name: str) -> Sequence[Any]:
    found = told.get(name)
    if found is not None and not isinstance(found, list):
        raise BadRequest(f"{name}: not a list")
    return found or []


def _pod(each: object, observed_at: int, floor: Floor, *, is_gone: bool) -> PodTold:
    if not isinstance(each, dict):
        raise BadRequest("pod: not an object; write it as the Kubernetes API does")
    try:
        shown = _Pod.model_validate(each)
    except ValidationError as failure:
        raise BadRequest(pod_document.first_fault(failure)) from None
    phase = _PHASES.get(shown.status.phase)
    if phase is None:
        raise BadRequest(f"status.phase: {shown.status.phase[:40]!r} is unknown; use one of {', '.join(_PHASES)}")
    request = effective_request(read_pod(each), floor)
    if max(request.cpu_m, request.memory_b) > _LARGEST:
        raise BadRequest("spec: its requests add up to more than 2^63 - 1")
    document = orjson.dumps(of_request(each), option=orjson.OPT_SORT_KEYS).decode()
    sight = Sight(
        uid=shown.metadata.uid,
        namespace=shown.metadata.namespace,
        pod=shown.metadata.name,
        node=shown.spec.node_name,
        observed_at=observed_at,
        phase=Phase.GONE if is_gone else phase,
        cpu_m=request.cpu_m,
        memory_b=request.memory_b,
        started_at=_maybe(shown.status.start_time, "status.startTime"),
        finished_at=_finish(shown.status, phase, is_gone=is_gone),
        deletion_at=_maybe(shown.metadata.deletion_timestamp, "metadata.deletionTimestamp"),
        quality=Quality.FLOOR if request.floored else Quality.EXACT,
    )
    return PodTold(sight, shown.metadata.labels or {}, document, digest(document))


def _finish(status: _Status, phase: Phase, *, is_gone: bool) -> int | None:
    """When its last container ended; a container that still runs, or that nobody knows the end of, has no say."""
    if phase < Phase.SUCCEEDED and not is_gone:
        return None
    ends = [
        None if one.state.terminated is None else one.state.terminated.finished_at
        for one in status.container_statuses or ()
    ]
    known = [
        seconds(end, f"status.containerStatuses.{number}.state.terminated.finishedAt")
        for number, end in enumerate(ends)
        if end is not None
    ]
    return max(known) if known and len(known) == len(ends) else None


def _maybe(text: str | None, field_name: str) -> int | None:
    return None if text is None else seconds(text, field_name)


def _node(each: object) -> tuple[str, int, int]:
    match each:
        case {"metadata": {"name": str(name)}, "status": {"allocatable": {"cpu": cpu, "memory": memory}}} if (
            0 < len(name) <= _LONGEST_NAME
        ):
            place = "status.allocatable"
            cpu_m = thousandths(str(cpu), f"{place}.cpu")
            if cpu_m > _LARGEST:
                raise BadRequest(f"{place}.cpu: more than 2^63 - 1 millicores; write a smaller quantity")
            return name, cpu_m, thousandths(str(memory), f"{place}.memory") // 1000
    raise BadRequest("node: write metadata.name, status.allocatable.cpu and status.allocatable.memory")


def _named(each: object, otherwise: str) -> tuple[str, str]:
    """A refused part's name and uid, as far as it has them."""
    metadata = each.get("metadata") if isinstance(each, dict) else None
    if not isinstance(metadata, dict):
        return otherwise, ""
    parts = [metadata.get(key) for key in ("namespace", "name")]
    name = "/".join(part for part in parts if isinstance(part, str))[: 2 * _LONGEST_NAME]
    uid = metadata.get("uid")
    return name or otherwise, uid[:_LONGEST_UID] if isinstance(uid, str) else ""
