"""Real programs around the front-door: a store with rival tenants in it, a recorder before it, the door itself."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest

from compose.process import Process, free_port
from compose.programs import find
from tests.query import platform
from tests.query.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.query.platform import Tokens


@dataclass(frozen=True)
class Door:
    """A running front-door, the recorder between it and its store, and who may call it."""

    url: str
    tokens: Tokens
    recorder: Recorder
    store_url: str
    folder: Path

    def base(self, project_id: str = platform.PROJECT_A) -> str:
        """The Prometheus data source URL of a project."""
        return f"{self.url}/v1/projects/{project_id}/prometheus"

    def ask(self, query: str, project_id: str = platform.PROJECT_A, holder: str = "viewer") -> httpx.Response:
        """An instant query of a project by the holder of a token."""
        headers = {"Authorization": f"Bearer {getattr(self.tokens, holder)}"}
        return httpx.get(f"{self.base(project_id)}/api/v1/query", params={"query": query}, headers=headers, timeout=20)

    def audit_lines(self) -> list[dict[str, object]]:
        """Every audit line written so far."""
        time.sleep(0.1)  # lines are flushed every 50 ms
        return [json.loads(line) for line in (self.folder / "audit.log").read_text().splitlines()]


@contextmanager
def victoria_metrics(folder: Path, *flags: str) -> Iterator[str]:
    """A real store in `folder`; yields its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    arguments: list[str | Path] = [
        find("victoria-metrics"),
        f"-httpListenAddr=127.0.0.1:{port}",
        f"-storageDataPath={folder / 'data'}",
        "-retentionPeriod=90d",
        "-search.latencyOffset=0s",
        "-search.disableCache=false",
        *flags,
    ]
    with Process("victoria-metrics", arguments, folder / "victoria-metrics.log", f"{url}/health"):
        yield url


@contextmanager
def front_door(folder: Path, regions: dict[str, str], *, control_store: str, more: str = "") -> Iterator[str]:
    """A real front-door process; yields its URL once it is ready."""
    port = free_port()
    config = platform.settings_file(folder, control_store=control_store, port=port, regions=regions, more=more)
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "starmeter", "serve", "query", "--config", str(config)]
    with Process("query", command, folder / "query.log", f"{url}/readyz"):
        yield url


@pytest.fixture(scope="session")
def now() -> float:
    """The time of the newest sample."""
    return float(int(time.time()))


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory, now: float) -> Iterator[str]:
    """A store with everybody's data."""
    with victoria_metrics(tmp_path_factory.mktemp("store")) as url:
        platform.load(url, [*platform.series_of_a(), *platform.series_of_others()], end=now)
        yield url


@pytest.fixture(scope="session")
def control(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Tokens]:
    """The URL of a populated control store, and its tokens."""
    url = f"sqlite:///{tmp_path_factory.mktemp('control') / 'control.db'}"
    return url, platform.populate(url)


@pytest.fixture(scope="session")
def door(tmp_path_factory: pytest.TempPathFactory, store: str, control: tuple[str, Tokens]) -> Iterator[Door]:
    """A front-door over the shared store; region `far` is configured, and down."""
    folder = tmp_path_factory.mktemp("door")
    control_store, tokens = control
    with Recorder(store) as recorder:
        regions = {"near": recorder.url, "far": f"http://127.0.0.1:{free_port()}"}
        with front_door(folder, regions, control_store=control_store) as url:
            yield Door(url, tokens, recorder, store, folder)


@pytest.fixture
def client(door: Door) -> Iterator[httpx.Client]:
    """A client with project A's viewer token, based on A's Prometheus URL."""
    headers = {"Authorization": f"Bearer {door.tokens.viewer}"}
    with httpx.Client(base_url=door.base(), headers=headers, timeout=20) as session:
        yield session
