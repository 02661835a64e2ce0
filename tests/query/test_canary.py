"""A region is served only while it proves, on every path the front-door reads, that it confines a tenant."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from aiohttp import web

from tests.query import platform
from tests.query.conftest import Door, front_door, victoria_metrics
from tests.query.platform import PROJECT_A, PROJECT_B
from tests.query.recorder import Recorded, Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.query.platform import Tokens

NULL = b'{"status":"success","data":null}'


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A store of its own: the canary looks for others' data of the moment, which the session's may be past."""
    with victoria_metrics(tmp_path_factory.mktemp("fresh")) as url:
        platform.load(url, [*platform.series_of_a(), *platform.series_of_others()], end=int(time.time()))
        yield url


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        pytest.param("everything", "project that does not exist", id="no filter at all"),
        pytest.param("label", "project that does not exist", id="no filter on the label endpoints"),
        pytest.param("tsdb", "project that does not exist", id="no filter on the cardinality endpoint"),
        pytest.param("federate", "project that does not exist", id="no filter on federation"),
        pytest.param("known counts", "counts series of others", id="no filter for a project that exists"),
        pytest.param("known labels", "lists label values of others", id="no label filter for a project that exists"),
        pytest.param("null", "cannot read an answer", id="another shape than expected"),
    ],
)
def test_a_region_that_does_not_prove_its_isolation_is_not_served(
    tmp_path_factory: pytest.TempPathFactory, store: str, control: tuple[str, Tokens], fault: str, reason: str
) -> None:
    async def misbehave(recorded: Recorded, request: web.BaseRequest) -> web.StreamResponse | None:
        """Drop the URL's arguments where the fault says so, as a store would that ignores filters there."""
        path, _, query = recorded.target.partition("?")
        known = PROJECT_A in query or PROJECT_B in query
        ignores = {
            "everything": True,
            "known counts": known and path.endswith("/query"),
            "known labels": known and "label" in path,
        }
        if fault == "null":
            return web.Response(body=NULL, content_type="application/json")
        if not ignores.get(fault, fault in path):
            return None
        async with httpx.AsyncClient() as client:
            answer = await client.post(store + path, content=recorded.body, headers=dict(request.headers))
            return web.Response(status=answer.status_code, body=answer.content, content_type="application/json")

    control_store, tokens = control
    folder = tmp_path_factory.mktemp("misbehaving")
    with (
        Recorder(store, misbehave) as recorder,
        Recorder(store) as honest,
        front_door(
            folder, {"near": recorder.url, "far": honest.url}, control_store=control_store, more="canary_seconds = 1\n"
        ) as url,
    ):
        door = Door(url, tokens, honest, store, folder)
        state = wait_for_regions(url)

        assert state["far"] == "ok"
        assert reason in state["near"]
        assert door.ask("up").status_code == 503
        headers = {"Authorization": f"Bearer {tokens.viewer}"}
        assert httpx.get(f"{door.base()}/api/v1/alerts", headers=headers).status_code == 503
        cause = "malformed" if fault == "null" else "isolation"
        metrics = httpx.get(f"{url}/metrics").text
        assert f'query_canary_failures_total{{cause="{cause}",region="near"}}' in metrics
        assert 'query_region_ready{region="near"} 0.0' in metrics


def test_a_region_whose_store_turns_bad_is_taken_out_of_service(
    tmp_path_factory: pytest.TempPathFactory, store: str, control: tuple[str, Tokens]
) -> None:
    turned = threading.Event()

    async def turn(_: Recorded, __: web.BaseRequest) -> web.StreamResponse | None:
        return web.Response(body=NULL, content_type="application/json") if turned.is_set() else None

    control_store, _ = control
    folder = tmp_path_factory.mktemp("turning")
    with (
        Recorder(store, turn) as recorder,
        front_door(folder, {"near": recorder.url}, control_store=control_store, more="canary_seconds = 1\n") as url,
    ):
        turned.set()
        deadline = time.monotonic() + 10
        while httpx.get(f"{url}/readyz").status_code != 503:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        turned.clear()
        while httpx.get(f"{url}/readyz").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def wait_for_regions(url: str) -> dict[str, str]:
    """The state of all regions, once each was looked at."""
    deadline = time.monotonic() + 10
    while True:
        regions: dict[str, str] = httpx.get(f"{url}/readyz").json()["regions"]
        if "its isolation has not been proved yet" not in regions.values() or time.monotonic() > deadline:
            return regions
        time.sleep(0.05)


def test_a_region_returns_to_service_once_it_proves_itself_again(
    tmp_path_factory: pytest.TempPathFactory, store: str, control: tuple[str, Tokens]
) -> None:
    down = threading.Event()

    async def refuse(_: Recorded, request: web.BaseRequest) -> web.StreamResponse | None:
        if down.is_set() and request.transport is not None:
            request.transport.abort()
        return None

    control_store, tokens = control
    folder = tmp_path_factory.mktemp("returning")
    with (
        Recorder(store, refuse) as recorder,
        front_door(folder, {"near": recorder.url}, control_store=control_store) as url,
    ):
        door = Door(url, tokens, recorder, store, folder)
        assert door.ask("up").status_code == 200
        down.set()
        assert {door.ask("up").status_code for _ in range(3)} == {503}
        assert httpx.get(f"{url}/readyz").status_code == 503
        down.clear()
        deadline = time.monotonic() + 10
        while door.ask("up").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
