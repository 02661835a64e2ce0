"""A region: where one cluster group's stores are, and the credential the front-door reads them with."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr, field_validator


class Region(BaseModel):
    """One region's private endpoints, as configured.

    `metrics_url` is vmauth's (or VictoriaMetrics') base; `alerts_url` is vmalert's, read only to show a tenant its own
    alerts. `metrics_token` is the read token that vmauth asks for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    metrics_url: str
    metrics_token: SecretStr | None = None
    alerts_url: str | None = None
    allow_public_address: bool = False

    @field_validator("metrics_url", "alerts_url")
    @classmethod
    def _is_a_base_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("not a base URL; write it as http://host:port or https://host:port/prefix")
        if parts.username or parts.password:
            raise ValueError("carries a credential; put it into metrics_token")
        return value.rstrip("/")

    def model_post_init(self, _context: object, /) -> None:
        """Refuse a store on a public address (FR-066) unless it was explicitly allowed."""
        if self.allow_public_address:
            return
        for key in ("metrics_url", "alerts_url"):
            url: str | None = getattr(self, key)
            host = urlsplit(url).hostname if url else None
            if host and _is_public(host):
                raise ValueError(f"{key}: {host} is a public address; stores are private (or set allow_public_address)")


def _is_public(host: str) -> bool:
    """Whether a literal address is publicly routable; names are left to the network's own rules."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return False
