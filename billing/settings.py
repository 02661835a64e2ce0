"""What the billing process is configured with: its stores, regions to collect from, how it meters, when it runs."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from billing.accounts.settings import SupplierSettings, WebhookSettings
from billing.delivery.settings import DeliverySettings
from billing.evidence.collector import MARGIN
from billing.hour import DAY, HOUR, parse
from billing.policy import MeteringPolicy, Tail
from core.errors import BadRequest
from core.region import Region  # noqa: TC001 - pydantic reads it
from ingest.usage.settings import FloorSettings


class PolicySettings(BaseModel):
    """The table `[policy]`: `billing.policy.MeteringPolicy` as finance may set it. All in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scrape_interval_s: int = Field(default=30, ge=1, le=300)
    max_gap_s: int = Field(default=150, ge=1, le=3_600)
    tail: Tail = Tail.NONE
    bill_pending: bool = False
    skew_s: int = Field(default=300, ge=0, le=3_600)
    longest_build_s: int = Field(default=6 * 3_600, ge=1)

    @model_validator(mode="after")
    def _divides_an_hour(self) -> Self:
        if HOUR % self.scrape_interval_s:
            raise ValueError("scrape_interval_s: does not divide an hour; use such as 15, 30 or 60")
        return self

    @property
    def metering(self) -> MeteringPolicy:
        """As the arithmetic takes it."""
        return MeteringPolicy(**self.model_dump())


class ScheduleSettings(BaseModel):
    """The table `[schedule]`, in seconds.

    An hour is metered `margin_s` after its end, so that what brackets it has arrived; every `interval_s` it is looked
    what is due; the hour that runs is estimated every `estimate_s` (0: never). A runner that dies is succeeded after
    `lease_s`; an hour that a law of conservation blocks is tried again after `retry_s`. Published hours of the last
    `look_back_s` are run again when agents or builders tell more of them. Budgets are checked every `budgets_s`,
    deliveries that are due are made every `deliveries_s`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    margin_s: int = Field(default=900, ge=MARGIN)
    interval_s: int = Field(default=60, ge=1)
    estimate_s: int = Field(default=300, ge=0)
    lease_s: int = Field(default=60, ge=1)
    retry_s: int = Field(default=900, ge=0)
    look_back_s: int = Field(default=35 * DAY, ge=0)
    budgets_s: int = Field(default=60, ge=1)
    deliveries_s: int = Field(default=3_600, ge=1)


class BillingSettings(BaseModel):
    """The configuration file.

    `ledger_url` holds the writer's user and password. `since` is the first hour that is metered (a whole UTC hour, such
    as 2026-01-01T00:00:00Z); without it each cluster is metered from the hour in which it was registered. `floor` is
    what containers count that name no request, as far as series tell of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    listen: str = "127.0.0.1:8482"
    control_store: SecretStr
    ledger_url: SecretStr
    regions: tuple[Region, ...] = Field(min_length=1)
    since: str | None = None
    collect_seconds: float = Field(default=120.0, gt=0)
    policy: PolicySettings = PolicySettings()
    floor: FloorSettings = FloorSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    webhooks: WebhookSettings = WebhookSettings()
    suppliers: SupplierSettings = SupplierSettings()
    delivery: DeliverySettings = DeliverySettings()

    @field_validator("listen")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isascii() or not port.isdecimal() or int(port) > 65_535:  # noqa: PLR2004 - the highest
            raise ValueError("write it as host:port")
        return value

    @field_validator("since")
    @classmethod
    def _is_a_whole_hour(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                if parse(value, "since") % HOUR:
                    raise ValueError("is within an hour; use a whole UTC hour")
            except BadRequest as failure:
                raise ValueError(failure.message) from None
        return value

    @model_validator(mode="after")
    def _names_each_region_once(self) -> Self:
        names = [region.name for region in self.regions]
        if len(names) != len(set(names)):
            raise ValueError("regions: two regions have the same name")
        return self

    @property
    def first_hour(self) -> int | None:
        """`since` as a UTC second."""
        return None if self.since is None else parse(self.since, "since")
