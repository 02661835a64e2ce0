"""Where customers' URLs may lead: to public addresses, and to the one that was checked."""

from __future__ import annotations

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_network
from typing import TYPE_CHECKING

import httpx
import pytest

from billing.accounts.outbound import GuardedTransport, Refused, is_allowed, require_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("127.0.0.1", id="loopback"),
        pytest.param("127.9.9.9", id="all of loopback"),
        pytest.param("0.0.0.0", id="this host"),  # noqa: S104 - refused here
        pytest.param("10.0.0.1", id="private, 10"),
        pytest.param("172.16.0.1", id="private, 172.16"),
        pytest.param("192.168.1.1", id="private, 192.168"),
        pytest.param("100.64.0.1", id="carrier's NAT"),
        pytest.param("100.100.100.200", id="metadata of a cloud in a carrier's NAT"),
        pytest.param("169.254.169.254", id="metadata, link-local"),
        pytest.param("168.63.129.16", id="metadata with a public number"),
        pytest.param("192.0.0.192", id="metadata with another"),
        pytest.param("198.18.0.1", id="benchmarks"),
        pytest.param("224.0.0.1", id="multicast"),
        pytest.param("255.255.255.255", id="broadcast"),
        pytest.param("240.0.0.1", id="reserved"),
        pytest.param("::1", id="IPv6 loopback"),
        pytest.param("::", id="IPv6, this host"),
        pytest.param("fe80::1", id="IPv6 link-local"),
        pytest.param("fe80::1%eth0", id="IPv6 link-local with its zone"),
        pytest.param("fd00:ec2::254", id="IPv6 metadata"),
        pytest.param("ff02::1", id="IPv6 multicast"),
        pytest.param("::ffff:127.0.0.1", id="loopback within IPv6"),
        pytest.param("::ffff:169.254.169.254", id="metadata within IPv6"),
        pytest.param("64:ff9b::7f00:1", id="loopback behind NAT64"),
        pytest.param("64:ff9b::a9fe:a9fe", id="metadata behind NAT64"),
        pytest.param("64:ff9b:1::1", id="a local NAT64"),
        pytest.param("2002:7f00:1::", id="loopback behind 6to4"),
        pytest.param("2001:0:4136:e378:8000:63bf:f5ff:fffe", id="a private address behind Teredo"),
        pytest.param("2001:0:4136:e378:8000:63bf:3fff:fdd2", id="a public address behind Teredo"),
        pytest.param("2002:5db8:d822::", id="a public address behind 6to4"),
        pytest.param("::127.0.0.1", id="loopback as IPv6 once wrote it"),
        pytest.param("::93.184.216.34", id="a public address as IPv6 once wrote it"),
        pytest.param("::ffff:0:7f00:1", id="loopback, translated"),
        pytest.param("64:ff9b::a00:1", id="a private address behind NAT64"),
        pytest.param("fec0::1", id="site-local"),
        pytest.param("fc00::1", id="unique local"),
        pytest.param("3fff::1", id="an example"),
        pytest.param("2001:db8::1", id="another example"),
        pytest.param("2001:2::1", id="IPv6 benchmarks"),
        pytest.param("2001:20::1", id="a hash of a key"),
        pytest.param("5f00::1", id="segment routing"),
        pytest.param("100::1", id="discarded"),
        pytest.param("4000::1", id="not given out"),
    ],
)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_allowed(address, ())


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"])
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_allowed(address, ())


def test_a_network_is_allowed_by_the_settings_and_nothing_beside_it() -> None:
    assert is_allowed("127.0.0.1", LOOPBACK)
    assert is_allowed("::ffff:127.0.0.1", LOOPBACK)
    assert not is_allowed("10.0.0.1", LOOPBACK)
    assert not is_allowed("::1", LOOPBACK)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.com/", "is not https"),
        ("ftp://example.com/", "is not https"),
        ("//example.com/", "is not https"),
        ("https:///path", "is not https"),
        ("https://user:secret@example.com/", "has a credential"),
        ("https://example.com/#part", "has a credential or a fragment"),
        ("https://[::1/", "is none"),
    ],
)
def test_a_url_that_may_not_be_called_is_refused_before_anything_is_asked(url: str, said: str) -> None:
    with pytest.raises(Refused, match=said) as refusal:
        require_url(url, ())
    assert "secret" not in refusal.value.message


class _Handler(BaseHTTPRequestHandler):
    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(self.headers["Host"])
        self.send_response(302)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    """Remembers for which hosts it was asked, and sends everybody elsewhere."""
    _Handler.seen = []
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _get(url: str, addresses: Sequence[str], networks: tuple[object, ...] = ()) -> httpx.Response:
    asked = iter([addresses, ["127.0.0.2"]])  # whoever asks twice is told another address
    guarded = GuardedTransport(networks, resolver=lambda *_: next(asked))  # type: ignore[arg-type]
    return _ask(guarded, url)


def _ask(guarded: GuardedTransport, url: str, seconds: float = 60) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with (
            asyncio.timeout(seconds),
            httpx.AsyncClient(transport=guarded, follow_redirects=False, timeout=30) as client,
        ):
            return await client.get(url)

    return asyncio.run(ask())


def test_the_connection_goes_to_the_address_that_was_checked_under_the_hosts_name(server: HTTPServer) -> None:
    answer = _get(f"http://hooks.example:{server.server_port}/", ["127.0.0.1"], LOOPBACK)

    assert answer.status_code == 302
    assert _Handler.seen == [f"hooks.example:{server.server_port}"]
    assert (answer.request.url.host, answer.request.extensions["sni_hostname"]) == ("127.0.0.1", "hooks.example")


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["127.0.0.1", "93.184.216.34"], ["::ffff:7f00:1"]]
)
def test_a_host_with_one_address_that_is_not_public_is_not_connected_to(
    server: HTTPServer, addresses: list[str]
) -> None:
    with pytest.raises(Refused, match="leads to an address that is not public"):
        _get(f"https://hooks.example:{server.server_port}/", addresses)
    assert _Handler.seen == []


def test_a_public_host_is_not_called_without_tls_even_where_a_network_is_allowed() -> None:
    with pytest.raises(Refused, match="is not https"):
        _get("http://hooks.example/", ["93.184.216.34"], LOOPBACK)


def test_a_literal_address_is_checked_like_a_name() -> None:
    for url in ("https://127.0.0.1/", "https://[::1]/", "https://localhost/", "https://169.254.169.254/latest"):
        with pytest.raises(Refused):
            _ask(GuardedTransport(()), url)


def test_a_host_without_an_address_is_a_failed_exchange() -> None:
    with pytest.raises(httpx.ConnectError):
        _get("https://hooks.example/", [])


def test_whoever_gives_an_exchange_up_does_not_wait_for_the_lookup_of_a_name() -> None:
    answered, ended = threading.Event(), list[str]()

    def resolver(host: str, _port: int) -> list[str]:
        answered.wait(60)
        ended.append(host)
        return ["127.0.0.1"]

    with pytest.raises(TimeoutError):
        _ask(GuardedTransport((), resolver=resolver), "https://hooks.example/", 0.1)
    waited_for = list(ended)
    answered.set()

    assert waited_for == []
