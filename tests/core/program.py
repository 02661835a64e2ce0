"""The program as a person runs it, and its answer as a program reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from typer.testing import CliRunner

from starmeter import app

if TYPE_CHECKING:
    from typer.testing import Result


def starmeter(*arguments: str, store: str | None = None) -> Result:
    """Run the program; the store is named by the environment unless the arguments name one."""
    return CliRunner().invoke(app, arguments, env={"STARMETER_CONTROL_STORE": store, "NO_COLOR": "1"})


def answered(result: Result) -> Any:  # noqa: ANN401 - whatever the JSON holds
    """The one JSON line on standard output of a command that succeeded in silence."""
    assert (result.exit_code, result.stderr) == (0, "")
    return orjson.loads(result.stdout)
