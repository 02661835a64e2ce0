"""A record as the surface gives it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from query.logs import level, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NO_TRACE = "0" * 32

# Columns of a statement that reads records, by their place.
AT, ID = 3, 4


def record(row: Sequence[Any]) -> dict[str, object]:
    """The JSON object of a row that begins with the columns of `sql/logs/columns.sql`."""
    project, environment, service, at, number, severity, source, pod, container, trace, body, attributes = row[:12]
    return {
        "timestamp": moment.written(at),
        "id": f"{number:016x}",
        "project_id": str(project),
        "environment": environment,
        "service_id": str(service),
        "severity": level.name_of(severity),
        "source": source,
        "pod": pod,
        "container": container,
        "trace_id": None if trace == _NO_TRACE else trace,
        "body": body,
        "attributes": attributes,
    }


def distinct(rows: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
    """Rows without those that repeat the one before: a record that was stored twice is still one record."""
    kept: list[Sequence[Any]] = []
    for row in rows:
        if not kept or (kept[-1][AT], kept[-1][ID]) != (row[AT], row[ID]):
            kept.append(row)
    return kept
