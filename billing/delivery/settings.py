"""What deliveries are configured with: where they may go, the buckets' secrets, how far back they look again."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network  # noqa: TC003 - pydantic needs it at run time

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class DeliverySettings(BaseModel):
    """The table `[delivery]` of the billing process's file.

    An endpoint may lead only to public addresses and over HTTPS; `allowed_networks` are allowed besides, over HTTP,
    too. `secrets` are the buckets' secret keys by the name that a delivery calls them by; write `NAME_file` to name a
    file. Days that were delivered are looked at again for `again_days`: what was published late is delivered then.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    secrets: dict[str, SecretStr] = {}
    again_days: int = Field(default=40, ge=0, le=400)
    timeout_seconds: float = Field(default=30.0, gt=0, le=600)
