"""Front-doors with logs for tests: real processes before real stores."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from compose.process import Process, free_port
from tests.query import platform

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.query.platform import Tokens

CURSOR_KEY = "a cursor key that only tests would use"


@dataclass(frozen=True, slots=True)
class LogDoor:
    """A running front-door."""

    url: str
    tokens: Tokens
    folder: Path
    pid: int

    def base(self, project_id: str = platform.PROJECT_A) -> str:
        """The URL of a project."""
        return f"{self.url}/v1/projects/{project_id}"

    def client(self, token: str | None = None, project_id: str = platform.PROJECT_A) -> httpx.Client:
        """A client with a token (A's viewer's by default), based on a project."""
        headers = {"Authorization": f"Bearer {token or self.tokens.viewer}"}
        return httpx.Client(base_url=self.base(project_id), headers=headers, timeout=30)


@contextmanager
def log_door(
    folder: Path,
    urls: dict[str, str],
    *,
    control: tuple[str, Tokens],
    logs: dict[str, Any] | None = None,
    more: str = "",
    defect: str = "",
) -> Iterator[LogDoor]:
    """A front-door over the log stores `urls` (by region, with credentials); ready once `near` has passed its probe.

    `defect` is one of `tests.query.logs.defects`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    control_store, tokens = control
    port = free_port()
    dead = f"http://127.0.0.1:{free_port()}"
    query = platform.settings_file(
        folder, control_store=control_store, port=port, regions=dict.fromkeys(urls, dead), more=more
    )
    stores = [{"region": region, "url": "http://127.0.0.1", "password": "-"} for region in urls]
    configured = {
        "query": str(query),
        "control_store": control_store,
        "logs": {"stores": stores, "cursor_key": CURSOR_KEY, **(logs or {})},
        "urls": urls,
    }
    path = folder / "door.json"
    path.write_text(json.dumps(configured))
    url = f"http://127.0.0.1:{port}"

    def is_ready() -> bool:
        return bool(httpx.get(f"{url}/readyz").json()["logs"].get("near") == "ok")

    command = [sys.executable, "-m", "tests.query.logs.program", str(path), *([defect] if defect else [])]
    with Process("log-door", command, folder / "door.log", f"{url}/livez", is_ready=is_ready) as process:
        yield LogDoor(url, tokens, folder, process.pid)
