"""A local stack as a user runs it: by command, from outside, in a folder of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx

from compose import roster
from compose.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE: Final = 60.0


def starmeter(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [sys.executable, "-m", "starmeter", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)


def foreground(path: Path, *options: str) -> subprocess.Popen[str]:
    """Start `starmeter up` as a terminal would; its words come out of `stderr`."""
    command = [sys.executable, "-m", "starmeter", "up", "--home", str(path), *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def until(done: Callable[[], bool]) -> None:
    """Wait for something that happens in another process."""
    deadline = time.monotonic() + _PATIENCE
    while not done():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


class Running:
    """The stack that runs in a folder."""

    def __init__(self, path: Path) -> None:
        self.home = Home(path)
        self.stack: dict[str, Any] = json.loads(self.home.stack_file.read_text())

    @property
    def roster(self) -> dict[str, roster.Entry]:
        """Its processes by name, the supervisor among them."""
        return {entry.name: entry for entry in roster.read(self.home.roster_file)}

    @property
    def projects(self) -> list[dict[str, Any]]:
        """All projects of all workspaces."""
        return [project for workspace in self.stack["workspaces"] for project in workspace["projects"]]

    def read(self, project: dict[str, Any], reader: str, query: str) -> httpx.Response:
        """Ask the front-door about a project with the token of `reader`."""
        url = f"{self.stack['query_url']}/v1/projects/{project['id']}/prometheus/api/v1/query"
        headers = {"Authorization": f"Bearer {self.stack['tokens'][reader]}"}
        return httpx.get(url, params={"query": query}, headers=headers)

    def stored(self, region: str, query: str) -> list[dict[str, str]]:
        """Labels of what a region's store has, asked directly, past every filter."""
        (url,) = (one["victoriametrics_url"] for one in self.stack["regions"] if one["name"] == region)
        answer = httpx.get(f"{url}/api/v1/query", params={"query": query}).json()
        return [one["metric"] for one in answer["data"]["result"]]


def listening(pid: int) -> set[str]:
    """The addresses (hexadecimal, as the kernel shows them) on which a process listens for TCP connections."""
    sockets = {link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return {row[1].rpartition(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets}
