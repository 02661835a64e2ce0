"""Real VictoriaMetrics behind a real vmagent: pages in, stored series out."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

import httpx

from compose.ports import reserved
from compose.process import Process
from compose.programs import find

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

Labels = dict[str, str]
_OWN: Final = '{__name__!~"scrape_.*"}'


@contextmanager
def pages(texts: Mapping[str, str]) -> Iterator[int]:
    """The port of a server that answers each path with its text."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = texts.get(self.path.partition("?")[0], "").encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        server.daemon_threads = False
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def exposition(series: Iterable[Mapping[str, str]]) -> str:
    """A page with each series once, at 1."""
    lines = []
    for one in series:
        pairs = ",".join(f"{name}={json.dumps(value)}" for name, value in one.items() if name != "__name__")
        lines.append(f"{one['__name__']}{{{pairs}}} 1\n")
    return "".join(lines)


def stored(folder: Path, jobs: list[dict[str, Any]]) -> list[Labels]:
    """Let vmagent scrape by the jobs; returns every series that is stored of them, once that no longer changes.

    Each job's targets have the label `case`, which says its name.
    """
    with ExitStack() as stack:
        store_port, agent_port = stack.enter_context(reserved(2))
        store = f"http://127.0.0.1:{store_port}"
        command: list[str | Path] = [
            find("victoria-metrics"),
            f"-httpListenAddr=127.0.0.1:{store_port}",
            f"-storageDataPath={folder / 'store'}",
            "-memory.allowedBytes=128MiB",
        ]
        stack.enter_context(Process("store", command, folder / "store.log", f"{store}/health"))
        configuration = folder / "scrape.json"
        interval = {"scrape_interval": "1s", "scrape_timeout": "1s"}
        configuration.write_text(json.dumps({"global": interval, "scrape_configs": jobs}))
        command = [
            find("vmagent"),
            f"-httpListenAddr=127.0.0.1:{agent_port}",
            f"-promscrape.config={configuration}",
            f"-remoteWrite.url={store}/api/v1/write",
            f"-remoteWrite.tmpDataPath={folder / 'queue'}",
            "-remoteWrite.flushInterval=1s",
            "-memory.allowedBytes=128MiB",
        ]
        stack.enter_context(
            Process("vmagent", command, folder / "vmagent.log", f"http://127.0.0.1:{agent_port}/health")
        )
        return _settled(store, {job["job_name"] for job in jobs})


def _settled(store: str, jobs: set[str]) -> list[Labels]:
    """Every job was scraped some times, and two looks show the same."""
    deadline = time.monotonic() + 60
    before: list[Labels] = []
    with httpx.Client(base_url=store) as client:
        while time.monotonic() < deadline:
            client.get("/internal/force_flush").raise_for_status()
            found = _export(client, _OWN)
            # What vmagent says itself of a target, not what a page says.
            own = [(labels, count) for labels, count in found if _is_own(labels)]
            now = [labels for labels, _ in found if not _is_own(labels)]
            if {labels["job"] for labels, count in own if count > 1} == jobs and len(now) == len(before):
                return now
            before = now
            time.sleep(1)
    raise AssertionError("the scraped series did not come to rest in the store")


def _is_own(labels: Labels) -> bool:
    return labels["__name__"] == "up" and labels["job"] == labels["case"]


def _export(client: httpx.Client, selector: str) -> list[tuple[Labels, int]]:
    text = client.get("/api/v1/export", params={"match[]": selector}).raise_for_status().text
    return [(row["metric"], len(row["values"])) for row in map(json.loads, text.splitlines())]
