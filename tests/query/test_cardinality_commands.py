"""`starmeter cardinality` beside a real front-door: tables, JSON, where it finds the door, exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from query.cardinality_commands import cardinality
from query.cardinality_table import is_over
from tests.query.counted import Counted, counted_door
from tests.query.platform import PROJECT_A, PROJECT_B, SERVICE_A1

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    with counted_door(tmp_path_factory.mktemp("cardinality")) as door:
        yield door


@pytest.fixture
def stack(counted: Counted, tmp_path: Path) -> Path:
    """What a local stack would say of itself."""
    project = {"id": PROJECT_A, "name": "shop", "services": [{"id": SERVICE_A1, "name": "web"}]}
    file = tmp_path / "stack.json"
    file.write_text(
        json.dumps(
            {
                "query_url": counted.url,
                "tokens": {"platform": counted.tokens.platform},
                "workspaces": [{"id": "w", "name": "acme", "projects": [project]}],
            }
        )
    )
    return file


def run(*arguments: object, token: str | None = None) -> Result:
    environment = {"STARMETER_TOKEN": token, "STARMETER_URL": None}
    return CliRunner().invoke(cardinality, [str(argument) for argument in arguments], env=environment)


def test_who_is_told_by_the_names_that_people_use(stack: Path) -> None:
    result = run("who", "--stack", stack)

    assert result.exit_code == 0
    (line,) = [line for line in result.stdout.splitlines() if "/100" in line]
    assert line.split() == ["production", "shop/web", "page", "30", "30", "30", "10,000", "0.3%",
                            "/100", "/101", "/102", "/103", "/104"]  # fmt: skip
    assert result.stderr == "region far: the store does not answer\n"


def test_top_stands_beside_its_budgets_and_growth_beside_an_hour_ago(stack: Path) -> None:
    top = run("top", "--stack", stack, "--region", "near")
    growth = run("growth", "--stack", stack, "--region", "near", "--project", PROJECT_A)

    assert (top.exit_code, growth.exit_code) == (0, 0)
    rows = [line.split() for line in [*top.stdout.splitlines(), *growth.stdout.splitlines()]]
    assert ["active", "now", "40", "300,000", "0.0%"] in rows
    assert ["acme/shop", "37", "10,000", "0.4%"] in rows
    assert ["acme/shop", "6", "+31", "37", "10,000", "0.4%"] in rows


def test_who_over_several_hours_tells_each(stack: Path) -> None:
    result = run("who", "--stack", stack, "--region", "near", "--hours", 2)

    # What is known for two hours began in the hour before the last.
    assert "  page of shop/web, hour by hour: 4 30" in result.stdout.splitlines()


def test_a_tenant_sees_its_own_part_and_nothing_else(counted: Counted, stack: Path) -> None:
    arguments = ("mine", "--stack", stack, "--project", PROJECT_A, "--environment", "production")
    result = run(*arguments, "--label", "service_id", token=counted.tokens.viewer)

    assert result.exit_code == 0
    assert result.stdout.startswith("37 series today")
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["shop/web", "34"] in rows
    assert ["app_requests", "37"] in rows
    assert PROJECT_B not in result.stdout


def test_a_tenant_s_part_is_asked_for_with_the_local_stack_s_token_of_its_viewer(counted: Counted, stack: Path) -> None:
    described = json.loads(stack.read_text())
    described["tokens"] = {"viewer@shop": counted.tokens.viewer}
    stack.write_text(json.dumps(described))
    shown = run("mine", "--stack", stack, "--project", PROJECT_A, "--service", SERVICE_A1, "--environment",
                "production", "--json")  # fmt: skip

    assert json.loads(shown.stdout)["totalSeries"] == 34


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--project", PROJECT_B), 2, "no such project"),
        (("--project", "shop"), 2, "project: not a canonical id"),
        (("--project", PROJECT_A, "--service", SERVICE_A1), 2, "service: name its environment, too"),
        (("--project", PROJECT_A, "--environment", "A/.."), 2, "environment: not an environment's name"),
        (("--project", PROJECT_A, "--environment", "production", "--service", "x"), 2, "service: not a canonical id"),
        (("--project", PROJECT_A, "--limit", 0), 2, "limit: must be a whole number"),
        (("--project", PROJECT_A, "--label", "a-b"), 2, "focusLabel: not a label name"),
        (("--project", PROJECT_A, "--url", "http://127.0.0.1:1"), 3, "the front-door does not answer"),
    ],
)
def test_what_a_tenant_asks_wrongly_is_one_sentence_and_an_exit_code(
    counted: Counted, stack: Path, arguments: tuple[object, ...], code: int, words: str
) -> None:
    result = run("mine", "--stack", stack, *arguments, token=counted.tokens.viewer)

    assert (result.exit_code, result.stdout) == (code, "")
    assert words in result.stderr


def test_json_is_the_page_as_it_is(counted: Counted, stack: Path) -> None:
    shown = json.loads(run("top", "--stack", stack, "--json", "--label", "page", "--limit", 3).stdout)

    assert shown == counted.get("/v1/cardinality/top", label="page", limit=3).json()


def test_a_door_is_found_by_option_and_its_token_by_file_or_variable(counted: Counted, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(counted.tokens.platform + "\n")
    nowhere = tmp_path / "no.json"

    assert run("who", "--stack", nowhere, "--url", counted.url, "--token-file", file).exit_code == 0
    assert run("who", "--stack", nowhere, "--url", counted.url, token=counted.tokens.platform).exit_code == 0


def test_the_local_stack_s_token_is_sent_to_no_other_door(stack: Path) -> None:
    result = run("who", "--stack", stack, "--url", "http://127.0.0.1:1")

    assert result.exit_code == 2
    assert result.stderr.startswith("starmeter cardinality: token-file: give a file")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("top", "--limit", 0), 2, "limit: must be a whole number"),
        (("top", "--url", "ftp://x"), 2, "url: give the front-door's"),
        (("top", "--token-file", "/nowhere"), 2, "token-file: /nowhere cannot be read"),
        (("growth", "--region", "far"), 3, "cannot count now (status 503"),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_an_exit_code(
    stack: Path, arguments: tuple[object, ...], code: int, words: str
) -> None:
    result = run(*arguments, "--stack", stack)

    assert result.exit_code == code
    assert words in result.stderr
    assert result.stdout == ""


def test_a_token_without_the_role_is_told_so(counted: Counted, stack: Path) -> None:
    result = run("top", "--stack", stack, token=counted.tokens.viewer)

    assert result.exit_code == 2
    assert "cardinality:read is for the platform's own staff" in result.stderr


def test_a_door_that_is_not_there_is_exit_code_3(counted: Counted, stack: Path) -> None:
    result = run("top", "--stack", stack, "--url", "http://127.0.0.1:1", token=counted.tokens.platform)

    assert result.exit_code == 3
    assert result.stderr == "starmeter cardinality: http://127.0.0.1:1: the front-door does not answer\n"


@pytest.mark.parametrize(("share", "over"), [(None, False), (0.99, False), (1.0, False), (1.01, True)])
def test_a_region_or_project_over_its_budget_is_a_finding(share: float | None, over: bool) -> None:
    fine = {"share": 0.1}

    for today, active, project in (
        ({"share": share}, None, fine),
        (fine, {"share": share}, fine),
        (fine, None, {"share": share}),
    ):
        assert is_over({"regions": [{"today": today, "active": active, "projects": [project]}]}) is over
