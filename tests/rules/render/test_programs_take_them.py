"""The committed files in the real programs that read them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import httpx
import pytest
import yaml

from compose import victoria
from compose.ports import reserved
from compose.process import Process
from compose.programs import find
from rules.render.artefact import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.stack


def _returns(command: list[str | Path]) -> int:
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode


def _vmagent(path: Path, text: str) -> int:
    """The certificates of a pod are not on this machine, and vmagent would open them."""
    path.write_text(text.replace("ca_file:", "server_name:"))
    return _returns([find("vmagent"), f"-promscrape.config={path}", "-promscrape.config.dryRun"])


def test_vmagent_takes_the_scrape_configuration_and_would_refuse_a_misspelt_one(tmp_path: Path) -> None:
    text = (FOLDER / "vmagent.yml").read_text()

    assert _vmagent(tmp_path / "vmagent.yml", text) == 0
    assert _vmagent(tmp_path / "vmagent.yml", text.replace("metric_relabel_configs", "metrics_relabel_configs")) != 0


@pytest.mark.parametrize("name", ["recording.yml", "alerts.yml", "objectives.yml"])
def test_vmalert_takes_the_rule_files(name: str) -> None:
    assert _returns([find("vmalert"), "-dryRun", f"-rule={FOLDER / name}"]) == 0


def _merged_bootstrap() -> str:
    resource = next(yaml.safe_load_all((FOLDER / "envoy-proxy.yaml").read_text()))
    text: str = resource["spec"]["bootstrap"]["value"]
    return text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param((FOLDER / "envoy-bootstrap.yaml").read_text(), id="the bootstrap"),
        pytest.param(_merged_bootstrap(), id="what an EnvoyProxy merges into its own"),
    ],
)
def test_envoy_takes_the_bootstrap_and_would_refuse_a_misspelt_one(tmp_path: Path, text: str) -> None:
    path = tmp_path / "envoy.yaml"
    command: list[str | Path] = [find("envoy"), "--mode", "validate", "-l", "off", "-c", path]

    path.write_text(text)
    assert _returns(command) == 0
    path.write_text(text.replace("histogram_bucket_settings", "histogram_bucket_setings"))
    assert _returns(command) != 0


def test_vmauth_runs_on_the_users_with_names_and_tokens_from_its_environment(tmp_path: Path) -> None:
    with reserved(2) as (store_port, gate_port):
        store, gate = f"http://127.0.0.1:{store_port}", f"http://127.0.0.1:{gate_port}"
        names = {"STORE_URL": store, "REGION": "fra1", "CLUSTER": "c1", "WRITE_TOKEN": "w", "READ_TOKEN": "r"}
        commands = victoria.store(store_port, tmp_path / "data"), victoria.gate(gate_port, FOLDER / "vmauth.yml")
        with (
            Process("store", commands[0], tmp_path / "store.log", f"{store}/health"),
            Process("gate", commands[1], tmp_path / "gate.log", f"{gate}/health", names),
        ):
            reads = httpx.get(f"{gate}/api/v1/labels", headers={"Authorization": "Bearer r"})
            writes = httpx.post(f"{gate}/api/v1/write", headers={"Authorization": "Bearer w"})
            neither = httpx.get(f"{gate}/api/v1/export", headers={"Authorization": "Bearer r"})

    assert reads.status_code == 200
    assert writes.status_code == 400
    assert "snappy" in writes.text
    assert neither.status_code == 400
    assert "missing route" in neither.text
