"""The real store and vmauth before it: who may write as whom, who may read what, and what nobody may open."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import httpx
import pytest

from compose import victoria
from compose.ports import reserved
from compose.process import Process

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.stack

_WRITE: Final = {"Authorization": "Bearer write-one"}
_READ: Final = {"Authorization": "Bearer read-all"}


class _Region(NamedTuple):
    store: str
    gate: str
    pids: list[int]


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Region]:
    folder = tmp_path_factory.mktemp("region")
    with ExitStack() as stack:
        store_port, gate_port = stack.enter_context(reserved(2))
        store, gate = f"http://127.0.0.1:{store_port}", f"http://127.0.0.1:{gate_port}"
        users = folder / "vmauth.yml"
        users.write_text(victoria.users(store, "fra1", {"one": "write-one", "two": "write-two"}, "read-all", "bill"))
        locks = victoria.environment()
        # Writes of samples come as JSON lines here, for remote write's own form is protobuf in snappy.
        users.write_text(users.read_text().replace('"/api/v1/write"', '"/api/v1/write", "/api/v1/import"'))
        processes = [
            stack.enter_context(Process(name, arguments, folder / f"{name}.log", f"{url}/health", locks))
            for name, arguments, url in (
                ("victoria-metrics", victoria.store(store_port, folder / "data"), store),
                ("vmauth", victoria.gate(gate_port, users), gate),
            )
        ]
        yield _Region(store, gate, [process.pid for process in processes])


def _write(region: _Region, token: str, metric: dict[str, str]) -> httpx.Response:
    line = {"metric": metric, "values": [1], "timestamps": [int(time.time() * 1000)]}
    return httpx.post(f"{region.gate}/api/v1/import", json=line, headers={"Authorization": f"Bearer {token}"})


def _stored(region: _Region, metric: str) -> list[dict[str, str]]:
    """The labels of a metric's series, once it has any."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        # A matcher of its own each time: the store remembers for a while what it did not have.
        selector = f'{metric}{{asked!="{time.monotonic_ns()}"}}'
        answer = httpx.get(f"{region.gate}/api/v1/series", params={"match[]": selector}, headers=_READ)
        if series := answer.json()["data"]:
            return list(series)
        time.sleep(0.05)
    raise AssertionError(f"{metric} was not stored")


def test_a_cluster_writes_under_its_own_name_whatever_it_says(region: _Region) -> None:
    lie = {"__name__": "spoofed", "cluster": "two", "region": "nyc1"}

    assert _write(region, "write-one", lie).status_code == 204

    assert _stored(region, "spoofed") == [{"__name__": "spoofed", "cluster": "one", "region": "fra1"}]


def test_the_reader_s_token_cannot_write(region: _Region) -> None:
    assert _write(region, "read-all", {"__name__": "never"}).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/query?query=1",
        "/api/v1/query_range?query=1",
        "/api/v1/series?match[]=up",
        "/api/v1/labels",
        "/api/v1/label/job/values",
        "/api/v1/status/tsdb",
        "/federate?match[]=up",
    ],
)
def test_the_reader_may_what_the_front_door_needs_and_a_writer_may_not(region: _Region, path: str) -> None:
    assert httpx.get(region.gate + path, headers=_READ).status_code == 200
    assert httpx.get(region.gate + path, headers=_WRITE).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/export?match[]=up",
        "/api/v1/series/count",
        "/api/v1/status/active_queries",
        "/api/v1/status/top_queries",
        "/api/v1/label/a/b/values",
        "/api/v1/query/",
        "/api/v1/queryx",
        "/api/v1/admin/tsdb/delete_series?match[]=up",
        "/metrics",
        "/vmui/",
        "/",
    ],
)
def test_the_reader_may_nothing_else(region: _Region, path: str) -> None:
    assert httpx.get(region.gate + path, headers=_READ).status_code in {400, 401, 404}


def test_the_billing_run_exports_and_does_nothing_else(region: _Region) -> None:
    headers = {"Authorization": "Bearer bill"}
    paths = ("/api/v1/export?match[]=up", "/api/v1/query?query=1", "/api/v1/labels", "/api/v1/export/csv?match[]=up")

    assert [httpx.get(region.gate + path, headers=headers).status_code for path in paths] == [200, 400, 400, 400]
    assert _write(region, "bill", {"__name__": "never"}).status_code == 400


@pytest.mark.parametrize("token", [None, "", "Bearer wrong", "Basic cmVhZC1hbGw6cmVhZC1hbGw="])
def test_nobody_else_comes_in(region: _Region, token: str | None) -> None:
    headers = {} if token is None else {"Authorization": token}

    assert httpx.get(f"{region.gate}/api/v1/labels", headers=headers).status_code in {400, 401}


@pytest.mark.parametrize(
    "path",
    [
        "/metrics",
        "/flags",
        "/config",
        "/debug/pprof/heap",
        "/snapshot/list",
        "/snapshot/create",
        "/internal/force_merge",
        "/internal/force_flush",
        "/internal/resetRollupResultCache",
        "/api/v1/admin/tsdb/delete_series?match[]=up",
        "/tags/delSeries?path=up",
    ],
)
def test_the_store_s_administrative_pages_are_locked(region: _Region, path: str) -> None:
    answer = httpx.get(region.store + path)

    assert answer.status_code in {400, 401, 422}
    assert "authkey" in answer.text.lower()


def test_the_keys_are_on_no_command_line(region: _Region) -> None:
    for pid in region.pids:
        assert "authkey" not in Path(f"/proc/{pid}/cmdline").read_text().lower()


def test_keys_are_new_each_time() -> None:
    first, second = victoria.environment(), victoria.environment()

    assert first.keys() == second.keys()
    assert not set(first.values()) & set(second.values())
