"""The front-door beside vmauth and the bare store: `python -m tests.bench.door`. Ends with 1 when a target is missed.

One store, 2,000 tenants, real programs, one interleaved run: every round visits all three, so that a machine whose
speed drifts cannot favour one. Ratios are taken round by round; their median is what counts.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from compose.process import Process, free_port
from compose.programs import fetch, find, library_path
from core.control import connect, upgrade
from core.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS: Final = 7
SECONDS: Final = 3
CONNECTIONS: Final = 16
SEQUENTIAL: Final = 3_000
WARM_UP: Final = 200
TENANTS: Final = 2_000
PROJECT: Final = "0b6f8e0c-0000-4000-8000-00000000000a"
QUERIES: Final = {
    "the services that are up": "up",
    "requests a second": "sum(rate(envoy_cluster_upstream_rq_xx[5m])) by (environment)",
}
LARGE_BYTES: Final = 50_000_000

MOST_ADDED_MS: Final = 0.6
LEAST_OF_VMAUTH: Final = 0.8
MOST_EXTRA_MIB: Final = 64.0


@dataclass(frozen=True, slots=True)
class Target:
    """Something to read from: a base URL, and the headers and arguments that confine it to the tenant."""

    name: str
    base: str
    headers: dict[str, str]
    arguments: str = ""

    def url(self, query: str, at: int) -> str:
        """An instant query."""
        return f"{self.base}/api/v1/query?query={quote(query)}&time={at}{self.arguments}"


def main() -> int:
    """Run everything; returns the exit code."""
    fetch(("wrk", "libluajit-5.1-2"), ("wrk",))
    with tempfile.TemporaryDirectory() as folder, _platform(Path(folder)) as (targets, at, door):
        met = [_sequential(targets, at), _concurrent(targets, at), _streaming(targets[0], targets[-1], door)]
    return 0 if all(met) else 1


@contextlib.contextmanager
def _platform(folder: Path) -> Iterator[tuple[list[Target], int, Process]]:
    """A store with data of everyone, vmauth and the front-door both directly before it."""
    store_port, auth_port, door_port = free_port(), free_port(), free_port()
    store = f"http://127.0.0.1:{store_port}"
    control_store = f"sqlite:///{folder / 'control.db'}"
    token = _control(control_store)
    filtered = f"extra_label=project_id={PROJECT}"
    (folder / "auth.yml").write_text(f'users:\n- bearer_token: "rd"\n  url_prefix: "{store}/?{filtered}"\n')
    (folder / "query.toml").write_text(
        f'listen = "127.0.0.1:{door_port}"\ncontrol_store = "{control_store}"\naudit_log = "{folder / "audit.log"}"\n'
        # As many places as connections: vmauth has no such limit, and waiting for a place is not what is measured here.
        f'[limits]\nconcurrency = {CONNECTIONS}\n[[regions]]\nname = "near"\nmetrics_url = "{store}"\n'
    )
    door = Process(
        "query",
        [sys.executable, "-m", "starmeter", "serve", "query", "--config", folder / "query.toml"],
        folder / "query.log",
        f"http://127.0.0.1:{door_port}/readyz",
    )
    with (
        Process(
            "victoria-metrics",
            [find("victoria-metrics"), f"-httpListenAddr=127.0.0.1:{store_port}", f"-storageDataPath={folder / 'data'}",
             "-retentionPeriod=90d", "-search.maxUniqueTimeseries=1000000"],
            folder / "store.log",
            f"{store}/health",
        ),
        Process(
            "vmauth",
            [find("vmauth"), f"-auth.config={folder / 'auth.yml'}", f"-httpListenAddr=127.0.0.1:{auth_port}"],
            folder / "vmauth.log",
            f"http://127.0.0.1:{auth_port}/health",
        ),
        door,
    ):  # fmt: skip
        at = _load(store)
        yield (
            [
                Target("VictoriaMetrics direct", store, {}, f"&{filtered}"),
                Target("vmauth", f"http://127.0.0.1:{auth_port}", {"Authorization": "Bearer rd"}),
                Target(
                    "front-door",
                    f"http://127.0.0.1:{door_port}/v1/projects/{PROJECT}/prometheus",
                    {"Authorization": f"Bearer {token}"},
                ),
            ],
            at,
            door,
        )


def _control(url: str) -> str:
    engine = connect(url)
    upgrade(engine)
    registry = Registry(engine)
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    workspace = registry.create_workspace("acme")
    registry.create_project(workspace, "shop", "near", project_id=PROJECT, at=begun)
    registry.set_project_role(PROJECT, "viewer", "viewer")
    token = registry.issue_token("viewer", "bench", now=datetime.now(UTC)).text
    engine.dispose()
    return token


def _load(store: str) -> int:
    """Four services of 25 series for each tenant, ten minutes of samples; and one tenant's large answer."""
    end = int(time.time()) // 15 * 15 - 60
    projects = [PROJECT, *(f"{index:08x}-0000-4000-8000-00000000000a" for index in range(TENANTS - 1))]
    for first in range(0, TENANTS, 50):
        _import(store, [line for project in projects[first : first + 50] for line in _tenant(project, end)])
    for first in range(0, 60_000, 10_000):
        _import(store, [_large(index, end) for index in range(first, first + 10_000)])
    time.sleep(2)
    return end


def _tenant(project: str, end: int) -> Iterator[str]:
    for service in range(4):
        labels = (
            f'project_id="{project}",environment="production",service_id="{service:08x}-1111-4000-8000-00000000000a"'
        )
        for head in (
            f"up{{{labels}}}",
            *(f'envoy_cluster_upstream_rq_xx{{{labels},envoy_response_code_class="{code}"}}' for code in range(1, 6)),
        ):
            for back in range(40):
                yield f"{head} {1000 - back} {(end - back * 15) * 1000}"


def _large(index: int, end: int) -> str:
    padding = "x" * 700
    return (
        f'large{{project_id="{PROJECT}",environment="production",number="{index}",padding="{padding}"}} 1 {end * 1000}'
    )


def _import(store: str, lines: list[str]) -> None:
    url = f"{store}/api/v1/import/prometheus"
    request = urllib.request.Request(url, data="\n".join(lines).encode(), method="POST")  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=60):  # noqa: S310 - loopback
        pass


def _sequential(targets: list[Target], at: int) -> bool:
    """One client, one kept-alive connection to each, a request to each in turn: what the door adds to the median."""
    met = True
    for title, query in QUERIES.items():
        connections = [http.client.HTTPConnection(urlsplit(target.base).netloc) for target in targets]
        paths = [target.url(query, at).removeprefix(f"http://{urlsplit(target.base).netloc}") for target in targets]
        times: list[list[float]] = [[] for _ in targets]
        for index in range(WARM_UP + SEQUENTIAL):
            for target, connection, path, taken in zip(targets, connections, paths, times, strict=True):
                begun = time.perf_counter()
                connection.request("GET", path, headers=target.headers)
                answer = connection.getresponse()
                body = answer.read()
                if index >= WARM_UP:
                    taken.append((time.perf_counter() - begun) * 1000)
                if answer.status != 200 or b"environment" not in body:
                    raise RuntimeError(f"{target.name}: {answer.status} {body[:200]!r}")
        print(f"\nOne client, {title} (ms; median and p99 of {SEQUENTIAL} reads, one to each in turn)")
        medians = [statistics.median(taken) for taken in times]
        for target, taken, median in zip(targets, times, medians, strict=True):
            p99 = statistics.quantiles(taken, n=100)[98]
            print(f"  {target.name:<24}{median:8.3f}{p99:8.3f}   adds {median - medians[0]:6.3f}")
        added = medians[-1] - medians[0]
        met &= _verdict(f"the front-door adds {added:.3f} ms", added <= MOST_ADDED_MS, f"at most {MOST_ADDED_MS} ms")
    return met


def _concurrent(targets: list[Target], at: int) -> bool:
    """Sixteen connections, rounds of all three in turn: throughput as a ratio to the bare store and to vmauth."""
    met = True
    for title, query in QUERIES.items():
        rates: list[list[float]] = [[] for _ in targets]
        for _ in range(ROUNDS):
            for target, measured in zip(targets, rates, strict=True):
                measured.append(_wrk(target, target.url(query, at)))
        print(f"\n{CONNECTIONS} connections, {title} (reads/s; median of {ROUNDS} rounds of {SECONDS} s)")
        for target, measured in zip(targets, rates, strict=True):
            to_direct = statistics.median(one / direct for one, direct in zip(measured, rates[0], strict=True))
            print(f"  {target.name:<24}{statistics.median(measured):10.0f}   {to_direct:5.2f} of direct")
        to_vmauth = statistics.median(door / auth for door, auth in zip(rates[2], rates[1], strict=True))
        said = f"the front-door is {to_vmauth:.2f} x vmauth"
        met &= _verdict(said, to_vmauth >= LEAST_OF_VMAUTH, f"at least {LEAST_OF_VMAUTH} x")
    return met


def _wrk(target: Target, url: str) -> float:
    headers = [part for name, value in target.headers.items() for part in ("-H", f"{name}: {value}")]
    command = [str(find("wrk")), "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", *headers, url]
    environment = {**os.environ, "LD_LIBRARY_PATH": library_path()}
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(f"{target.name}: {said}")
    match = re.search(r"Requests/sec:\s*([0-9.]+)", said)
    if match is None:
        raise RuntimeError(f"{target.name}: {said}")
    return float(match[1])


def _streaming(direct: Target, door_target: Target, door: Process) -> bool:
    """A large answer through the door: its size, its time beside the direct one, and the memory it took."""
    at = int(time.time()) // 15 * 15 - 60
    _drain(door_target, "up", at)
    before = _peak(door.pid)
    direct_size, direct_seconds = _drain(direct, "large", at)
    size, seconds = _drain(door_target, "large", at)
    extra = (_peak(door.pid) - before) / 2**20
    print(f"\nA large answer ({size / 1e6:.1f} MB)")
    print(f"  {direct.name:<24}{direct_seconds:8.2f} s")
    print(f"  {door_target.name:<24}{seconds:8.2f} s   {extra:.1f} MiB more memory at the peak")
    if size != direct_size or size < LARGE_BYTES:
        raise RuntimeError(f"{size} bytes through the door, {direct_size} directly, {LARGE_BYTES} wanted")
    return _verdict(f"{extra:.1f} MiB of extra memory", extra <= MOST_EXTRA_MIB, f"at most {MOST_EXTRA_MIB:g} MiB")


def _drain(target: Target, query: str, at: int) -> tuple[int, float]:
    request = urllib.request.Request(target.url(query, at), headers=target.headers)  # noqa: S310 - loopback
    begun = time.perf_counter()
    size = 0
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310 - loopback
        while piece := answer.read(65_536):
            size += len(piece)
    return size, time.perf_counter() - begun


def _peak(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def _verdict(said: str, met: bool, wanted: str) -> bool:
    print(f"  {'met' if met else 'MISSED'}: {said} ({wanted})")
    return met


if __name__ == "__main__":
    sys.exit(main())
