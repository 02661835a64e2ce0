"""The local stack runs on the rendered files: what its programs are given differs in addresses and tokens alone."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from compose import envoy, victoria, vmagent
from compose.envoy import Upstream
from compose.home import Home
from compose.ports import reserved
from compose.stack import Stack
from rules import alerts, recording, rulefile
from rules.catalogue import PLATFORM_JOB
from rules.preview import cluster_metadata
from rules.render.artefact import FOLDER

# Where a target is and what it is called is the one thing that a machine decides.
_DISCOVERY = {"static_configs", "kubernetes_sd_configs", "relabel_configs", "scheme", "bearer_token_file", "tls_config"}
# A limit against what a region's gateways could expose.
_DISCOVERY |= {"sample_limit"}


def _committed(name: str) -> Any:  # noqa: ANN401 - a file's content
    return yaml.safe_load((FOLDER / name).read_text())


def test_envoy_s_statistics_are_the_committed_fragment() -> None:
    bootstrap = json.loads(envoy.render([], listen_port=1, admin_port=2))
    fragment = _committed("envoy-bootstrap.yaml")

    assert {key: bootstrap[key] for key in fragment} == fragment


def test_a_preview_s_cluster_has_the_metadata_of_the_committed_patch() -> None:
    preview = Upstream("a", "a.test", 1, is_ephemeral=True)
    (cluster,) = json.loads(envoy.render([preview], listen_port=1, admin_port=2))["static_resources"]["clusters"]
    (patch,) = _committed("preview-patch.yaml")["spec"]["jsonPatches"]

    assert cluster["metadata"] == patch["operation"]["value"] == cluster_metadata()


def test_vmagent_s_jobs_are_the_committed_ones_but_for_where_targets_are() -> None:
    local = [
        vmagent.gateway_job("a:1"),
        vmagent.kubelet_job(["b:2"]),
        vmagent.state_job("c:3"),
        vmagent.platform_job({"query": "d:4"}, "%{REGION}"),
    ]
    committed = _committed("vmagent.yml")["scrape_configs"]

    assert [{k: v for k, v in job.items() if k not in _DISCOVERY} for job in local] == [
        {k: v for k, v in job.items() if k not in _DISCOVERY} for job in committed
    ]


def test_vmalert_s_rules_are_the_committed_ones() -> None:
    assert _committed("recording.yml") == yaml.safe_load(rulefile.render(recording.GROUPS))
    assert _committed("alerts.yml") == yaml.safe_load(rulefile.render(alerts.GROUPS))


def test_the_billing_run_reads_through_vmauth_as_its_own_user_and_is_scraped_as_ours(tmp_path: Path) -> None:
    with reserved(Stack.PORTS) as ports:
        stack = Stack(Home(tmp_path), ports, datetime.now(UTC))
        stack.tiers()
    told: dict[str, Any] = stack.description()
    read = tomllib.loads((tmp_path / "billing.toml").read_text())["regions"]
    for region, reads in zip(told["regions"], read, strict=True):
        folder = tmp_path / "regions" / region["name"]
        users = {one["name"]: one for one in json.loads((folder / "vmauth.yml").read_text())["users"]}
        jobs = {one["job_name"]: one for one in json.loads((folder / "scrape.yml").read_text())["scrape_configs"]}
        ours = {one["labels"]["process"]: one["targets"] for one in jobs[PLATFORM_JOB]["static_configs"]}

        assert reads["metrics_url"] == region["vmauth_url"]
        assert Path(reads["metrics_token_file"]).read_text() == users["read-billing"]["bearer_token"]
        assert users["read-billing"]["bearer_token"] != users["read-front-door"]["bearer_token"]
        assert ours == {name: [told[f"{name}_url"].removeprefix("http://")] for name in ("query", "ingest", "billing")}


def test_vmauth_s_users_are_the_committed_ones_but_for_names_and_tokens() -> None:
    tokens = {"%{CLUSTER}": "%{WRITE_TOKEN}"}, "%{READ_TOKEN}", "%{BILLING_TOKEN}"
    local = victoria.users("%{STORE_URL}", "%{REGION}", *tokens)

    assert json.loads(local) == _committed("vmauth.yml")
