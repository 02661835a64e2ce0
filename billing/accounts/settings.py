"""What budgets' webhooks and suppliers are configured with: two tables of the billing process's file."""

from __future__ import annotations

from decimal import Decimal  # noqa: TC003 - pydantic needs it at run time
from ipaddress import IPv4Network, IPv6Network  # noqa: TC003 - the same

from pydantic import BaseModel, ConfigDict, Field


class WebhookSettings(BaseModel):
    """The table `[webhooks]`.

    A budget's URL may lead only to public addresses and over HTTPS; `allowed_networks` (such as `10.20.0.0/16`) are
    allowed besides, over HTTP, too. A delivery that fails is tried `attempts` times in all, `first_wait_seconds` after
    the first, then each time twice as long, at most `longest_wait_seconds`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    timeout_seconds: float = Field(default=10.0, gt=0, le=60)
    attempts: int = Field(default=12, ge=1, le=100)
    first_wait_seconds: int = Field(default=60, ge=1)
    longest_wait_seconds: int = Field(default=6 * 3600, ge=1)


class SupplierSettings(BaseModel):
    """The table `[suppliers]`.

    `depot_monthly_threshold`: from which month's spend on, in the price book's currency, it is a finding that builds
    should move elsewhere. Nobody has decided on an amount for all, so that there is none unless it is set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    depot_monthly_threshold: Decimal | None = Field(default=None, gt=0)
