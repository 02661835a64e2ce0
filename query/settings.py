"""What the front-door is configured with: addresses, regions, and the caps that keep one tenant from another's way."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from core.region import Region  # noqa: TC001 - pydantic needs it at run time
from core.tenant import is_canonical_id
from query.logs.settings import LogSettings  # noqa: TC001 - pydantic needs it at run time


class Limits(BaseModel):
    """Caps of one tenant's reads. Counts, bytes and seconds; a project's own table overrides single keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    concurrency: int = Field(default=8, ge=1)
    queue: int = Field(default=32, ge=0)
    queue_seconds: float = Field(default=2.0, ge=0)
    query_bytes: int = Field(default=16 * 1024, ge=1)
    points: int = Field(default=11_000, ge=1)
    range_days: float = Field(default=90.0, gt=0)
    series: int = Field(default=10_000, ge=1)
    label_values: int = Field(default=40_000, ge=1)
    matches: int = Field(default=32, ge=1)
    response_bytes: int = Field(default=256 * 1024 * 1024, ge=1024)
    timeout_seconds: float = Field(default=30.0, gt=0)
    stream_seconds: float = Field(default=300.0, gt=0)


class QuerySettings(BaseModel):
    """The front-door's configuration file.

    `audit_log` is a file that audit lines are appended to (standard output when absent). `canary_seconds` is the time
    between two isolation canaries of a healthy region; `access_seconds` is how long an authorisation is remembered,
    hence how fast a revocation works. `connections` is how many clients may be connected at once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    listen: str = "127.0.0.1:8480"
    control_store: SecretStr
    audit_log: str | None = None
    regions: tuple[Region, ...]
    limits: Limits = Limits()
    logs: LogSettings | None = None
    project_limits: dict[str, Limits] = {}
    connections: int = Field(default=10_000, ge=1)
    retention_days: float = Field(default=90.0, gt=0)
    canary_seconds: float = Field(default=60.0, gt=0)
    access_seconds: float = Field(default=2.0, ge=0, le=3.0)
    connect_seconds: float = Field(default=1.0, gt=0)

    @model_validator(mode="before")
    @classmethod
    def _complete_project_limits(cls, raw: object) -> object:
        """A project's table names what differs; the rest is as for everyone."""
        if not isinstance(raw, dict) or not isinstance(raw.get("project_limits"), dict):
            return raw
        limits = raw.get("limits")
        common = limits if isinstance(limits, dict) else {}
        tables = raw["project_limits"].items()
        completed = {name: {**common, **table} if isinstance(table, dict) else table for name, table in tables}
        return {**raw, "project_limits": completed}

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if not self.regions:
            raise ValueError("regions: give at least one")
        names = [region.name for region in self.regions]
        if len(names) != len(set(names)):
            raise ValueError("regions: two regions have the same name")
        host, _, port = self.listen.rpartition(":")
        if not host or not port.isascii() or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - the highest port
            raise ValueError("listen: write it as host:port")
        for project_id in self.project_limits:
            if not is_canonical_id(project_id):
                raise ValueError(f"project_limits: {project_id} is not a canonical project id")
        return self

    def limits_of(self, project_id: str) -> Limits:
        """The caps of one project: its own where given, the common ones otherwise."""
        return self.project_limits.get(project_id, self.limits)
