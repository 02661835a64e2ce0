"""What the checks refuse is what the program refuses: the same files to both."""

from __future__ import annotations

import json
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx
import pytest
import yaml

from compose.ports import reserved
from compose.programs import find
from rules.check import key_table
from rules.check.run import findings
from rules.check.source import Kind, parse

if TYPE_CHECKING:
    from collections.abc import Callable

_FOLDER: Final = Path(__file__).parent / "verdicts"
# The checks that say that a program would not take the file; others say what it would do with it.
_REFUSALS: Final = frozenset(
    {
        *("SM001", "SM003", "SM006", "SM008", "SM009", "SM020", "SM029", "SM047", "SM060", "SM068", "SM069", "SM083"),
    }
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A file of a program, and the check that refuses it; `None` when it is good."""

    program: str
    why: str
    check: str | None
    text: str


def _verdicts() -> list[Verdict]:
    return [
        Verdict(path.stem, **row) for path in sorted(_FOLDER.glob("*.yml")) for row in yaml.safe_load(path.read_text())
    ]


def _fails(command: list[str | Path]) -> bool:
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode != 0


def _vmauth_refuses(path: Path) -> bool:
    """It has no dry run: it either ends or serves."""
    with reserved(1) as (port,):
        command: list[str | Path] = [find("vmauth"), f"-auth.config={path}", f"-httpListenAddr=127.0.0.1:{port}"]
        environment = {"A": "one", "B": "two"}
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                deadline = time.monotonic() + 60
                while process.poll() is None:
                    assert time.monotonic() < deadline, "vmauth neither ended nor served"
                    try:
                        if httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200:
                            return False
                    except httpx.TransportError:
                        time.sleep(0.02)
            finally:
                process.kill()
            return process.returncode != 0


_REFUSES: Final[dict[str, Callable[[Path], bool]]] = {
    "vmalert": lambda path: _fails([find("vmalert"), "-dryRun", f"-rule={path}"]),
    "vmagent": lambda path: _fails([find("vmagent"), "-promscrape.config.dryRun", f"-promscrape.config={path}"]),
    "vmauth": _vmauth_refuses,
    "envoy": lambda path: _fails([find("envoy"), "--mode", "validate", "-l", "off", "-c", path]),
}


@pytest.mark.parametrize("verdict", _verdicts(), ids=lambda one: f"{one.program}, {one.why}")
def test_a_file_that_its_program_refuses_is_refused_by_one_check(verdict: Verdict) -> None:
    found = list(findings([parse(verdict.text, "some.yml")]))

    assert {one.check for one in found} & _REFUSALS == ({verdict.check} if verdict.check else set()), found


@pytest.mark.stack
@pytest.mark.parametrize("verdict", _verdicts(), ids=lambda one: f"{one.program}, {one.why}")
def test_the_program_itself_says_the_same(verdict: Verdict, tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(verdict.text)

    assert _REFUSES[verdict.program](path) is (verdict.check is not None)


def _everything(shape: object) -> object:
    """A value with every key of a shape, none of them with a value."""
    if isinstance(shape, dict):
        # Of the two lists of patterns Envoy takes one, with the same keys.
        return {key: _everything(inner) for key, inner in shape.items() if key != "exclusion_list"}
    return [_everything(shape[0])] if isinstance(shape, list) else None


@pytest.mark.stack
def test_envoy_knows_every_key_of_its_table(tmp_path: Path) -> None:
    path = tmp_path / "envoy.json"
    command: list[str | Path] = [find("envoy"), "--mode", "validate", "-l", "critical", "-c", path]

    def unknown(bootstrap: object) -> bool:
        path.write_text(json.dumps(bootstrap))
        said = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)
        # Later complaints are about values that are missing: the keys were read before.
        assert "has already been set" not in " ".join(said.stderr.split())
        return re.search(r"no\s+such\s+field", said.stderr) is not None

    everything = _everything(key_table.keys(Kind.BOOTSTRAP))
    assert isinstance(everything, dict)

    assert not unknown(everything)
    assert unknown(everything | {"stats_configs": None})
