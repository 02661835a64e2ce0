"""A row of usage: what it is found again by, and what the ledger is asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa  # type: ignore[import-untyped]

from billing.meter import Meter
from billing.surface.question import GROUPS, Source

if TYPE_CHECKING:
    from billing.hour import Period
    from billing.surface.question import Question
    from billing.surface.statement import Value

Key = tuple[str | int, ...]

# Before every row.
FIRST: Final[Key] = (0, "", "", "", "", "")
# Meters are always told apart: they have no common unit.
SHOWN: Final = tuple(name for name in GROUPS if name != "meter")
COLUMNS: Final = ("project_id", "environment", "service_id", "region", "meter")
UNITS: Final = {
    Meter.CPU: "millicore-seconds",
    Meter.MEMORY: "byte-seconds",
    Meter.BUILD: "seconds",
    Meter.VOLUME: "byte-seconds",
    Meter.EGRESS: "bytes",
    Meter.BUILD_CACHE: "byte-seconds",
}


def key_of(batch: pa.RecordBatch, row: int) -> Key:
    """The key of a row, by which a cursor finds it again."""
    texts = (batch[name][row].as_py() or "" for name in COLUMNS)
    return (batch["start"][row].cast(pa.int64()).as_py(), *texts)


def asked(question: Question, until: int, after: Key, period: Period | None = None) -> dict[str, Value]:
    """The parameters of `sql/ledger/tenant/usage.sql` for rows behind `after`; of another period where one is given."""
    span = question.period if period is None else period
    bounds: dict[str, Value] = {
        "start": span.start,
        "end": span.end,
        "grain": question.grain,
        "until": until,
        "estimates": int(question.source is Source.ESTIMATE),
        "changes": [],
        **{f"by_{name}": 1 for name in SHOWN},
        # Words of the statement, which has no literals of its own.
        "utc": "UTC",
        "estimate": "estimate",
        "any": "",
    }
    names = ("after", *(f"after_{name}" for name in GROUPS))
    return bounds | {name: getattr(question, name) for name in GROUPS} | dict(zip(names, after, strict=True))
