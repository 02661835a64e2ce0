"""What the builder tells of a build: one signed delivery, checked for what is impossible.

What is only suspicious (an end before its start, a build of a day) is taken: metering puts it aside, where a person
sees it beside the other reports about the same build.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Final

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import BadRequest
from core.tenant import Tenant
from ingest.usage.pod_document import first_fault
from ingest.usage.pod_report import seconds

_Id = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[!-~]+$")]


class State(IntEnum):
    """Of a build, as the ledger's enumeration has them; the last three are final."""

    QUEUED = 1
    RUNNING = 2
    SUCCEEDED = 3
    FAILED = 4
    CANCELLED = 5


_STATES: Final = {state.name.lower(): state for state in State}


class _Build(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    id: _Id
    project_id: str
    environment: str
    service_id: str
    region: str = Field(max_length=63)
    state: str = Field(max_length=16)
    started_at: str | None = None
    finished_at: str | None = None


class _Delivery(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    delivery_id: _Id
    build: _Build


@dataclass(frozen=True, slots=True)
class BuildTold:
    """One report about a build; times are UTC seconds."""

    delivery_id: str
    build_id: str
    tenant: Tenant
    region: str
    state: State
    started_at: int | None
    finished_at: int | None


def read(body: bytes) -> BuildTold:
    """A delivery from a request's body.

    Raises:
        BadRequest: a field is missing, unknown or impossible; the message names it.
    """
    try:
        told = _Delivery.model_validate(orjson.loads(body))
    except orjson.JSONDecodeError as failure:
        raise BadRequest(f"body: not JSON ({failure.msg}); write one object with delivery_id and build") from None
    except ValidationError as failure:
        raise BadRequest(first_fault(failure)) from None
    build = told.build
    if build.state not in _STATES:
        raise BadRequest(f"build.state: {build.state!r} is unknown; use one of {', '.join(_STATES)}")
    try:
        tenant = Tenant(build.project_id, build.environment, build.service_id)
    except BadRequest as refusal:
        raise BadRequest(f"build.{refusal.message}") from None
    return BuildTold(
        delivery_id=told.delivery_id,
        build_id=build.id,
        tenant=tenant,
        region=build.region,
        state=_STATES[build.state],
        started_at=None if build.started_at is None else seconds(build.started_at, "build.started_at"),
        finished_at=None if build.finished_at is None else seconds(build.finished_at, "build.finished_at"),
    )
