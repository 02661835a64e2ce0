"""What the control store keeps of every run: what it was told to do, under which fence, and what came out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import bindparam, insert, update

from billing.accounts.moment import moment
from billing.runs.metered import RULES
from billing.schema import runs
from core.control import writing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Engine

    from billing.ledger.slice import Slice
    from billing.runs.lease import Fence
    from billing.runs.metered import Metered
    from billing.runs.outcome import Outcome


class RunKind(StrEnum):
    """Why a slice is run: it is due, somebody asks for it again, or it is not over yet."""

    HOURLY = "hourly"
    BACKFILL = "backfill"
    ESTIMATE = "estimate"


class RunState(StrEnum):
    """What became of a run; `UNCHANGED`: what is published already follows from the same inputs."""

    RUNNING = "running"
    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    BLOCKED = "blocked"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Order:
    """A run to be made: `as_of` is the UTC second before which evidence must have been received to count."""

    slice: Slice
    kind: RunKind
    as_of: int


def begin(engine: Engine, orders: Sequence[Order], fence: Fence, policy_sha256: str, now: int) -> list[str]:
    """Record that runs begin; returns their ids, which no other run ever has, in the order of the orders.

    Raises:
        Unavailable: the control store fails.
    """
    rows = [
        {
            "id": str(uuid4()),
            "kind": order.kind,
            "region": order.slice.region,
            "cluster": order.slice.cluster,
            "hour": moment(order.slice.hour),
            "as_of": moment(order.as_of),
            "state": RunState.RUNNING,
            "fence": fence.number,
            "rules": RULES,
            "policy_sha256": policy_sha256,
            "started_at": moment(now),
            **_outcome(None),
            "message": "",
        }
        for order in orders
    ]
    with writing(engine) as connection:
        connection.execute(insert(runs), rows)
    return [row["id"] for row in rows]


def finish(connection: Connection, ended: Iterable[tuple[str, Outcome]], now: int) -> None:
    """Record what came out of runs, by their ids, within somebody's transaction."""
    rows = [
        {
            "run": run_id,
            "as_of": moment(outcome.order.as_of),
            "state": outcome.state,
            "message": outcome.message,
            "finished_at": moment(now),
            **_outcome(outcome.metered),
        }
        for run_id, outcome in ended
    ]
    if rows:
        connection.execute(update(runs).where(runs.c.id == bindparam("run")), rows)


def _outcome(metered: Metered | None) -> dict[str, Any]:
    remarks = None if metered is None else metered.remarks
    return {
        "inputs_sha256": "" if metered is None else metered.inputs_sha256,
        "rows_sha256": "" if metered is None else metered.rows_sha256,
        "rows": 0 if metered is None else metered.usage.height,
        "quarantined": 0 if remarks is None else len(remarks.quarantined),
        "quarantined_builds": 0 if remarks is None else len(remarks.quarantined_builds),
        "mismatched": 0 if remarks is None else len(remarks.mismatched),
        "unattributed": 0 if remarks is None else len(remarks.unattributed),
    }


def abandon(connection: Connection, fence: Fence, now: int) -> int:
    """Record that runs of earlier holders, which are gone, will not end; returns how many there were."""
    lost = update(runs).where(runs.c.state == RunState.RUNNING, runs.c.fence < fence.number)
    told = {"state": RunState.FAILED, "finished_at": moment(now), "message": "its runner ended before it did"}
    return connection.execute(lost.values(told)).rowcount
