"""Real Envoy, vmagent and VictoriaMetrics in a row: clusters of any name, and what is stored of their requests."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Final, NamedTuple

import httpx

from compose.envoy import Upstream, render
from compose.process import Process, free_port
from compose.programs import find
from compose.vmagent import gateway_job
from compose.vmagent import render as render_scrape

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from compose.envoy import Allowlist

_ENOUGH_SCRAPES: Final = 4


class _Application(BaseHTTPRequestHandler):
    """The customer's application: says yes to everything."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Series(NamedTuple):
    """A stored series: its labels, `__name__` among them, and its newest value."""

    labels: dict[str, str]
    value: float


def stored(folder: Path, names: list[str], allowlist: Allowlist | None) -> list[Series]:
    """Send one request through each cluster of `names`; returns every series that is stored of the gateway."""
    with ExitStack() as stack:
        application = stack.enter_context(_application())
        listen, admin = free_port(), free_port()
        bootstrap = folder / "envoy.json"
        upstreams = [Upstream(name, f"{number}.test", application) for number, name in enumerate(names)]
        bootstrap.write_text(render(upstreams, listen_port=listen, admin_port=admin, allowlist=allowlist))
        envoy: list[str | Path] = [
            find("envoy"),
            "-c",
            bootstrap,
            "--concurrency",
            "1",
            "--disable-hot-restart",
            "-l",
            "error",
        ]
        stack.enter_context(Process("envoy", envoy, folder / "envoy.log", f"http://127.0.0.1:{admin}/ready"))
        with httpx.Client(base_url=f"http://127.0.0.1:{listen}") as client:
            for upstream in upstreams:
                client.get("/", headers={"Host": upstream.domain}).raise_for_status()
        store = stack.enter_context(_store(folder))
        stack.enter_context(_agent(folder, f"127.0.0.1:{admin}", store))
        return _read(store)


@contextmanager
def _application() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Application) as server:
        # Joined at the end, or its sockets would outlive the test.
        server.daemon_threads = False
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@contextmanager
def _store(folder: Path) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    arguments: list[str | Path] = [
        find("victoria-metrics"),
        f"-httpListenAddr=127.0.0.1:{port}",
        f"-storageDataPath={folder / 'store'}",
        "-memory.allowedBytes=128MiB",
        "-search.latencyOffset=0s",
        "-search.cacheTimestampOffset=1s",
    ]
    with Process("victoria-metrics", arguments, folder / "store.log", f"{url}/health"):
        yield url


@contextmanager
def _agent(folder: Path, target: str, store: str) -> Iterator[None]:
    port = free_port()
    configuration = folder / "scrape.json"
    configuration.write_text(render_scrape([gateway_job(target)], interval="1s"))
    arguments: list[str | Path] = [
        find("vmagent"),
        f"-httpListenAddr=127.0.0.1:{port}",
        f"-promscrape.config={configuration}",
        f"-remoteWrite.url={store}/api/v1/write",
        f"-remoteWrite.tmpDataPath={folder / 'queue'}",
        "-remoteWrite.flushInterval=1s",
        "-memory.allowedBytes=128MiB",
    ]
    with Process("vmagent", arguments, folder / "agent.log", f"http://127.0.0.1:{port}/health"):
        yield


def _read(store: str) -> list[Series]:
    """Everything but the agent's own series, once it has come to rest for some scrapes."""
    deadline = time.monotonic() + 60
    with httpx.Client(base_url=store) as client:
        before: list[Series] = []
        while time.monotonic() < deadline:
            client.get("/internal/force_flush").raise_for_status()
            scrapes = client.get("/api/v1/query", params={"query": "count_over_time(up[5m])"}).json()["data"]["result"]
            series = _export(client)
            if series and len(series) == len(before) and scrapes and int(scrapes[0]["value"][1]) >= _ENOUGH_SCRAPES:
                return series
            before = series
            time.sleep(1.5)
    raise AssertionError("Envoy's series did not come to rest in the store")


def _export(client: httpx.Client) -> list[Series]:
    answer = client.get("/api/v1/export", params={"match[]": '{__name__!~"up|scrape_.+"}'})
    rows = [json.loads(line) for line in answer.raise_for_status().text.splitlines()]
    return [Series(row["metric"], row["values"][-1]) for row in rows]
