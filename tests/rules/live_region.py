"""A region of real programs for the live checks: a store with given series, an Envoy, a vmalert, a control store."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import httpx

from compose import victoria
from compose.envoy import Upstream, render
from compose.ports import reserved
from compose.process import Process
from compose.programs import find
from core.control import connect, upgrade
from core.directory import Directory
from core.registry import Registry
from rules.live import Place
from rules.statistics import STRICT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from rules.statistics import Allowlist

SHOP: Final = "aaaaaaaa-0000-4000-8000-00000000000a"
BLOG: Final = "bbbbbbbb-0000-4000-8000-00000000000b"
WEB: Final = "aaaaaaaa-1111-4000-8000-00000000000a"
API: Final = "aaaaaaaa-2222-4000-8000-00000000000a"
REGION: Final = "fra1"


@dataclass(frozen=True, slots=True)
class Running:
    """Where everything is."""

    place: Place
    control_store: str
    gateway: str


@contextmanager
def region(
    folder: Path,
    heads: Iterable[str],
    *,
    clusters: Sequence[str] = (),
    allowlist: Allowlist | None = STRICT,
    rules: str = "groups: []",
    sent: Iterable[str] = (),
) -> Iterator[Running]:
    """Run it all; `heads` are series (`name{labels} value`), `clusters` are Envoy's, with one request through each.

    `sent` are the series in the platform's own store; there is none without them.
    """
    control_store = _control(folder)
    with ExitStack() as stack:
        store_port, ruler_port, listen, admin, platform_port = stack.enter_context(reserved(5))
        store, ruler = f"http://127.0.0.1:{store_port}", f"http://127.0.0.1:{ruler_port}"
        command = victoria.store(store_port, folder / "data")
        stack.enter_context(Process("victoria-metrics", command, folder / "store.log", f"{store}/health"))
        _import(store, list(heads))
        platform = f"http://127.0.0.1:{platform_port}" if (left := list(sent)) else None
        if platform is not None:
            command = victoria.store(platform_port, folder / "platform")
            stack.enter_context(Process("platform", command, folder / "platform.log", f"{platform}/health"))
            _import(platform, left)
        upstreams = [Upstream(name, f"{number}.test", admin) for number, name in enumerate(clusters)]
        bootstrap = folder / "envoy.json"
        bootstrap.write_text(render(upstreams, listen_port=listen, admin_port=admin, allowlist=allowlist))
        options = ("--concurrency", "1", "--disable-hot-restart", "-l", "error")
        command = [find("envoy"), "-c", bootstrap, *options]
        stack.enter_context(Process("envoy", command, folder / "envoy.log", f"http://127.0.0.1:{admin}/ready"))
        for upstream in upstreams:
            httpx.get(f"http://127.0.0.1:{listen}/ready", headers={"Host": upstream.domain}).raise_for_status()
        files = folder / "rules.yml", folder / "notifiers.yml"
        files[0].write_text(rules)
        files[1].write_text(victoria.NO_NOTIFIER)
        command = victoria.ruler(ruler_port, [files[0]], files[1], store, "1s")
        stack.enter_context(Process("vmalert", command, folder / "vmalert.log", f"{ruler}/health"))
        directory = Directory(connect(control_store))
        place = Place(
            REGION,
            metrics_url=store,
            envoy_urls=[f"http://127.0.0.1:{admin}"],
            alerts_url=ruler,
            platform_url=platform,
            directory=directory,
        )
        yield Running(place, control_store, f"http://127.0.0.1:{listen}")


def tenant(project: str, environment: str, service: str) -> str:
    """A tenant's labels, inside braces."""
    return f'project_id="{project}",environment="{environment}",service_id="{service}"'


def route(project: str, environment: str, namespace: str) -> list[str]:
    """A route's byte counters and one bucket, as they are stored."""
    labels = f'{tenant(project, environment, WEB)},job="envoy-gateway",namespace="{namespace}",rule="0",cluster="c1"'
    return [
        f"envoy_cluster_upstream_cx_rx_bytes_total{{{labels}}} 1",
        f"envoy_cluster_upstream_cx_tx_bytes_total{{{labels}}} 1",
        f'envoy_cluster_upstream_rq_time_bucket{{{labels},le="5"}} 1',
    ]


def pod(
    name: str, project: str, environment: str, service: str, *, namespace: str, ready: int = 1, ended: int = 0
) -> list[str]:
    """A pod, as kube-state-metrics shows it."""
    identity = f'cluster="c1",namespace="{namespace}",pod="{name}",uid="u-{name}"'
    labels = ",".join(
        f'label_starform_io_{label}="{value}"'
        for label, value in (("project_id", project), ("environment", environment), ("service_id", service))
    )
    return [
        f"kube_pod_labels{{{identity},{labels}}} 1",
        f'kube_pod_status_ready{{{identity},condition="true"}} {ready}',
        f'kube_pod_status_phase{{{identity},phase="Succeeded"}} {ended}',
        f'kube_pod_status_phase{{{identity},phase="Failed"}} 0',
    ]


def _control(folder: Path) -> str:
    url = f"sqlite:///{folder / 'control.db'}"
    engine = connect(url)
    upgrade(engine)
    registry = Registry(engine)
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    workspace = registry.create_workspace("acme")
    for project, name in ((SHOP, "shop"), (BLOG, "blog")):
        registry.create_project(workspace, name, REGION, project_id=project, at=begun)
        registry.create_environment(project, "production", tier="hobby" if project == SHOP else "standard")
    registry.create_environment(SHOP, "pr-12", is_ephemeral=True, tier="hobby")
    # Named like a preview of the other project, yet none.
    registry.create_environment(BLOG, "pr-12")
    engine.dispose()
    return url


def _import(store: str, heads: list[str]) -> None:
    now = int(time.time() * 1000)
    # The newest samples first: parallel parsers that meet a new series at once would index it twice.
    for age in (0, 30):
        text = "".join(f"{head} {now - age * 1000}\n" for head in heads)
        httpx.post(f"{store}/api/v1/import/prometheus", content=text).raise_for_status()
        deadline = time.monotonic() + 30
        while httpx.get(f"{store}/api/v1/series/count").json()["data"][0] < len(heads):
            assert time.monotonic() < deadline, "the series did not appear"
            time.sleep(0.05)
