"""`starmeter rules live` beside real programs: what it says, where it looks, what it writes, exit codes."""

from __future__ import annotations

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
import typer
from typer.testing import CliRunner

from rules.live_commands import live
from rules.live_finding import LiveCheck
from tests.rules.live_cases import STRANGER, healthy_region, sick_region
from tests.rules.live_region import REGION, Running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer.testing import Result

pytestmark = pytest.mark.stack

RUNBOOK: Final = Path(__file__).resolve().parents[2] / "docs" / "runbook.md"


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with healthy_region(tmp_path_factory.mktemp("healthy")) as running:
        yield running


@pytest.fixture(scope="module")
def sick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with sick_region(tmp_path_factory.mktemp("sick")) as running:
        yield running


def run(*arguments: object) -> Result:
    app = typer.Typer()
    app.command()(live)
    return CliRunner().invoke(app, [str(one) for one in arguments], env={"STARMETER_CONTROL_STORE": None})


def addresses(running: Running) -> list[str]:
    place = running.place
    return ["--metrics-url", f"{place.metrics_url}", "--envoy-admin-url", place.envoy_urls[0],
            "--alerts-url", f"{place.alerts_url}", "--control-store", running.control_store]  # fmt: skip


def test_the_command_says_what_it_found_how_to_mend_it_and_what_it_cost(sick: Running) -> None:
    result = run(REGION, *addresses(sick))

    assert result.exit_code == 1
    assert f"SL006  {STRANGER}: 1 requests" in result.stdout
    assert f"       fix: {LiveCheck.UNPARSED_TRAFFIC.fix}" in result.stdout
    assert result.stdout.splitlines()[-1] == "region fra1: 12 findings, 11 checks, 18 queries sent"


def test_the_command_ends_with_0_in_a_healthy_region_and_writes_the_outcome_as_metrics(
    healthy: Running, tmp_path: Path
) -> None:
    file = tmp_path / "live.prom"

    result = run(REGION, *addresses(healthy), "--exposition", file, "--json")

    assert result.exit_code == 0
    assert json.loads(result.stdout)["findings"] == []
    lines = file.read_text().splitlines()
    assert 'rules_live_findings{region="fra1",check="SL006"} 0' in lines
    assert sum(line.startswith("rules_live_findings{") for line in lines) == len(LiveCheck) - 1
    # What has left the region was not looked at, and is not said to be right.
    assert not any("SL011" in line for line in lines)
    assert lines[-1].startswith('rules_live_last_run_timestamp_seconds{region="fra1"} ')


def test_the_local_stack_s_description_says_where_everything_is(healthy: Running, tmp_path: Path) -> None:
    place = healthy.place
    stack = tmp_path / "stack.json"
    here = {"name": REGION, "victoriametrics_url": place.metrics_url, "vmalert_url": place.alerts_url}
    here |= {"envoy_admin_url": place.envoy_urls[0]}
    stack.write_text(json.dumps({"regions": [here], "control_store": healthy.control_store}))

    assert run(REGION, "--stack", stack).exit_code == 0
    unknown = run("mars", "--stack", stack)
    assert (unknown.exit_code, unknown.stderr) == (2, "starmeter rules live: region: mars is none of fra1\n")


def test_what_is_not_answered_ends_with_3(tmp_path: Path) -> None:
    result = run(REGION, "--metrics-url", "http://127.0.0.1:1", "--exposition", tmp_path / "live.prom")

    assert result.exit_code == 3
    assert "SL008  unanswered: http://127.0.0.1:1/api/v1/query: does not answer" in result.stdout
    assert "SL009  skipped: vmalert's address is not given" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--stack", "/nowhere"), "stack: /nowhere cannot be read"),
        (("--metrics-url", "file:///etc/passwd"), "url: 'file:///etc/passwd' is no address"),
        (("--metrics-url", "http://[bad"), "url: 'http://[bad' is no address"),
        (("--metrics-url", ""), "url: '' is no address"),
        (("--metrics-url", "http://x", "--alerts-url", "http://x:port"), "url: 'http://x:port' is no address"),
        (("--metrics-url", "http://x", "--platform-token-file", "/nowhere"), "platform-token-file: /nowhere cannot"),
        (("--metrics-url", "http://x", "--metrics-token-file", "/dev/null"), "metrics-token-file: holds no token"),
        (("--metrics-url", "http://x", "--control-store", "nonsense"), "control_store: "),
        (("--metrics-url", "http://x", "--metrics-token-file", "/nowhere"), "metrics-token-file: /nowhere cannot"),
        (("--metrics-url", "http://x", "--envoy-config", "/dev/null"), "envoy-config: /dev/null is no Envoy bootstrap"),
    ],
)
def test_a_wrong_argument_ends_with_2(arguments: tuple[str, ...], words: str) -> None:
    result = run(REGION, *arguments)

    assert result.exit_code == 2
    assert words in result.stderr
    assert isinstance(result.exception, SystemExit)


def test_the_runbook_s_unit_runs_the_command_as_it_is() -> None:
    """Every option of the unit is one, and with nothing answering its end is one that systemd is told of."""
    (unit,) = re.findall(r"ExecStart=\S+/starmeter rules live %i (.*?)\n#", RUNBOOK.read_text(), re.DOTALL)
    (statuses,) = re.findall(r"^SuccessExitStatus=(.*)$", RUNBOOK.read_text(), re.MULTILINE)
    arguments = shlex.split(unit.replace("\\\n", ""))
    files = {option: value for option, value in pairwise(arguments) if value.startswith("/")}

    result = run(REGION, *arguments)

    # The first of its files is not on this machine, which is said by the option's name; every option is known.
    assert files.keys() == {"--metrics-token-file", "--platform-token-file", "--exposition"}
    assert (result.exit_code, result.stderr.split(": ")[1]) == (2, "metrics-token-file")
    assert statuses.split() == ["1", "3"]


@pytest.mark.parametrize("region", ["", "Mars"])
def test_a_region_without_a_name_is_refused(region: str) -> None:
    result = run(region, "--metrics-url", "http://127.0.0.1:1")

    assert result.exit_code == 2
    assert result.stderr.startswith(f"starmeter rules live: region: {region!r} is no region's name")
