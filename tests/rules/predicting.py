"""`rules predict` as the tests of it call it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer
from typer.testing import CliRunner

from rules.predict_commands import predict

if TYPE_CHECKING:
    from typer.testing import Result


def run(*arguments: object) -> Result:
    """The program's own end."""
    app = typer.Typer()
    app.command()(predict)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def rows(result: Result) -> list[list[str]]:
    """The lines of a table by their words."""
    return [line.split() for line in result.stdout.splitlines()]


def predicted(*arguments: object) -> dict[str, Any]:
    """What is said of the one region."""
    (region,) = json.loads(run(*arguments, "--json").stdout)["regions"]
    assert isinstance(region, dict)
    return region
