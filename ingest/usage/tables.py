"""Evidence as Arrow tables of the ledger's own columns, each with the token by which a repetition is recognised."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson
import pyarrow as pa  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.tenant import Tenant
    from ingest.usage.build_report import BuildTold
    from ingest.usage.sight import Sight, Source

_NAME: Final = pa.dictionary(pa.int32(), pa.string())
_SECOND: Final = pa.timestamp("s", "UTC")
_PLACE: Final = {"region": _NAME, "cluster": _NAME}

_SCHEMAS: Final = {
    "pod_observations": {
        **_PLACE,
        "uid": pa.string(),
        "observed_at": _SECOND,
        "received_at": _SECOND,
        "source": pa.int8(),
        "phase": pa.int8(),
        "cpu_m": pa.int64(),
        "memory_b": pa.int64(),
        "quality": pa.int8(),
        "namespace": _NAME,
        "pod": pa.string(),
        "node": _NAME,
        "started_at": _SECOND,
        "finished_at": _SECOND,
        "deletion_at": _SECOND,
    },
    "pod_registrations": {
        **_PLACE,
        "uid": pa.string(),
        "received_at": pa.timestamp("ms", "UTC"),
        "project_id": pa.binary(16),
        "environment": _NAME,
        "service_id": pa.binary(16),
        "source": pa.int8(),
    },
    "pod_documents": {
        **_PLACE,
        "uid": pa.string(),
        "sha256": pa.string(),
        "observed_at": _SECOND,
        "received_at": _SECOND,
        "document": pa.string(),
    },
    "heartbeats": {**_PLACE, "source": pa.int8(), "observed_at": _SECOND, "received_at": _SECOND},
    "nodes": {
        **_PLACE,
        "node": _NAME,
        "observed_at": _SECOND,
        "received_at": _SECOND,
        "cpu_m": pa.int64(),
        "memory_b": pa.int64(),
    },
    "refused_evidence": {
        **_PLACE,
        "kind": pa.int8(),
        "subject": pa.string(),
        "sha256": pa.string(),
        "received_at": _SECOND,
        "reason": pa.string(),
        "document": pa.binary(),
    },
    "build_events": {
        "region": _NAME,
        "build_id": pa.string(),
        "delivery_id": pa.string(),
        "project_id": pa.binary(16),
        "environment": _NAME,
        "service_id": pa.binary(16),
        "state": pa.int8(),
        "started_at": _SECOND,
        "finished_at": _SECOND,
        "received_at": _SECOND,
    },
}


class Kind(IntEnum):
    """What a refused part is."""

    REPORT = 1
    POD = 2
    NODE = 3
    BUILD = 4


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table of the ledger. The same `token` twice is one insert, whatever became of the first."""

    name: str
    table: pa.Table
    token: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where evidence is from, and when we got it (UTC milliseconds)."""

    region: str
    cluster: str
    received_ms: int

    @property
    def received_at(self) -> int:
        """The UTC second."""
        return self.received_ms // 1000


def digest(*parts: object) -> str:
    """64 hex digits of the content: the same parts, the same digits."""
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def sights(place: Place, source: Source, seen: Sequence[Sight]) -> Rows:
    """Observations of pods."""
    rows = [
        (*_at(place), uid, at, place.received_at, int(source), phase, cpu_m, memory_b, quality, namespace, pod, *others)
        for uid, namespace, pod, at, phase, cpu_m, memory_b, quality, *others in seen
    ]
    return _rows("pod_observations", rows, (place.region, place.cluster, int(source), list(map(tuple, seen))))


def registrations(place: Place, source: Source, tenants: Sequence[tuple[str, Tenant]]) -> Rows:
    """Whose pods are, by uid; what stands first of a pod is received first, for that holds."""
    told = [(uid, one.project_id, one.environment, one.service_id) for uid, one in tenants]
    before: Counter[str] = Counter()
    rows = []
    for uid, project, environment, service in told:
        received = place.received_ms + before[uid]
        before[uid] += 1
        rows.append((*_at(place), uid, received, UUID(project).bytes, environment, UUID(service).bytes, int(source)))
    return _rows("pod_registrations", rows, (place.region, place.cluster, told))


def documents(place: Place, observed_at: int, told: Sequence[tuple[str, str, str]]) -> Rows:
    """Pods' documents: uid, hash, text."""
    rows = ((*_at(place), uid, sha256, observed_at, place.received_at, text) for uid, sha256, text in told)
    return _rows("pod_documents", rows, (place.region, place.cluster, [one[:2] for one in told]))


def heartbeats(place: Place, source: Source, seconds: Sequence[int]) -> Rows:
    """When a cluster's collector was heard."""
    rows = ((*_at(place), int(source), second, place.received_at) for second in seconds)
    return _rows("heartbeats", rows, (place.region, place.cluster, int(source), list(seconds)))


def nodes(place: Place, told: Sequence[tuple[str, int, int, int]]) -> Rows:
    """What nodes can give: name, second, millicores, bytes."""
    rows = ((*_at(place), node, at, place.received_at, cpu, memory) for node, at, cpu, memory in told)
    return _rows("nodes", rows, (place.region, place.cluster, list(told)))


def refused(place: Place, told: Sequence[tuple[Kind, str, str, bytes]]) -> Rows:
    """What cannot be metered: what it is, of which pod or build, why, and the part as it came."""
    rows = [
        (*_at(place), int(kind), subject, hashlib.sha256(document).hexdigest(), place.received_at, reason, document)
        for kind, subject, reason, document in told
    ]
    return _rows("refused_evidence", rows, (place.region, place.cluster, [row[2:5] for row in rows]))


def builds(place: Place, told: Sequence[BuildTold]) -> Rows:
    """Reports about builds of one region."""
    rows = [
        (
            *(place.region, one.build_id, one.delivery_id, UUID(one.tenant.project_id).bytes, one.tenant.environment),
            *(UUID(one.tenant.service_id).bytes, int(one.state), one.started_at, one.finished_at, place.received_at),
        )
        for one in told
    ]
    content = [
        (
            *(one.build_id, one.delivery_id, one.tenant.project_id, one.tenant.environment, one.tenant.service_id),
            *(int(one.state), one.started_at, one.finished_at),
        )
        for one in told
    ]
    return _rows("build_events", rows, (place.region, content))


def _at(place: Place) -> tuple[str, str]:
    return place.region, place.cluster


def _rows(name: str, rows: Iterable[tuple[Any, ...]], content: tuple[object, ...]) -> Rows:
    schema = pa.schema(_SCHEMAS[name])
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [_array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return Rows(name, pa.Table.from_arrays(arrays, schema=schema), digest(name, *content))


def _array(column: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return pa.array(column, kind.value_type).dictionary_encode()
    if pa.types.is_timestamp(kind):
        return pa.array(column, pa.int64()).cast(kind)
    return pa.array(column, kind)
