"""Records and dead letters as Arrow tables of the store's own columns, and the ids that their content gives them."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

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
    said = f"{timestamp}\0{pod}\0{container}\0{body}".encode()
    return int.from_bytes(blake2b(seed + said + trace, digest_size=8).digest(), "little")


def letter_id(cluster: str, protocol: Protocol, payload: bytes) -> int:
    """The same for what could not be made a record."""
    digest = blake2b(f"{cluster}\0{protocol.value}\0".encode() + payload, digest_size=8).digest()
    return int.from_bytes(digest, "little")


class Records:
    """Accepted records of one region."""

    def __init__(self, region: str) -> None:
        self._region = region
        self.ids: list[int] = []
        # One tuple a record, in the order of `append`; their attributes lie beside them, end to end.
        self._rows: list[tuple[Any, ...]] = []
        self._offsets: list[int] = [0]
        self._names: list[str] = []
        self._values: list[str] = []

    def __len__(self) -> int:
        return len(self._rows)

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
        stream: str,
        doubtful: bool,
    ) -> None:
        """Add a record; `timestamp` is in nanoseconds, `ingested` in milliseconds, `stream` one more attribute."""
        self.ids.append(number)
        self._rows.append(
            (
                owner,
                timestamp,
                ingested,
                severity,
                pod,
                container,
                trace_id or _NO_TRACE,
                span_id or _NO_SPAN,
                body,
                doubtful,
            )
        )
        if attributes:
            self._names.extend(attributes)
            self._values.extend(attributes.values())
        if stream and "stream" not in attributes:
            self._names.append("stream")
            self._values.append(stream)
        self._offsets.append(len(self._names))

    def extend(self, other: Records) -> None:
        """Add all of another's records."""
        base = self._offsets[-1]
        self._offsets.extend([base + offset for offset in other._offsets[1:]])
        for name in ("ids", "_rows", "_names", "_values"):
            getattr(self, name).extend(getattr(other, name))

    def table(self) -> pa.Table:
        """The Arrow table of `RECORDS`."""
        of, timestamps, ingested, severities, pods, containers, traces, spans, bodies, doubtful = zip(
            *self._rows, strict=True
        )
        numbers: dict[Owner, int] = {}
        # Few owners have many records: their columns are looked up, not written out.
        at = pa.array([numbers.setdefault(owner, len(numbers)) for owner in of], pa.int32())
        owners = list(numbers)
        count = len(of)
        return pa.Table.from_arrays(
            [
                pa.array([owner.project for owner in owners], pa.binary(16)).take(at),
                pa.array([owner.tenant.environment for owner in owners], pa.string()).take(at).dictionary_encode(),
                pa.array([owner.service for owner in owners], pa.binary(16)).take(at),
                pa.array([owner.retention_days for owner in owners], pa.uint16()).take(at),
                pa.array(timestamps, pa.int64()).cast(pa.timestamp("ns", "UTC")),
                pa.array(self.ids, pa.uint64()),
                pa.array(ingested, pa.int64()).cast(pa.timestamp("ms", "UTC")),
                pa.array([owner.source for owner in owners], pa.int8()).take(at),
                pa.array(severities, pa.uint8()),
                pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), pa.array([self._region])),
                pa.array(pods, pa.string()).dictionary_encode(),
                pa.array(containers, pa.string()).dictionary_encode(),
                pa.array(traces, pa.binary(16)),
                pa.array(spans, pa.binary(8)),
                pa.array(bodies, pa.string()),
                pa.MapArray.from_arrays(
                    pa.array(self._offsets, pa.int32()),
                    pa.array(self._names, pa.string()),
                    pa.array(self._values, pa.string()),
                ),
                pa.array(doubtful, pa.bool_()),
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
