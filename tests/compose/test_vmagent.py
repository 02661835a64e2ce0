"""The scrape configuration, judged by the real vmagent."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from compose import vmagent
from compose.programs import find

if TYPE_CHECKING:
    from pathlib import Path


def _rendered() -> str:
    jobs = [
        vmagent.gateway_job("127.0.0.1:1"),
        vmagent.kubelet_job(["127.0.0.1:2"]),
        vmagent.state_job("127.0.0.1:3"),
        vmagent.platform_job({"query": "127.0.0.1:4", "ingest": "127.0.0.1:5"}, "fra1"),
    ]
    return vmagent.render(jobs, interval="7s")


def _dry_run(configuration: Path) -> int:
    command: list[str | Path] = [find("vmagent"), f"-promscrape.config={configuration}", "-promscrape.config.dryRun"]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode


@pytest.mark.stack
def test_vmagent_accepts_the_configuration(tmp_path: Path) -> None:
    configuration = tmp_path / "scrape.yml"
    configuration.write_text(_rendered())

    assert _dry_run(configuration) == 0


@pytest.mark.stack
def test_vmagent_would_refuse_a_key_it_does_not_know(tmp_path: Path) -> None:
    configuration = tmp_path / "scrape.yml"
    configuration.write_text(_rendered().replace("honor_labels", "honour_labels"))

    assert _dry_run(configuration) != 0


def test_a_yaml_reader_and_a_json_reader_see_the_same() -> None:
    job = vmagent.gateway_job("y:1")
    text = vmagent.render([job | {"job_name": "on"}])

    assert yaml.safe_load(text) == json.loads(text)
    assert yaml.safe_load(text)["scrape_configs"][0]["job_name"] == "on"


def test_no_job_lets_a_target_override_what_is_known_of_it() -> None:
    jobs = json.loads(_rendered())["scrape_configs"]

    assert [job["honor_labels"] for job in jobs] == [False, False, False, False]
