"""What an ingest process is configured with: its regions' stores, its spool, and what each tenant may log."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from core.tenant import is_canonical_id
from ingest.allowance import Limits
from ingest.quota import LetterLimits
from ingest.usage.settings import UsageSettings  # noqa: TC001 - pydantic reads it


class LogRegion(BaseModel):
    """A region that records are taken for. `logs_url` is its log store's with the writer's user and password."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$")
    logs_url: SecretStr


class IngestSettings(BaseModel):
    """The configuration file.

    `spool` is a folder of this process alone; each region's part of it may have `spool_bytes`. A batch is inserted at
    `batch_records` or `batch_bytes`, or `batch_seconds` after its first record. `request_bytes` bounds a body,
    decompressed, and `record_bytes` a record's body. `remembered_records` of each region are kept in mind to tell
    duplicates; one older than `recheck_seconds` at its arrival is looked up in the store besides. `retention_days`
    are by the environments' tiers; `letter_limits` are what each cluster may have kept as dead letters;
    `access_seconds` is how long answers of the control store are remembered.
    Evidence of usage is taken where there is a table `[usage]`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    listen: str = "127.0.0.1:8481"
    control_store: str
    spool: str
    regions: tuple[LogRegion, ...] = Field(min_length=1)
    spool_bytes: int = Field(default=1 << 30, ge=1)
    batch_records: int = Field(default=50_000, ge=1_000)
    batch_bytes: int = Field(default=16 << 20, ge=1 << 16)
    batch_seconds: float = Field(default=1.0, ge=0.05, le=60)
    request_bytes: int = Field(default=20 << 20, ge=1_024)
    record_bytes: int = Field(default=256 << 10, ge=1_024)
    queue_bytes: int = Field(default=128 << 20, ge=1_024)
    remembered_records: int = Field(default=1_000_000, ge=2)
    recheck_seconds: int = Field(default=30, ge=0)
    ahead_seconds: int = Field(default=3_600, ge=0)
    retention_days: dict[str, int] = {"standard": 30}
    default_retention_days: int = Field(default=30, ge=1, le=3_650)
    limits: Limits = Limits()
    project_limits: dict[str, Limits] = {}
    letter_limits: LetterLimits = LetterLimits()
    access_seconds: float = Field(default=5.0, ge=0)
    token_seconds: float = Field(default=2.0, ge=0, le=5.0)
    drain_seconds: float = Field(default=20.0, ge=0)
    usage: UsageSettings | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        names = [region.name for region in self.regions]
        if len(names) != len(set(names)):
            raise ValueError("regions: two regions have the same name")
        host, _, port = self.listen.rpartition(":")
        if not host or not port.isascii() or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - the highest port
            raise ValueError("listen: write it as host:port")
        for tier, days in self.retention_days.items():
            if not 1 <= days <= 3_650:  # noqa: PLR2004 - ten years
                raise ValueError(f"retention_days.{tier}: write 1 to 3650 days")
        for project_id in self.project_limits:
            if not is_canonical_id(project_id):
                raise ValueError(f"project_limits: {project_id} is not a canonical project id")
        return self
