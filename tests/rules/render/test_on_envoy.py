"""Real Envoy on the rendered resources, as Envoy Gateway would write them into its bootstrap."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from compose.envoy import Upstream, render
from compose.ports import reserved
from compose.process import Process
from compose.programs import find
from rules.budget import BUDGET
from rules.check import corpus, statistics
from rules.check.source import parse
from rules.render.artefact import ARTEFACTS
from rules.render.preview import EXAMPLE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.stack

_ROUTE: Final = next(iter(corpus.ROUTES))
_KINDS: Final = {"Exact": "exact", "Prefix": "prefix", "Suffix": "suffix"}
# What Go's template function `js` does to a text.
_JS: Final = {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D"}


def _templated(value: str) -> str:
    """A value as it comes out of Envoy Gateway's bootstrap: escaped for JavaScript, in a plain YAML scalar."""
    escaped = "".join(_JS.get(character, character) for character in value)
    text: dict[str, str] = yaml.safe_load(f"regex: {escaped}")
    return text["regex"]


def _of_gateway(resource: dict[str, Any]) -> dict[str, Any]:
    """The `stats_config` that Envoy Gateway makes of an EnvoyProxy."""
    patterns: list[dict[str, object]] = []
    for match in resource["spec"]["telemetry"]["metrics"]["matches"]:
        value = _templated(match["value"])
        if match["type"] == "RegularExpression":
            patterns.append({"safe_regex": {"regex": value}})
        else:
            patterns.append({_KINDS[match["type"]]: value})
    merged = yaml.safe_load(resource["spec"]["bootstrap"]["value"])
    stats: dict[str, Any] = merged["stats_config"] | {"stats_matcher": {"inclusion_list": {"patterns": patterns}}}
    return stats


def _resource(name: str) -> dict[str, Any]:
    resource: dict[str, Any] = next(yaml.safe_load_all(ARTEFACTS[name]()))
    return resource


def _exposed(folder: Path, stats: dict[str, Any], *, patch: dict[str, Any] | None = None) -> dict[str, set[str]]:
    """After one request through each route: the names of each cluster's series ("" for the gateway's own)."""
    clusters = [_ROUTE, EXAMPLE, *corpus.STRANGERS]
    with reserved(2) as (listen, admin):
        upstreams = [Upstream(name, f"{number}.test", admin) for number, name in enumerate(clusters)]
        bootstrap = json.loads(render(upstreams, listen_port=listen, admin_port=admin)) | {"stats_config": stats}
        for cluster in bootstrap["static_resources"]["clusters"]:
            for one in () if patch is None else patch["spec"]["jsonPatches"]:
                if one["name"] == cluster["name"]:
                    cluster[one["operation"]["path"].removeprefix("/")] = one["operation"]["value"]
        path = folder / "envoy.json"
        path.write_text(json.dumps(bootstrap))
        options = ("--concurrency", "1", "--disable-hot-restart", "-l", "error")
        command: list[str | Path] = [find("envoy"), "-c", path, *options]
        with (
            Process("envoy", command, folder / "envoy.log", f"http://127.0.0.1:{admin}/ready"),
            httpx.Client() as client,
        ):
            for upstream in upstreams:
                client.get(f"http://127.0.0.1:{listen}/ready", headers={"Host": upstream.domain}).raise_for_status()
            text = client.get(f"http://127.0.0.1:{admin}/stats/prometheus").text
    exposed: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = dict(sample.labels)
            cluster = labels.pop("envoy_cluster_name", "")
            exposed.setdefault(cluster, set()).add(f"{sample.name}{sorted(labels.items())}")
    return exposed


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    folder = tmp_path_factory.mktemp("envoy")
    return _exposed(folder, _of_gateway(_resource("envoy-proxy.yaml")), patch=_resource("preview-patch.yaml"))


def test_an_active_route_costs_what_the_check_says_of_it(exposed: dict[str, set[str]]) -> None:
    (document,) = parse(ARTEFACTS["envoy-proxy.yaml"](), "envoy-proxy.yaml").documents
    found = statistics.of(document)

    assert found is not None
    # It answered in one class of five.
    assert len(exposed[_ROUTE]) == found.series_per_route() - 4
    assert found.series_per_route() == BUDGET.per_route


def test_no_other_cluster_exposes_anything(exposed: dict[str, set[str]]) -> None:
    assert set(exposed) == {"", _ROUTE}


def test_the_gateway_s_own_families_are_there(exposed: dict[str, set[str]]) -> None:
    own = " ".join(exposed[""])

    # A static bootstrap has no control plane.
    for family in ("envoy_server_uptime", "envoy_listener_manager_", "envoy_cluster_manager_"):
        assert family in own


def test_without_the_patch_the_example_is_a_route_like_any_other(tmp_path: Path) -> None:
    exposed = _exposed(tmp_path, _of_gateway(_resource("envoy-proxy.yaml")))

    assert exposed[EXAMPLE] == exposed[_ROUTE]


def test_the_gateway_for_previews_exposes_itself_alone(tmp_path: Path) -> None:
    exposed = _exposed(tmp_path, _of_gateway(_resource("preview-gateway.yaml")))

    assert set(exposed) == {""}


def test_a_pattern_escaped_twice_keeps_no_customer_and_nothing_says_so(tmp_path: Path) -> None:
    resource = _resource("envoy-proxy.yaml")
    match = resource["spec"]["telemetry"]["metrics"]["matches"][-1]
    match["value"] = match["value"].replace("[.]", "\\.")

    assert set(_exposed(tmp_path, _of_gateway(resource))) == {""}


def test_every_stat_that_patterns_are_tried_on_is_one_that_envoy_has(tmp_path: Path) -> None:
    exposed = _exposed(tmp_path, {})
    names = {name.partition("[")[0].removesuffix("_total") for name in exposed[_ROUTE]}

    for stats in corpus.OWN_STATS.values():
        for stat in stats:
            series = "upstream_rq_xx" if stat.endswith("xx") else stat.removesuffix("_total")
            assert any(name.startswith(f"envoy_cluster_{series}") for name in names), stat
