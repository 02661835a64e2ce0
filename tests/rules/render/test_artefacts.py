"""The committed files are what the catalogue says, to the byte, and `--check` names each that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from typer.testing import CliRunner

from rules.commands import app
from rules.render.artefact import ARTEFACTS, FOLDER, differences

if TYPE_CHECKING:
    from pathlib import Path


def test_the_committed_files_are_what_is_rendered() -> None:
    assert list(differences(FOLDER)) == []


@pytest.mark.parametrize("name", ARTEFACTS)
def test_rendering_twice_yields_the_same_bytes(name: str) -> None:
    assert ARTEFACTS[name]() == ARTEFACTS[name]()


def test_check_names_every_file_that_is_not_as_rendered(tmp_path: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["render", "--out", str(tmp_path)]).exit_code == 0
    assert runner.invoke(app, ["render", "--check", "--out", str(tmp_path)]).exit_code == 0
    (tmp_path / "vmagent.yml").unlink()
    (tmp_path / "vmauth.yml").write_text("users: []\n")
    (tmp_path / "handmade.yml").write_text("")

    answer = runner.invoke(app, ["render", "--check", "--out", str(tmp_path)])

    assert answer.exit_code == 1
    assert [line.partition("; ")[0].removeprefix(f"{tmp_path}/") for line in answer.output.splitlines()] == [
        "vmagent.yml is missing",
        "vmauth.yml differs from the catalogue",
        "handmade.yml is not rendered from the catalogue",
    ]


def test_a_second_render_mends_what_differs_and_touches_nothing_else(tmp_path: Path) -> None:
    runner = CliRunner()
    runner.invoke(app, ["render", "--out", str(tmp_path)])
    (tmp_path / "vmauth.yml").write_text("users: []\n")
    (tmp_path / "handmade.yml").write_text("mine")

    answer = runner.invoke(app, ["render", "--out", str(tmp_path)])

    written = f"wrote {tmp_path / 'vmauth.yml'}"
    assert answer.output.splitlines() == [written, f"{len(ARTEFACTS) - 1} files were up to date"]
    assert (tmp_path / "handmade.yml").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    answer = CliRunner().invoke(app, ["render", "--out", str(tmp_path / "file")])

    assert answer.exit_code == 2
    assert "file" in answer.output


@pytest.mark.parametrize("name", [name for name in ARTEFACTS if name.endswith((".yml", ".yaml"))])
def test_no_reader_of_yaml_takes_a_text_for_anything_else(name: str) -> None:
    """Every string, `y`, `on` and `1e5` among them, is quoted or could be nothing else."""
    nodes = list(yaml.compose_all(ARTEFACTS[name](), Loader=yaml.SafeLoader))
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.MappingNode):
            nodes += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value
        elif isinstance(node, yaml.ScalarNode) and node.tag.endswith(":str") and not node.style:
            assert node.value.lower() not in {"y", "n"}, node.start_mark
