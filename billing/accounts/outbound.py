"""Requests to addresses that customers chose: only to public ones, and to the very address that was checked."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Final

import httpx
from anyio import to_thread

from core.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address
    Network = ipaddress.IPv4Network | ipaddress.IPv6Network
    # The addresses of a host, as texts.
    Resolver = Callable[[str, int], Sequence[str]]

# Public by number, yet served by the machine's own host: instance metadata of Azure and Oracle.
_METADATA: Final = frozenset(map(ipaddress.ip_address, ("168.63.129.16", "192.0.0.192")))
# All of IPv6 that is given out to be reached from everywhere. What is beyond it is local, a tunnel or nobody's; the
# standard library's notion of global holds much of that for public.
_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
# What is reserved within it: for protocols (Teredo, benchmarks, ORCHID), for examples, for tunnels to IPv4.
_RESERVED: Final = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
# IPv6 addresses that a gateway or a tunnel turns into the IPv4 address in their last four bytes.
_EMBEDDING: Final = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")))
_PORTS: Final = {"https": 443, "http": 80}


class Refused(BadRequest):
    """A URL leads, or would lead, to where no customer may send us."""

    code = "address_refused"


def resolve(host: str, port: int) -> tuple[str, ...]:
    """All addresses of a host.

    Raises:
        OSError: it has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def is_allowed(text: str, networks: Sequence[Network]) -> bool:
    """Whether an address is public, or in one of the networks. An address that hides another counts as that one.

    Hidden behind a tunnel that has no place on today's networks, even a public one is refused.
    """
    outer = ipaddress.ip_address(text.partition("%")[0])
    address = _inner(outer)
    if _is_in(address, networks):
        return True
    if isinstance(address, ipaddress.IPv6Address):
        return address in _UNICAST and not any(address in reserved for reserved in _RESERVED)
    is_tunnelled = isinstance(outer, ipaddress.IPv6Address) and outer.ipv4_mapped is None and outer not in _EMBEDDING[0]
    return address.is_global and not address.is_multicast and address not in _METADATA and not is_tunnelled


def require_url(text: str, networks: Sequence[Network]) -> httpx.URL:
    """A URL that may be called, as far as can be told without asking for its host's addresses.

    Raises:
        Refused: another scheme than HTTPS (HTTP, too, within `networks`), a credential or a fragment in it, no host.
    """
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        raise Refused("url: is none; write it as https://example.com/path") from None
    if url.scheme not in ({"https", "http"} if networks else {"https"}) or not url.host:
        raise Refused("url: is not https; write it as https://example.com/path")
    if url.userinfo or url.fragment:
        raise Refused("url: has a credential or a fragment; leave them out")
    return url


class GuardedTransport(httpx.AsyncBaseTransport):
    """Connects to an address that it has checked, whatever the name's server answers a moment later.

    It knows no proxy and follows no redirect; TLS still asks for the name's certificate. Whoever gives an exchange up
    does not wait for the lookup of a name: it ends by itself, in a thread.
    """

    def __init__(self, networks: Sequence[Network], *, resolver: Resolver = resolve) -> None:
        self._networks = tuple(networks)
        self._resolver = resolver
        self._plain = httpx.AsyncHTTPTransport(trust_env=False, retries=0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request.

        Raises:
            Refused: one of the host's addresses is not allowed.
            httpx.TransportError: the host has no address, or the exchange fails.
        """
        url = require_url(str(request.url), self._networks)
        address = await self._checked(url)
        request.url = url.copy_with(host=address)
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        return await self._plain.handle_async_request(request)

    async def aclose(self) -> None:
        """Drop all connections."""
        await self._plain.aclose()

    async def _checked(self, url: httpx.URL) -> str:
        port = url.port or _PORTS[url.scheme]
        try:
            addresses = await to_thread.run_sync(self._resolver, url.host, port, abandon_on_cancel=True)
        except (OSError, UnicodeError) as failure:
            raise httpx.ConnectError(f"{url.host}: has no address") from failure
        if not addresses:
            raise httpx.ConnectError(f"{url.host}: has no address")
        # One bad address among good ones is no accident.
        if not all(is_allowed(address, self._networks) for address in addresses):
            raise Refused(f"url: {url.host} leads to an address that is not public; use another host")
        if url.scheme == "http" and not all(
            _is_in(_inner(ipaddress.ip_address(address)), self._networks) for address in addresses
        ):
            raise Refused("url: is not https; write it as https://example.com/path")
        return addresses[0]


def _inner(address: Address) -> Address:
    """The IPv4 address within an IPv6 address, if it has one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _EMBEDDING):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
