"""A way to one address: a proxy of this machine's own that connects to what was checked, whatever it is asked for.

The library that speaks S3 looks a host's name up by itself, long after we did; whoever owns the name could answer
otherwise by then. Through the gate it reaches the checked address, and still asks for the name's certificate.
"""

from __future__ import annotations

import contextlib
import ipaddress
import select
import socket
import socketserver
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from billing.accounts.outbound import Refused, is_allowed, require_url, resolve
from core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from billing.accounts.outbound import Network, Resolver

_PORTS: Final = {"https": 443, "http": 80}
_LARGEST_HEAD: Final = 64 * 1024
_PIECE: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Place:
    """A checked endpoint: how it is called, and the one address that stands for it."""

    scheme: str
    host: str
    port: int
    address: str

    @property
    def authority(self) -> str:
        """As `endpoint_override` takes it."""
        return f"{self.host}:{self.port}"


def checked(endpoint: str, networks: Sequence[Network], resolver: Resolver = resolve) -> Place:
    """Where an endpoint leads to.

    Raises:
        Refused: it is no `https://host[:port]`, or one of its addresses is neither public nor in `networks`; plain HTTP
            is for `networks` alone.
        Unavailable: its name has no address.
    """
    url = require_url(endpoint, networks)
    if url.path not in {"", "/"} or url.query:
        raise Refused("endpoint: has a path or a query; write it as https://host")
    port = url.port or _PORTS[url.scheme]
    try:
        addresses = resolver(url.host, port)
    except (OSError, UnicodeError):
        addresses = ()
    if not addresses:
        raise Unavailable(f"endpoint: {url.host} has no address; check its name")
    for address in addresses:
        # One bad address among good ones is no accident.
        if not is_allowed(address, networks):
            raise Refused(f"endpoint: {url.host} leads to an address that is not public; use another")
        if url.scheme == "http" and not _is_within(address, networks):
            raise Refused("endpoint: is not https; write it as https://host")
    return Place(url.scheme, url.host, port, addresses[0])


def _is_within(address: str, networks: Sequence[Network]) -> bool:
    one = ipaddress.ip_address(address.partition("%")[0])
    return any(one.version == network.version and one in network for network in networks)


class Gate:
    """Open within a `with`; every connection to `url`, a proxy's, ends at the place's address."""

    def __init__(self, place: Place, *, seconds: float) -> None:
        self._server = _Server(place, seconds)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """The proxy's URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, place: Place, seconds: float) -> None:
        self.place = place
        self.seconds = seconds
        super().__init__(("127.0.0.1", 0), _Connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that fails is for the client to notice, which says so in its own words."""


class _Connection(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        place, seconds = self.server.place, self.server.seconds
        client: socket.socket = self.request
        client.settimeout(seconds)
        head = b""
        while b"\r\n\r\n" not in head and len(head) < _LARGEST_HEAD:
            piece = client.recv(_PIECE)
            if not piece:
                return
            head += piece
        with socket.create_connection((place.address, place.port), seconds) as store:
            if head.startswith(b"CONNECT "):
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                head = head.partition(b"\r\n\r\n")[2]
            store.sendall(head)
            _join(client, store, seconds)


def _join(one: socket.socket, other: socket.socket, seconds: float) -> None:
    """Hand on what either side sends, until one of them ends or both are silent for too long."""
    ways = {one: other, other: one}
    with contextlib.suppress(OSError):
        while ready := select.select([one, other], [], [], seconds)[0]:
            for side in ready:
                piece = side.recv(_PIECE)
                if not piece:
                    return
                ways[side].sendall(piece)
