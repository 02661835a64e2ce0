"""An ingest process of its own for a test, beside a store and a control store."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx

from compose.process import Process, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

    from tests.compose.clickhouse.serving import Server
    from tests.ingest.logs.world import Platform

_PATIENCE: Final = 40.0
# The URL of a store that does not answer.
NOWHERE: Final = "http://writer:x@127.0.0.1:1"


@dataclass(frozen=True, slots=True)
class Running:
    """A running ingest process."""

    url: str
    token: str
    process: Process

    def post(
        self,
        path: str,
        body: object,
        *,
        token: str | None = None,
        **headers: str,
    ) -> httpx.Response:
        """Send a body to `/v1/logs…`; what is not bytes is sent as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Authorization": f"Bearer {token or self.token}", "Content-Type": "application/json"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.post(f"{self.url}/v1/logs{path}", content=content, headers=given, timeout=30)

    def settle(self) -> None:
        """Wait until all that was acknowledged is in the store."""
        until(lambda: all(self.metric("ingest_spool_bytes", region=one) == 0 for one in ("fra1", "nyc1")), "spool")

    def metric(self, name: str, **labels: str) -> float:
        """The value of one of its own series."""
        for line in httpx.get(f"{self.url}/metrics").text.splitlines():
            if line.startswith(f"{name}{{") and all(f'{k}="{v}"' in line for k, v in labels.items()):
                return float(line.rpartition(" ")[2])
        raise AssertionError(f"{name} {labels} is not exposed")


def configured(folder: Path, platform: Platform, writer_url: str, port: int, **settings: Any) -> Path:  # noqa: ANN401 - TOML
    """Write a configuration file; both regions' stores are the same one."""
    (folder / "logs_url").write_text(writer_url)
    tables = {name: value for name, value in settings.items() if isinstance(value, dict)}
    plain = {
        "listen": f"127.0.0.1:{port}",
        "control_store": platform.url,
        "spool": str(folder / "spool"),
        "batch_seconds": 0.2,
        "access_seconds": 0.2,
        **{name: value for name, value in settings.items() if name not in tables},
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in plain.items()]
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{json.dumps(key)} = {json.dumps(value)}" for key, value in table.items())]
    for region in ("fra1", "nyc1"):
        lines += ["[[regions]]", f'name = "{region}"', 'logs_url_file = "logs_url"']
    path = folder / "ingest.toml"
    path.write_text("\n".join([*lines, ""]))
    return path


@contextlib.contextmanager
def ingest(folder: Path, platform: Platform, writer_url: str, **settings: Any) -> Iterator[Running]:  # noqa: ANN401 - TOML
    """An ingest process with its spool in `folder`; the same folder again is the same process, restarted."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = configured(folder, platform, writer_url, port, **settings)
    command: list[str | Path] = [sys.executable, "-m", "starmeter", "serve", "ingest", "--config", config]
    url = f"http://127.0.0.1:{port}"
    with Process("ingest", command, folder / "ingest.log", f"{url}/readyz") as process:
        yield Running(url, platform.near, process)


def kill(running: Running) -> None:
    """End it as nothing can prepare for."""
    os.kill(running.process.pid, signal.SIGKILL)
    until(lambda: not running.process.running, "it did not end")


def until(done: Callable[[], bool], what: str) -> None:
    """Wait for something that happens in another process."""
    deadline = time.monotonic() + _PATIENCE
    while not done():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


class Store:
    """What a test finds in the store."""

    def __init__(self, server: Server) -> None:
        self.writer_url = server.writer_url
        self._client: Client = server.writer()

    def clear(self) -> None:
        """Empty the tables, the canary aside, which only readers need."""
        for table in ("logs", "dead_letters", "logs_volume_1m"):
            self._client.command(f"TRUNCATE TABLE starmeter.{table}")

    def forget_volume(self) -> None:
        """Lose what the volume by minute counts, and nothing else: its tokens stay known."""
        # A part without rows would be dropped soon after, and its token with it.
        self._client.command(
            "ALTER TABLE starmeter.logs_volume_1m UPDATE records = 0, bytes = 0 WHERE 1", settings={"mutations_sync": 1}
        )
        # The engine may say that it is done while a merge that began before is still to be mutated.
        pending = "SELECT count() FROM system.mutations WHERE table = 'logs_volume_1m' AND NOT is_done"
        counted = "SELECT sum(v.records) FROM starmeter.logs_volume_1m AS v"
        until = time.monotonic() + 60
        while self.rows(pending) != [(0,)] or self.rows(counted) != [(0,)]:
            assert time.monotonic() < until, "the volume is still counted"
            time.sleep(0.05)

    def close(self) -> None:
        """Drop the connection."""
        self._client.close()

    def rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - bound values
        """The rows of a query; a body that is no UTF-8 would come as hexadecimal digits."""
        return [tuple(row) for row in self._client.query(query, parameters=parameters).result_rows]

    def bodies(self, source: str = "app") -> list[str]:
        """All bodies, sorted."""
        return [
            body
            for (body,) in self.rows(
                "SELECT l.body FROM starmeter.logs AS l WHERE l.source = {s:String} ORDER BY l.body", s=source
            )
        ]

    def letters(self) -> list[tuple[str, bytes]]:
        """Reasons and payloads of the dead letters, sorted."""
        found = self.rows("SELECT d.reason, base64Encode(d.payload) FROM starmeter.dead_letters AS d FINAL")
        return sorted((reason, base64.b64decode(payload)) for reason, payload in found)
