"""The live checks before programs that are none of ours: what they are told, and what is made of their answers."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from core.errors import BadRequest, Unavailable
from rules.live import Place, inspect
from rules.live_finding import LiveCheck
from rules.live_http import Asker
from tests.rules.live_region import REGION

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def stranger(body: bytes = b"[]", *, elsewhere: str | None = None) -> Iterator[tuple[str, dict[str, str | None]]]:
    """A program that answers everything with `body`, or sends everybody `elsewhere`; and which credentials it saw."""
    seen: dict[str, str | None] = {}

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen[self.path.partition("?")[0]] = self.headers["Authorization"]
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            self.send_response(200 if elsewhere is None else 302)
            if elsewhere is not None:
                self.send_header("Location", elsewhere)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()
            thread.join()


def test_each_store_s_token_goes_to_that_store_alone_and_strange_answers_are_no_crash() -> None:
    with stranger() as (url, seen):
        report = inspect(
            Place(
                REGION,
                metrics_url=f"{url}/region",
                metrics_token="one",
                envoy_urls=[url],
                alerts_url=f"{url}/vmalert",
                platform_url=f"{url}/platform",
                platform_token="two",
            )
        )

    with_token = {path: credential for path, credential in seen.items() if credential is not None}
    assert {path for path, credential in with_token.items() if credential == "Bearer one"} == {
        "/region/api/v1/query",
        "/region/api/v1/labels",
        "/region/api/v1/status/tsdb",
    }
    assert {path for path, credential in with_token.items() if credential == "Bearer two"} == {
        "/platform/api/v1/labels"
    }
    assert {"/config_dump", "/clusters", "/vmalert/api/v1/rules"} <= seen.keys()
    assert (report.ran, len(report.unanswered)) == ([], len(LiveCheck) - 1)


def test_a_token_is_not_taken_elsewhere() -> None:
    with (
        stranger() as (other, seen),
        stranger(elsewhere=other) as (url, _),
        pytest.raises(Unavailable, match="answered with status 302"),
    ):
        Asker("secret").get(f"{url}/api/v1/rules")

    assert seen == {}


@pytest.mark.parametrize("body", [b"{", b"[" * 200_000, b"\xff\xfe"], ids=["torn", "nested", "no text"])
def test_an_answer_that_is_no_json_is_one(body: bytes) -> None:
    with stranger(body) as (url, _), pytest.raises(Unavailable, match="the answer is no JSON"):
        Asker().get(url)


def test_a_program_that_speaks_no_http_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4_096)
                connection.sendall(b"220 mail ready\r\n")

        thread = Thread(target=speak, daemon=True)
        thread.start()
        with pytest.raises(Unavailable, match="does not answer"):
            Asker().get(f"http://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()


@pytest.mark.parametrize(
    "url",
    ["", "http://[bad", "http://", "http://x:99999", "http://x:port", "http://x y", "http://u:p@x", "file:///etc/passwd",
     "http://x/?a=b", "http://x/#a", "x:8428", "http://\u0660"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    for place in ({"metrics_url": url}, {"alerts_url": url}, {"platform_url": url}, {"envoy_urls": [url]}):
        with pytest.raises(BadRequest, match=r"^url: .* is no address"):
            Place(REGION, **place)


@pytest.mark.parametrize("url", ["http://x", "https://x.example:8427/prefix/", "http://[::1]:8428"])
def test_an_address_is_taken(url: str) -> None:
    assert Place(REGION, metrics_url=url).metrics_url == url


@pytest.mark.parametrize("region", ["", "FRA1", "a b", "x" * 64, "../x"])
def test_what_is_no_region_s_name_is_refused(region: str) -> None:
    with pytest.raises(BadRequest, match=r"^region: "):
        Place(region)


@pytest.mark.parametrize("token", ["", "two\nlines", "na\u00efve"], ids=json.dumps)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(BadRequest, match=r"^metrics-token-file: holds no token"):
        Place(REGION, metrics_token=token)
