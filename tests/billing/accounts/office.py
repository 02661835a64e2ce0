"""A world with a configuration file, and the command line on it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from typer.testing import CliRunner

from billing.commands import app

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

    from tests.billing.accounts.world import World

# 100 minutes of builds, 1,000 vCPU-seconds and 1,000 GiB-seconds: 5.00 + 0.007716049 + 0.003858025.
TOTAL: Final = "5.01"


@dataclass(frozen=True, slots=True)
class Office:
    """A world with a configuration file, and the command line on it."""

    world: World
    config: Path
    folder: Path

    def run(self, *words: str, exits: int = 0) -> Result:
        """Run a command and look at its exit code."""
        outcome = CliRunner().invoke(app, [*words, "--config", str(self.config)])
        assert outcome.exit_code == exits, (outcome.output, outcome.exception)
        return outcome

    def json(self, *words: str, exits: int = 0) -> Any:  # noqa: ANN401 - what a command prints
        """What a command prints for programs."""
        return json.loads(self.run(*words, "--json", exits=exits).stdout)

    def number(self, period: str = "2026-03", workspace: str = "Acme") -> str:
        """The number of a workspace's one invoice for a month, or until it is final its id."""
        (found,) = self.json("invoice", "list", "--month", period, "--workspace", workspace)
        return str(found["number"] or found["id"])
