"""The command line as a whole: what it has to load before it does something."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

# Servers, stores and tables; not pydantic, with which Typer itself reads arguments.
_HEAVY: Final = {"aiohttp", "alembic", "fastapi", "polars", "psycopg", "sqlalchemy", "uvicorn", "yaml"}


def _loads(*arguments: str) -> set[str]:
    """The heavy libraries that the program loads on its way to its end, by Python's own record of imports."""
    command = [sys.executable, "-X", "importtime", "-m", "starmeter", *arguments]
    ended = subprocess.run(command, input="", capture_output=True, text=True, timeout=60, check=True)
    record = [line for line in ended.stderr.splitlines() if line.startswith("import time:")]
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in record}
    assert "typer" in loaded
    return loaded & _HEAVY


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--help"], id="help"),
        pytest.param(["serve", "query", "--help"], id="a server's help"),
        pytest.param(["tokens", "create", "--help"], id="a store's help"),
        pytest.param(["parse"], id="parse"),
        pytest.param(["parse", "--json"], id="parse JSON"),
    ],
)
def test_a_command_that_needs_no_server_and_no_store_waits_for_none(arguments: list[str]) -> None:
    assert _loads(*arguments) == set()


def test_the_local_stack_is_ended_without_loading_what_it_is_made_of(tmp_path: Path) -> None:
    assert _loads("down", "--home", str(tmp_path)) == set()


def test_a_command_that_needs_the_store_loads_it(tmp_path: Path) -> None:
    assert _loads("migrate", "--dry-run", "--store", f"sqlite:///{tmp_path}/control.db") >= {"sqlalchemy", "alembic"}
