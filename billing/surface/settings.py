"""What the pages of usage and invoices are configured with: the ledger's reader, the key of cursors, the caps."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from query.settings import Limits, QuerySettings


class UsageLimits(BaseModel):
    """Caps of one read. Counts, seconds and days."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(default=10_000, ge=1, le=100_000)
    export_rows: int = Field(default=5_000_000, ge=1)
    range_days: int = Field(default=400, ge=1)
    seconds: int = Field(default=30, ge=1, le=600)
    export_seconds: int = Field(default=600, ge=1, le=600)


class SurfaceSettings(BaseModel):
    """The table `[billing]` of the front-door's configuration.

    `ledger_url` is the ledger's ClickHouse without a credential, `ledger_user` its reader, which is held to one
    workspace (sql/server/ledger.sql). `cursor_key` is the same on all front-doors. `concurrency` caps one workspace's
    reads.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ledger_url: str = Field(pattern=r"^https?://[^@\s]+$")
    ledger_user: str = "reader"
    ledger_password: SecretStr
    cursor_key: SecretStr = Field(min_length=32)
    limits: UsageLimits = UsageLimits()
    concurrency: Limits = Limits(concurrency=4, queue=16)
    probe_seconds: float = Field(default=60.0, gt=0)


class FrontDoorSettings(QuerySettings):
    """The front-door's configuration with this part; without `[billing]` the pages are not there."""

    billing: SurfaceSettings | None = None
