"""What log reads are configured with: each region's log store, the key that signs cursors, the caps of a read."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


class LogStoreSettings(BaseModel):
    """One region's ClickHouse as the front-door reaches it: `url` without a credential, `user` is the locked reader."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: str
    url: str
    user: str = "reader"
    password: SecretStr


class LogLimits(BaseModel):
    """Caps of one read. Counts, bytes and seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: int = Field(default=20, ge=1, le=600)
    rows_to_read: int = Field(default=50_000_000, ge=1)
    bytes_to_read: int = Field(default=20 * 1024**3, ge=1)
    answer_bytes: int = Field(default=64 * 1024**2, ge=1024)
    records: int = Field(default=1_000, ge=1, le=10_000)
    range_days: float = Field(default=90.0, gt=0)
    buckets: int = Field(default=2_000, ge=1)
    export_records: int = Field(default=5_000_000, ge=1)
    export_seconds: int = Field(default=600, ge=1, le=600)
    tails: int = Field(default=10, ge=1)
    tail_seconds: float = Field(default=3_600.0, gt=0)
    tail_lag_seconds: float = Field(default=60.0, gt=0)


class LogSettings(BaseModel):
    """The log part of the front-door's configuration.

    `cursor_key` is the same on all front-doors, or a page begun at one cannot be continued at another. A live tail
    shows a record `settle_seconds` after the store stamped it, by when it is mostly visible in the order of the stamps.
    One that becomes visible later is shown out of turn, up to `late_seconds` after its stamp: longer than an insert may
    take (a writer's `max_execution_time`), and than the clocks of front-doors and stores are apart. Between two reads,
    it asks every `check_seconds` whether the caller still may; the answer is one for all of a credential's tails, and
    remembered as for other reads.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stores: tuple[LogStoreSettings, ...] = Field(min_length=1)
    cursor_key: SecretStr = Field(min_length=32)
    limits: LogLimits = LogLimits()
    probe_seconds: float = Field(default=60.0, gt=0)
    settle_seconds: float = Field(default=0.3, ge=0.1, le=30)
    late_seconds: float = Field(default=90.0, ge=1, le=600)
    poll_seconds: float = Field(default=0.5, ge=0.05, le=10)
    check_seconds: float = Field(default=1.0, gt=0, le=2)
    heartbeat_seconds: float = Field(default=15.0, gt=0)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        names = [store.region for store in self.stores]
        if len(names) != len(set(names)):
            raise ValueError("stores: two log stores are of the same region")
        return self
