"""A region: where one cluster group's stores are, and the credential the front-door reads them with."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

_BASE_URL: Final = re.compile(
    r"https?://(?:[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?:/[-A-Za-z0-9._~/]*)?",
    re.ASCII,
)
_PORTS: Final = range(1, 65_536)


class Region(BaseModel):
    """One region's private endpoints, as configured.

    `metrics_url` is vmauth's (or VictoriaMetrics') base; `alerts_url` is vmalert's, read only to show a tenant its own
    alerts. `metrics_token` is the read token that vmauth asks for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$")
    metrics_url: str
    metrics_token: SecretStr | None = None
    alerts_url: str | None = None
    allow_public_address: bool = False

    @field_validator("metrics_url", "alerts_url")
    @classmethod
    def _is_a_base_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if "@" in value:
            raise ValueError("carries a credential; put it into metrics_token")
        match = _BASE_URL.fullmatch(value)
        if match is None or int(match["port"] or 1) not in _PORTS:
            raise ValueError("not a base URL; write it as http://host:port or https://host:port/prefix")
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
    """Whether a literal address is publicly routable; names are left to the network's own rules.

    Resolvers also take one-number, hexadecimal and octal spellings for an IPv4 address, so those count as literal too.
    """
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_global
    with contextlib.suppress(OSError):
        return ipaddress.ip_address(socket.inet_aton(host)).is_global
    return False
