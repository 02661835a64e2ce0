"""A front-door with the pages of usage as a process, before a real ledger."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx

from compose.process import Process, free_port
from tests.billing.books import WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.billing.surface.world import Tokens

CURSOR_KEY: Final = "a cursor key that only tests would use"


@dataclass(frozen=True, slots=True)
class UsageDoor:
    """A running front-door."""

    url: str
    tokens: Tokens
    folder: Path
    pid: int

    def client(self, holder: str = "billing", workspace: str = WORKSPACE) -> httpx.Client:
        """A client with somebody's token, based on a workspace."""
        headers = {"Authorization": f"Bearer {getattr(self.tokens, holder)}"}
        return httpx.Client(base_url=f"{self.url}/v1/workspaces/{workspace}", headers=headers, timeout=60)


@contextmanager
def usage_door(
    folder: Path, *, control_store: str, ledger_url: str, tokens: Tokens, more: str = ""
) -> Iterator[UsageDoor]:
    """A front-door whose ledger is at `ledger_url`, with the reader's credential; ready once it has looked at it."""
    folder.mkdir(parents=True, exist_ok=True)
    port, parts = free_port(), urlsplit(ledger_url)
    (folder / "reader").write_text(parts.password or "")
    config = folder / "query.toml"
    config.write_text(
        f"""
listen = "127.0.0.1:{port}"
control_store = {json.dumps(control_store)}
audit_log = {json.dumps(str(folder / "audit.log"))}

[[regions]]
name = "eu"
metrics_url = "http://127.0.0.1:{free_port()}"

[billing]
ledger_url = "http://{parts.hostname}:{parts.port}"
ledger_password_file = "reader"
cursor_key = "{CURSOR_KEY}"
{more}
"""
    )
    url = f"http://127.0.0.1:{port}"

    def is_ready() -> bool:
        return bool(httpx.get(f"{url}/readyz").json()["usage"] == {"the usage ledger": "ok"})

    command = [sys.executable, "-m", "starmeter", "serve", "query", "--config", str(config)]
    with Process("usage-door", command, folder / "door.log", f"{url}/livez", is_ready=is_ready) as process:
        yield UsageDoor(url, tokens, folder, process.pid)
