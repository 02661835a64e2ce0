"""Records as an Arrow table of the store's own columns, and the ids that their content gives them."""

from __future__ import annotations

from hashlib import blake2b
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ingest.owner import Owner

NO_TRACE: Final = bytes(16)
NO_SPAN: Final = bytes(8)
# Whether the store must be asked for a record before it is inserted; never sent to the store itself.
DOUBTFUL: Final = "doubtful"

# The attribute that tells by which of a program's streams a record came.
STREAM: Final = "stream"

NAME: Final = pa.dictionary(pa.int32(), pa.string())

# What stands before a record's texts when its id is made: its time, and how long each of them is. So no text can pass
# for the end of one and the beginning of the next.
_HEAD: Final = Struct("<q4I")
_HEADS: Final = np.dtype([("moment", "<i8"), ("sizes", "<u4", 4)])

# When a record came into the store is stamped by the store itself: only so does it stand behind what a live tail has
# already shown, however long the record waited in the spool.
RECORDS: Final = pa.schema(
    {
        "project_id": pa.binary(16),
        "environment": NAME,
        "service_id": pa.binary(16),
        "retention_days": pa.uint16(),
        "timestamp": pa.timestamp("ns", "UTC"),
        "id": pa.uint64(),
        "source": pa.int8(),
        "severity": pa.uint8(),
        "region": NAME,
        "pod": NAME,
        "container": NAME,
        "trace_id": pa.binary(16),
        "span_id": pa.binary(8),
        "body": pa.string(),
        "attributes": pa.map_(pa.string(), pa.string()),
        DOUBTFUL: pa.bool_(),
    }
)


def record_id(  # noqa: PLR0917 - called once a record: names would cost
    seed: bytes,
    timestamp: int,
    pod: str,
    container: str,
    trace: bytes,
    body: str,
    stream: str = "",
    severity: int = 0,
    extra: Mapping[str, str] = {},
) -> int:
    """The 64 bits by which a record delivered again is the same record: its tenant and all that is stored of it.

    `trace`, `severity` and `extra` are what the format says beside the text; what the text says is told by itself.
    """
    texts = pod.encode(), container.encode(), stream.encode(), body.encode()
    said = b"".join((seed, _HEAD.pack(timestamp, *map(len, texts)), *texts))
    if trace or severity or extra:
        # The order of attributes says nothing.
        said += orjson.dumps((trace.hex(), severity, extra), option=orjson.OPT_SORT_KEYS)
    return int.from_bytes(blake2b(said, digest_size=8).digest(), "little")


def record_ids(  # noqa: PLR0917 - in the order of `record_id`
    seeds: pa.BinaryArray,
    moments: pa.Int64Array,
    pods: pa.StringArray,
    containers: pa.StringArray,
    bodies: pa.StringArray,
    streams: pa.StringArray,
) -> NDArray[np.uint64]:
    """The same of records in columns, whose format says nothing beside the text."""
    texts = (pods, containers, streams, bodies)
    heads = np.empty(len(moments), _HEADS)
    heads["moment"] = moments.to_numpy()
    for place, column in enumerate(texts):
        heads["sizes"][:, place] = pc.binary_length(column).to_numpy()
    first = pa.FixedSizeBinaryArray.from_buffers(pa.binary(_HEAD.size), len(heads), [None, pa.py_buffer(heads)])
    joined = (column.cast(pa.binary()) for column in (first, *texts))
    said = pc.binary_join_element_wise(seeds, *joined, b"").to_pylist()
    return np.frombuffer(b"".join([blake2b(one, digest_size=8).digest() for one in said]), "<u8")


class Records:
    """Accepted records of one region, of which some may be a table already."""

    def __init__(self, region: str) -> None:
        self._region = region
        self.ids: list[int] = []
        self._tables: list[pa.Table] = []
        # One tuple a record, in the order of `append`; their attributes lie beside them, end to end.
        self._rows: list[tuple[Any, ...]] = []
        self._offsets: list[int] = [0]
        self._names: list[str] = []
        self._values: list[str] = []

    def __len__(self) -> int:
        return len(self.ids)

    def append(  # noqa: PLR0917 - the columns in their order
        self,
        owner: Owner,
        number: int,
        timestamp: int,
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
        """Add a record; `timestamp` is in nanoseconds, `stream` one more attribute."""
        self.ids.append(number)
        self._rows.append(
            (
                owner,
                number,
                timestamp,
                severity,
                pod,
                container,
                trace_id or NO_TRACE,
                span_id or NO_SPAN,
                body,
                doubtful,
            )
        )
        if attributes:
            self._names.extend(attributes)
            self._values.extend(attributes.values())
        if stream and STREAM not in attributes:
            self._names.append(STREAM)
            self._values.append(stream)
        self._offsets.append(len(self._names))

    def append_table(self, table: pa.Table, ids: list[int]) -> None:
        """Add the records of a table of `RECORDS` with their ids."""
        self._tables.append(table)
        self.ids.extend(ids)

    def extend(self, other: Records) -> None:
        """Add all of another's records."""
        base = self._offsets[-1]
        self._offsets.extend([base + offset for offset in other._offsets[1:]])
        for name in ("ids", "_tables", "_rows", "_names", "_values"):
            getattr(self, name).extend(getattr(other, name))

    def table(self) -> pa.Table:
        """The Arrow table of `RECORDS`."""
        tables = [*self._tables, self._of_rows()] if self._rows else self._tables
        return pa.concat_tables(tables).unify_dictionaries()

    def _of_rows(self) -> pa.Table:
        of, ids, timestamps, severities, pods, containers, traces, spans, bodies, doubtful = zip(
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
                pa.array(ids, pa.uint64()),
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
