"""A region of real programs with a history in it: store, recording rules, front-door, and a data source over it."""

from __future__ import annotations

import subprocess
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import dashboards
from compose import seed
from compose.home import Home
from compose.programs import find
from rules import recording, rulefile
from rules.rulefile import Recording
from tests.dashboards import history
from tests.query.conftest import front_door, victoria_metrics
from tests.query.grafana import DataSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def overview() -> dict[str, Any]:
    """The service overview as it is shipped."""
    return dashboards.load("service-overview")


@pytest.fixture(scope="session")
def recorded() -> set[str]:
    """The names of all recorded series."""
    return {rule.record for group in recording.GROUPS for rule in group.rules if isinstance(rule, Recording)}


@pytest.fixture(scope="session")
def end() -> float:
    """The time of the newest scrape: the last at which the project has had the same pods all along.

    Whenever the tests run, a line of a replica then covers the whole history.
    """
    at = time.time() // history.SCRAPE_SECONDS * history.SCRAPE_SECONDS
    while len({history.replicas(at - back) for back in (0.0, history.SECONDS + 60.0)}) > 1:
        at -= 60
    return at


@pytest.fixture(scope="session")
def region(tmp_path_factory: pytest.TempPathFactory, end: float) -> Iterator[str]:
    """A region's store with ten minutes of scrapes, and what the recording rules make of them."""
    folder = tmp_path_factory.mktemp("region")
    with victoria_metrics(folder) as url:
        history.load(url, end)
        flush(url)
        record(url, folder, end)
        flush(url)
        yield url


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory, region: str) -> Iterator[DataSource]:
    """A data source with the token of the project's viewer and the project's URL."""
    home = Home(tmp_path_factory.mktemp("home"))
    now = datetime.now(UTC)
    control_store = seed.prepare(home, now)
    headers = {"Authorization": f"Bearer {seed.tokens(home, now)[f'viewer@{history.SHOP.name}']}"}
    with front_door(home.path, {history.REGION: region}, control_store=control_store) as url:
        base = f"{url}/v1/projects/{history.SHOP.id}/prometheus"
        with httpx.Client(base_url=base, headers=headers, timeout=20) as client:
            yield DataSource(client)


def record(store_url: str, folder: Path, end: float) -> None:
    """Evaluate the recording rules over the whole history, as a running vmalert would have."""
    rules = folder / "recording.yml"
    rules.write_text(rulefile.render(recording.GROUPS))
    span = [datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for at in (end - history.SECONDS, end)]
    command: list[str | Path] = [
        find("vmalert"),
        f"-rule={rules}",
        f"-datasource.url={store_url}",
        f"-remoteWrite.url={store_url}",
        f"-evaluationInterval={history.SCRAPE_SECONDS}s",
        # A replay asks for ranges with this step; without it a sample every five minutes is all that is recorded.
        f"-datasource.queryStep={history.SCRAPE_SECONDS}s",
        f"-replay.timeFrom={span[0]}",
        f"-replay.timeTo={span[1]}",
        "-replay.rulesDelay=0s",
        "-disableAlertgroupLabel",
        "-httpListenAddr=127.0.0.1:0",
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def flush(store_url: str) -> None:
    """Make what was written visible at once, all of it: of its own accord the store does so within a second or two."""
    httpx.get(f"{store_url}/internal/force_flush", timeout=20).raise_for_status()
