"""Real Envoy on a rendered bootstrap: which statistics of which routes exist."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from uuid import UUID

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from compose.envoy import STRICT, Allowlist, Upstream, render
from compose.ports import reserved
from compose.process import Process
from compose.programs import find
from core.tenant import Tenant
from ingest.cluster_name import ClusterName
from rules.catalogue import CUSTOMER_FAMILIES, LATENCY_BUCKETS_MS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prometheus_client.samples import Sample

_PROJECT: Final = str(UUID(int=0xA))
_SERVICE: Final = str(UUID(int=0xB))
_CUSTOMER_SERIES: Final = {series for family in CUSTOMER_FAMILIES for series in family.series}
# Labels that YAML 1.1 would read as booleans and numbers.
_ODD: Final = ("y", "on", "1e5", "0x1f")


def _name(environment: str, *, kind: str = "httproute", backend: int | None = None) -> str:
    tenant = Tenant(_PROJECT, environment, _SERVICE)
    return ClusterName.of(tenant, "prj-a", route_kind=kind, backend=backend).name


_ROUTES: Final = {
    "production.test": _name("production"),
    "pr-7.test": _name("pr-7"),
    "pr-8.test": _name("pr-8"),
    "grpc.test": _name("production", kind="grpcroute", backend=1),
    "internal.test": "wasm_cluster",
    "mirror.test": f"{_name('production')}-mirror-0",
    **{f"{odd}.test": _name(odd) for odd in _ODD},
}


@contextmanager
def _gateway(folder: Path, allowlist: Allowlist | None) -> Iterator[tuple[str, str]]:
    """Envoy in front of its own admin page, which answers every request; yields the URLs of gateway and admin page."""
    with reserved(2) as (listen, admin):
        upstreams = [
            Upstream(name, domain, admin, is_ephemeral=domain == "pr-8.test") for domain, name in _ROUTES.items()
        ]
        bootstrap = folder / "envoy.json"
        bootstrap.write_text(render(upstreams, listen_port=listen, admin_port=admin, allowlist=allowlist))
        options = ("--concurrency", "1", "--disable-hot-restart", "-l", "error")
        command: list[str | Path] = [find("envoy"), "-c", bootstrap, *options]
        with Process("envoy", command, folder / "envoy.log", f"http://127.0.0.1:{admin}/ready"):
            yield f"http://127.0.0.1:{listen}", f"http://127.0.0.1:{admin}"


def _samples_after_traffic(folder: Path, allowlist: Allowlist | None) -> list[Sample]:
    """What the gateway exposes after one request through each route."""
    with _gateway(folder, allowlist) as (gateway, admin), httpx.Client() as client:
        for domain in _ROUTES:
            assert client.get(f"{gateway}/ready", headers={"Host": domain}).status_code == 200
        text = client.get(f"{admin}/stats/prometheus").text
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    return _samples_after_traffic(tmp_path_factory.mktemp("envoy"), STRICT)


def _of(samples: list[Sample], cluster: str) -> list[Sample]:
    return [sample for sample in samples if sample.labels.get("envoy_cluster_name") == cluster]


@pytest.mark.stack
def test_envoy_accepts_the_bootstrap_and_keeps_the_names_as_given(tmp_path: Path) -> None:
    upstreams = [Upstream(name, domain, 9) for domain, name in _ROUTES.items()]
    bootstrap = tmp_path / "envoy.json"
    bootstrap.write_text(render(upstreams, listen_port=10_000, admin_port=10_001))

    checked = subprocess.run(
        [find("envoy"), "--mode", "validate", "-c", bootstrap, "-l", "error"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (checked.returncode, checked.stderr) == (0, "")
    clusters = json.loads(bootstrap.read_text())["static_resources"]["clusters"]
    assert [cluster["name"] for cluster in clusters] == list(_ROUTES.values())


@pytest.mark.stack
def test_an_active_route_has_its_three_families_and_nothing_else(strict: list[Sample]) -> None:
    samples = _of(strict, _name("production"))

    # The parser gives every counter the suffix that Envoy leaves out.
    assert {s.name.removesuffix("_total") for s in samples} == {s.removesuffix("_total") for s in _CUSTOMER_SERIES}
    # 11 bounds, +Inf, sum and count; one status class; bytes in two directions.
    assert len(samples) == len(LATENCY_BUCKETS_MS) + 3 + 1 + 2


@pytest.mark.stack
def test_latency_buckets_are_the_catalogue_s(strict: list[Sample]) -> None:
    bounds = [s.labels["le"] for s in _of(strict, _name("production")) if s.name.endswith("_bucket")]

    assert bounds == [*map(str, LATENCY_BUCKETS_MS), "+Inf"]


@pytest.mark.stack
def test_a_preview_is_told_by_its_flag_and_not_by_its_name(strict: list[Sample]) -> None:
    assert _of(strict, _ROUTES["pr-8.test"]) == []
    assert len(_of(strict, _ROUTES["pr-7.test"])) == 17


@pytest.mark.stack
def test_names_that_yaml_would_read_as_something_else_have_their_series(strict: list[Sample]) -> None:
    for odd in _ODD:
        assert len(_of(strict, _name(odd))) == 17, odd


@pytest.mark.stack
def test_clusters_that_are_no_customer_route_have_none(strict: list[Sample]) -> None:
    assert _of(strict, "wasm_cluster") == []
    assert _of(strict, _ROUTES["mirror.test"]) == []


@pytest.mark.stack
def test_the_gateway_s_own_families_are_there_and_no_others(strict: list[Sample]) -> None:
    own = {s.name for s in strict if "envoy_cluster_name" not in s.labels}

    # A static bootstrap has no control plane to talk of.
    prefixes = ("envoy_server_", "envoy_listener_manager_", "envoy_cluster_manager_")
    assert {name for name in own if not name.startswith(prefixes)} == set()
    assert all(any(name.startswith(prefix) for name in own) for prefix in prefixes)


@pytest.mark.stack
def test_without_the_allowlist_everything_shows_but_previews_stay_silent(tmp_path: Path) -> None:
    samples = _samples_after_traffic(tmp_path, None)

    assert len(_of(samples, _name("production"))) > 200
    assert _of(samples, _ROUTES["pr-8.test"]) == []
