"""What the ledger holds: whole amounts of one meter that one pod or build used in one UTC hour, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from billing.meter import Meter
from ingest.usage.sight import Quality

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import polars as pl

    from billing.ownership import Attribution

_SAMPLED: Final = (Meter.CPU, Meter.MEMORY)


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One row of the ledger; the first fields are its key. `quantity` counts the meter's base unit.

    `source_id`: the pod's uid or the build's id. Seconds: `running_s` are billed, and `interpolated_s` of them lie in
    holes of the evidence; `unbracketed_s` are not billed, since nobody saw the end. `quality` is the worst there was.
    """

    workspace_id: str
    project_id: str
    environment: str
    service_id: str
    region: str
    cluster: str
    hour: int
    meter: Meter
    source_id: str
    quantity: int
    node: str = ""
    running_s: int = 0
    interpolated_s: int = 0
    unbracketed_s: int = 0
    segments: int = 1
    quality: Quality = Quality.EXACT


_ORDER: Final = attrgetter(*(field.name for field in fields(UsageRow)))


def in_order(rows: Iterable[UsageRow]) -> list[UsageRow]:
    """Rows in the order of their fields: what depends on an order takes this one."""
    return sorted(rows, key=_ORDER)


def pod_usage(hours: pl.DataFrame, region: str, attribution: Attribution) -> Iterator[UsageRow]:
    """The ledger rows of a table of pod-hours: CPU and memory of each, in the table's order.

    A pod that nobody knows goes to the unattributed bucket; none is dropped.
    """
    for row in hours.iter_rows(named=True):
        owner = attribution.owner(row["cluster"], row["uid"], row["hour"])
        for meter in _SAMPLED:
            yield UsageRow(
                workspace_id=owner.workspace_id,
                project_id=owner.project_id,
                environment=owner.environment,
                service_id=owner.service_id,
                region=region,
                cluster=row["cluster"],
                hour=row["hour"],
                meter=meter,
                source_id=row["uid"],
                quantity=row[meter.value],
                node=row["node"],
                running_s=row["running_s"],
                interpolated_s=row["interpolated_s"],
                unbracketed_s=row["unbracketed_s"],
                segments=row["segments"],
                quality=Quality(row["quality"]),
            )
