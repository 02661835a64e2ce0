"""What the control store keeps of every run: what it was told to do, under which fence, and what came out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import insert, select, update

from billing.accounts.moment import moment
from billing.runs.metered import RULES
from billing.schema import runs
from core.control import writing

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from billing.ledger.slice import Slice
    from billing.runs.lease import Fence
    from billing.runs.metered import Metered


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


def begin(engine: Engine, order: Order, fence: Fence, policy_sha256: str, now: int) -> str:
    """Record that a run begins; returns its id, which no other run ever has.

    Raises:
        Unavailable: the control store fails.
    """
    run_id = str(uuid4())
    row = {
        "id": run_id,
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
    with writing(engine) as connection:
        connection.execute(insert(runs).values(row))
    return run_id


def finish(
    connection: Connection, run_id: str, state: RunState, *, metered: Metered | None, message: str, now: int
) -> None:
    """Record what came out, within somebody's transaction."""
    told = {"state": state, "message": message, "finished_at": moment(now), **_outcome(metered)}
    connection.execute(update(runs).where(runs.c.id == run_id).values(told))


def _outcome(metered: Metered | None) -> dict[str, str | int]:
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


def inputs_of(connection: Connection, run_id: str) -> str:
    """The hash of what a run's rows follow from."""
    found: str = connection.execute(select(runs.c.inputs_sha256).where(runs.c.id == run_id)).scalar_one()
    return found
