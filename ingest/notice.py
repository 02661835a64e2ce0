"""What a tenant is told, in its own log view, of records that were left out: how many, of which time, and why.

What is left out is as durable as what is taken: it is written to the spool beside it, and becomes events when the file
is inserted. So nobody needs to remember it, and a file that is tried again makes the same events again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import pyarrow as pa  # type: ignore[import-untyped]

from core.tenant import Tenant
from ingest import level
from ingest.owner import owner_of, platform_owner
from ingest.rows import Records, record_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ingest.allowance import Limited

_NANO: Final = 1_000_000_000
_MILLI: Final = 1_000_000
# Where the event came from, in the columns that name a pod and its container.
_POD: Final = "starmeter"
_CONTAINER: Final = "ingest"

# What was left out of a tenant's records over one limit: how many records and bytes of them, from the time `first` to
# `last` (nanoseconds).
LIMITED: Final = pa.schema(
    {
        "project_id": pa.binary(16),
        "environment": pa.string(),
        "service_id": pa.binary(16),
        "source": pa.int8(),
        "retention_days": pa.uint16(),
        "reason": pa.string(),
        "first": pa.int64(),
        "last": pa.int64(),
        "records": pa.int64(),
        "bytes": pa.int64(),
    }
)
_KEY: Final = LIMITED.names[:6]


def table(limited: Iterable[Limited]) -> pa.Table:
    """A table of `LIMITED`, one row a tenant, source and reason."""
    found: dict[tuple[bytes, str], list[Limited]] = {}
    for one in limited:
        found.setdefault((one.owner.seed, one.reason), []).append(one)
    rows = []
    for these in found.values():
        owner = these[0].owner
        times = [one.timestamp for one in these]
        about = (owner.project, owner.tenant.environment, owner.service, owner.source, owner.retention_days)
        counted = (min(times), max(times), len(these), sum(one.size for one in these))
        rows.append((*about, these[0].reason, *counted))
    columns = [pa.array(values, kind.type) for values, kind in zip(zip(*rows, strict=True), LIMITED, strict=True)]
    return pa.Table.from_arrays(columns, schema=LIMITED)


def records(tables: Sequence[pa.Table], region: str, digest: str) -> Records:
    """The events of a file's tables of `LIMITED`: the same for the same `digest`, which is the file's content's."""
    told = pa.concat_tables(tables).group_by(_KEY, use_threads=False)
    sums = [("first", "min"), ("last", "max"), ("records", "sum"), ("bytes", "sum")]
    found = Records(region)
    for row in told.aggregate(sums).to_pylist():
        tenant = Tenant(str(UUID(bytes=row["project_id"])), row["environment"], str(UUID(bytes=row["service_id"])))
        own = platform_owner(owner_of(tenant, row["source"], row["retention_days"]))
        first, last = _text(row["first_min"]), _text(row["last_max"])
        body = (
            f"{row['records_sum']} log records ({row['bytes_sum']} bytes) between {first} and {last} were left out: "
            f"over {row['reason']} for a service in an environment"
        )
        found.append(
            own,
            record_id(own.seed, row["last_max"], _POD, _CONTAINER, b"", f"{body} {row['source']} {digest}"),
            row["last_max"],
            level.WARN,
            _POD,
            _CONTAINER,
            b"",
            b"",
            body,
            {
                "event": "records_limited",
                "records": str(row["records_sum"]),
                "bytes": str(row["bytes_sum"]),
                "first": first,
                "last": last,
                "reason": row["reason"],
            },
            "",
            False,
        )
    return found


def _text(nanoseconds: int) -> str:
    whole = datetime.fromtimestamp(nanoseconds // _NANO, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{nanoseconds % _NANO // _MILLI:03d}Z"
