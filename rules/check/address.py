"""Which addresses are the platform's own: private ones, and names that no public resolver knows."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

_INSIDE: Final = (".svc", ".local", ".internal", ".localhost", ".lan", ".home.arpa")
# What an agent fills in when it starts, or for each record.
_COMPUTED: Final = re.compile(r"\$\{|\$[A-Za-z_]|%\{|\{\{")


def is_computed(address: str) -> bool:
    """Whether an address is not written down: it comes from the environment, or from a record."""
    return _COMPUTED.search(address) is not None


def is_inside(address: str) -> bool:
    """Whether an address (a URL, a host, a host and port) is private, or a name of a cluster or a private zone.

    A name without a dot is a Service's. `service.namespace` looks like any name of the internet and counts as one.
    """
    try:
        host = urlsplit(address if "://" in address else f"//{address}").hostname or ""
    except ValueError:
        return False
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.rstrip(".").endswith(_INSIDE)
