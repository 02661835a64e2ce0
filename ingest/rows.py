"""Records and dead letters as Arrow tables of the store's own columns, and the ids that their content gives them."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import pyarrow as pa  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.entry import LetterReason, Protocol
    from ingest.owner import Owner

_NO_TRACE: Final = bytes(16)
_NO_SPAN: Final = bytes(8)
# Whether the store must be asked for a record before it is inserted; never sent to the store itself.
DOUBTFUL: Final = "doubtful"

_NAME: Final = pa.dictionary(pa.int32(), pa.string())

RECORDS: Final = pa.schema(
    {
        "project_id": pa.binary(16),
        "environment": _NAME,
        "service_id": pa.binary(16),
        "retention_days": pa.uint16(),
        "timestamp": pa.timestamp("ns", "UTC"),
        "id": pa.uint64(),
        "ingested_at": pa.timestamp("ms", "UTC"),
        "source": pa.int8(),
        "severity": pa.uint8(),
        "region": _NAME,
        "pod": _NAME,
        "container": _NAME,
        "trace_id": pa.binary(16),
        "span_id": pa.binary(8),
        "body": pa.string(),
        "attributes": pa.map_(pa.string(), pa.string()),
        DOUBTFUL: pa.bool_(),
    }
)
LETTERS: Final = pa.schema(
    {
        "received_at": pa.timestamp("ms", "UTC"),
        "id": pa.uint64(),
        "reason": _NAME,
        "detail": pa.string(),
        "region": _NAME,
        "cluster": _NAME,
        "protocol": _NAME,
        "payload": pa.binary(),
        "replayed_at": pa.timestamp("ms", "UTC"),
        "revision": pa.uint32(),
    }
)


def record_id(  # noqa: PLR0917 - called once a record: names would cost
    seed: bytes, timestamp: int, pod: str, container: str, trace: bytes, body: str
) -> int:
    """The 64 bits by which a record delivered again is the same record: its tenant, time, place and text."""
    place = f"{timestamp}\0{pod}\0{container}\0".encode()
    digest = blake2b(seed + place + trace + body.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def letter_id(cluster: str, protocol: Protocol, payload: bytes) -> int:
    """The same for what could not be made a record."""
    digest = blake2b(f"{cluster}\0{protocol.value}\0".encode() + payload, digest_size=8).digest()
    return int.from_bytes(digest, "little")


class Records:
    """Accepted records of one region, column by column."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._owners: list[Owner] = []
        self._timestamps: list[int] = []
        self.ids: list[int] = []
        self._ingested: list[int] = []
        self._severities: list[int] = []
        self._pods: list[str] = []
        self._containers: list[str] = []
        self._traces: list[bytes] = []
        self._spans: list[bytes] = []
        self._bodies: list[str] = []
        self._offsets: list[int] = [0]
        self._names: list[str] = []
        self._values: list[str] = []
        self._doubtful: list[bool] = []

    def __len__(self) -> int:
        return len(self.ids)

    def append(  # noqa: PLR0917 - the columns in their order
        self,
        owner: Owner,
        number: int,
        timestamp: int,
        ingested: int,
        severity: int,
        pod: str,
        container: str,
        trace_id: bytes,
        span_id: bytes,
        body: str,
        attributes: Mapping[str, str],
        *,
        doubtful: bool,
    ) -> None:
        """Add a record; `timestamp` is in nanoseconds, `ingested` in milliseconds."""
        self._owners.append(owner)
        self.ids.append(number)
        self._timestamps.append(timestamp)
        self._ingested.append(ingested)
        self._severities.append(severity)
        self._pods.append(pod)
        self._containers.append(container)
        self._traces.append(trace_id or _NO_TRACE)
        self._spans.append(span_id or _NO_SPAN)
        self._bodies.append(body)
        self._names.extend(attributes)
        self._values.extend(attributes.values())
        self._offsets.append(len(self._names))
        self._doubtful.append(doubtful)

    def extend(self, other: Records) -> None:
        """Add all of another's records."""
        base = self._offsets[-1]
        self._offsets.extend(base + offset for offset in other._offsets[1:])
        for name in self.__dict__:
            if name not in {"_region", "_offsets"}:
                getattr(self, name).extend(getattr(other, name))

    def table(self) -> pa.Table:
        """The Arrow table of `RECORDS`."""
        owners = self._owners
        count = len(owners)
        return pa.Table.from_arrays(
            [
                pa.array([owner.project for owner in owners], pa.binary(16)),
                pa.array([owner.tenant.environment for owner in owners], pa.string()).dictionary_encode(),
                pa.array([owner.service for owner in owners], pa.binary(16)),
                pa.array([owner.retention_days for owner in owners], pa.uint16()),
                pa.array(self._timestamps, pa.int64()).cast(pa.timestamp("ns", "UTC")),
                pa.array(self.ids, pa.uint64()),
                pa.array(self._ingested, pa.int64()).cast(pa.timestamp("ms", "UTC")),
                pa.array([owner.source for owner in owners], pa.int8()),
                pa.array(self._severities, pa.uint8()),
                pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), pa.array([self._region])),
                pa.array(self._pods, pa.string()).dictionary_encode(),
                pa.array(self._containers, pa.string()).dictionary_encode(),
                pa.array(self._traces, pa.binary(16)),
                pa.array(self._spans, pa.binary(8)),
                pa.array(self._bodies, pa.string()),
                pa.MapArray.from_arrays(
                    pa.array(self._offsets, pa.int32()),
                    pa.array(self._names, pa.string()),
                    pa.array(self._values, pa.string()),
                ),
                pa.array(self._doubtful, pa.bool_()),
            ],
            schema=RECORDS,
        )


class Letters:
    """Dead letters of one region."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._rows: list[dict[str, object]] = []
        self.ids: list[int] = []

    def __len__(self) -> int:
        return len(self.ids)

    def append(  # noqa: PLR0917 - the columns in their order
        self,
        number: int,
        received: int,
        reason: LetterReason,
        detail: str,
        cluster: str,
        protocol: Protocol,
        payload: bytes,
    ) -> None:
        """Add a letter; `received` is in milliseconds."""
        self.ids.append(number)
        self._rows.append(
            {
                "received_at": received,
                "id": number,
                "reason": reason.value,
                "detail": detail,
                "region": self._region,
                "cluster": cluster,
                "protocol": protocol.value,
                "payload": payload,
                "replayed_at": None,
                "revision": 0,
            }
        )

    def extend(self, other: Letters) -> None:
        """Add all of another's letters."""
        self.ids.extend(other.ids)
        self._rows.extend(other._rows)

    def table(self) -> pa.Table:
        """The Arrow table of `LETTERS`."""
        columns = [pa.array([row[field.name] for row in self._rows], field.type) for field in LETTERS]
        return pa.Table.from_arrays(columns, schema=LETTERS)
