"""Where a workspace wants its usage delivered, as the control store knows it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from sqlalchemy import delete, insert, select, update

from billing.accounts.moment import moment, seconds
from billing.accounts.workspaces import require_workspace
from billing.hour import DAY, iso
from billing.schema import deliveries
from core import field
from core.control import reading, writing
from core.errors import BadRequest, NotFound

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Engine

FORMATS: Final = ("parquet", "csv", "ndjson", "arrow")

_BUCKET: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{1,61}[a-z0-9])", re.ASCII)
_PREFIX: Final = re.compile(r"(?:[A-Za-z0-9_=-][A-Za-z0-9_.=-]*(?:/[A-Za-z0-9_=-][A-Za-z0-9_.=-]*)*)?", re.ASCII)
_WORD: Final = re.compile(r"[A-Za-z0-9_-]{1,63}", re.ASCII)
_KEY: Final = re.compile(r"[A-Za-z0-9_./+=-]{1,200}", re.ASCII)
_MOST_PREFIX: Final = 400


@dataclass(frozen=True, slots=True)
class Target:
    """A delivery: `secret_key` is the secret's name, never the secret; all days before `delivered_until` are there.

    `message` says why the last delivery failed; it is empty when it did not.
    """

    id: str
    workspace_id: str
    name: str
    endpoint: str
    bucket: str
    prefix: str
    region: str
    access_key_id: str
    secret_key: str
    format: str
    delivered_until: int
    message: str = ""


class Targets:
    """Deliveries in the control store; all raise `Unavailable` when it does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, target: Target) -> Target:
        """Keep a delivery; its id is made here, and `delivered_until` says with which day it begins.

        Raises:
            BadRequest: a field is malformed, or the workspace has one of that name.
            NotFound: no such workspace.
        """
        _require_well_formed(target)
        row: dict[str, Any] = {
            "id": str(uuid4()),
            "workspace_id": target.workspace_id,
            "name": field.name(target.name),
            "endpoint": target.endpoint,
            "bucket": target.bucket,
            "prefix": target.prefix,
            "region": target.region,
            "access_key_id": target.access_key_id,
            "secret_key": target.secret_key,
            "format": target.format,
            "delivered_until": moment(target.delivered_until),
            "message": "",
        }
        with writing(self._engine) as connection:
            require_workspace(connection, target.workspace_id)
            there = _named(target.workspace_id, row["name"])
            if connection.execute(select(deliveries.c.id).where(there)).first():
                raise BadRequest(f"name: the workspace has a delivery {row['name']!r}; remove it or choose another")
            connection.execute(insert(deliveries).values(row))
        return next(each for each in self.all() if each.id == row["id"])

    def remove(self, workspace_id: str, name: str) -> None:
        """Deliver no more; what was delivered stays in the bucket.

        Raises:
            NotFound: the workspace has none of that name.
        """
        with writing(self._engine) as connection:
            if not connection.execute(delete(deliveries).where(_named(workspace_id, name))).rowcount:
                raise NotFound("delivery: the workspace has none of that name; see `starmeter billing delivery list`")

    def all(self, workspace_id: str | None = None) -> tuple[Target, ...]:
        """A workspace's deliveries, or every one's, by workspace and name."""
        statement = select(deliveries).order_by(deliveries.c.workspace_id, deliveries.c.name)
        if workspace_id is not None:
            statement = statement.where(deliveries.c.workspace_id == workspace_id)
        with reading(self._engine) as connection:
            found = connection.execute(statement).mappings().all()
        return tuple(Target(**{**row, "delivered_until": seconds(row["delivered_until"])}) for row in found)

    def note(self, target_id: str, *, until: int | None = None, message: str = "") -> None:
        """Write down how far a delivery has come, or why it failed; it never goes back."""
        there = deliveries.c.id == target_id
        with writing(self._engine) as connection:
            connection.execute(update(deliveries).where(there).values(message=message))
            if until is not None:
                earlier = deliveries.c.delivered_until < moment(until)
                connection.execute(update(deliveries).where(there, earlier).values(delivered_until=moment(until)))


def _named(workspace_id: str, name: str) -> ColumnElement[bool]:
    return (deliveries.c.workspace_id == workspace_id) & (deliveries.c.name == name)


def _require_well_formed(target: Target) -> None:
    for name, form, value in (
        ("bucket", _BUCKET, target.bucket),
        ("prefix", _PREFIX, target.prefix),
        ("region", _WORD, target.region),
        ("access_key_id", _KEY, target.access_key_id),
        ("secret_key", _WORD, target.secret_key),
    ):
        if form.fullmatch(value) is None or len(value) > _MOST_PREFIX:
            raise BadRequest(f"{name}: {value[:40]!r} is none; use letters, digits, hyphens and, in a prefix, slashes")
    if target.format not in FORMATS:
        raise BadRequest(f"format: must be one of {', '.join(FORMATS)}")
    if target.delivered_until % DAY:
        raise BadRequest(f"since: {iso(target.delivered_until)} is within a day; use the beginning of a UTC day")
