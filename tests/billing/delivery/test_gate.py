"""A delivery goes to the very address that was checked, and to none that a customer may not send us to."""

from __future__ import annotations

import socket
import threading
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING

import pytest

from billing.accounts.outbound import Refused
from billing.delivery.gate import Gate, Place, checked
from core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

PUBLIC = "93.184.216.34"


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("127.0.0.1", id="this machine"),
        pytest.param("127.255.255.254", id="this machine, too"),
        pytest.param("0.0.0.0", id="unspecified"),  # noqa: S104 - an address to refuse
        pytest.param("10.0.0.1", id="private A"),
        pytest.param("172.31.255.255", id="private B"),
        pytest.param("192.168.1.1", id="private C"),
        pytest.param("100.64.0.1", id="shared"),
        pytest.param("100.100.100.200", id="another cloud's metadata"),
        pytest.param("169.254.169.254", id="metadata"),
        pytest.param("168.63.129.16", id="a cloud's own host"),
        pytest.param("224.0.0.1", id="multicast"),
        pytest.param("255.255.255.255", id="broadcast"),
        pytest.param("::1", id="this machine by IPv6"),
        pytest.param("::ffff:127.0.0.1", id="this machine, mapped"),
        pytest.param("64:ff9b::7f00:1", id="this machine behind NAT64"),
        pytest.param("fe80::1%eth0", id="link"),
        pytest.param("fd00:ec2::254", id="metadata by IPv6"),
    ],
)
def test_an_address_that_is_not_public_is_refused_alone_or_among_others(address: str) -> None:
    for addresses in ((address,), (PUBLIC, address)):
        with pytest.raises(Refused, match="not public"):
            checked("https://bucket.example.com", (), lambda *_, found=addresses: found)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://bucket.example.com",
        "ftp://bucket.example.com",
        "https://key:secret@bucket.example.com",
        "https://bucket.example.com/path",
        "https://bucket.example.com/?query",
        "https://bucket.example.com/#fragment",
        "https://",
        "bucket.example.com",
        "https://[::1",
        "",
    ],
)
def test_an_endpoint_that_is_no_plain_https_host_is_refused(endpoint: str) -> None:
    with pytest.raises(Refused):
        checked(endpoint, (), lambda *_: (PUBLIC,))


def test_a_public_host_is_held_to_its_first_address() -> None:
    place = checked("https://bucket.example.com:9000", (), lambda *_: (PUBLIC, "2606:2800:220:1::1"))

    assert place == Place("https", "bucket.example.com", 9000, PUBLIC)


def test_a_network_that_the_settings_allow_may_be_private_and_plain() -> None:
    networks = (IPv4Network("10.20.0.0/16"), IPv6Network("fd00::/8"))

    assert checked("http://minio.internal:9000", networks, lambda *_: ("10.20.1.2",)).port == 9000
    assert checked("https://minio.internal", networks, lambda *_: ("fd00::2",)).port == 443
    with pytest.raises(Refused):
        checked("http://minio.internal", networks, lambda *_: ("10.21.1.2",))
    with pytest.raises(Refused, match="https"):
        checked("http://bucket.example.com", networks, lambda *_: (PUBLIC,))


def test_a_host_without_an_address_is_for_later() -> None:
    def none(host: str, port: int) -> tuple[str, ...]:
        raise socket.gaierror(f"{host}:{port}")

    with pytest.raises(Unavailable, match="no address"):
        checked("https://bucket.example.com", (), none)


@pytest.fixture
def echo() -> Iterator[Place]:
    """A server that sends back what it gets, under a name that leads nowhere."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(20)
                while piece := connection.recv(1024):
                    connection.sendall(piece)

        thread = threading.Thread(target=serve)
        thread.start()
        yield Place("https", "nowhere.invalid", server.getsockname()[1], "127.0.0.1")
        thread.join(20)


def received(connection: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        piece = connection.recv(count - len(found))
        assert piece, found
        found += piece
    return found


@pytest.mark.parametrize("asked", ["nowhere.invalid:443", "169.254.169.254:80", "127.0.0.1:1"])
def test_whatever_the_gate_is_asked_for_it_leads_to_the_checked_address(echo: Place, asked: str) -> None:
    with Gate(echo, seconds=20) as gate:
        port = int(gate.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), 20) as connection:
            connection.settimeout(20)
            connection.sendall(f"CONNECT {asked} HTTP/1.1\r\nHost: {asked}\r\n\r\nhello".encode())
            head = received(connection, len(b"HTTP/1.1 200 Connection established\r\n\r\n"))
            assert head.startswith(b"HTTP/1.1 200 ")
            assert received(connection, 5) == b"hello"
            connection.sendall(b"again")
            assert received(connection, 5) == b"again"
