"""`starmeter history` where it cannot do its work: one sentence, and nothing is written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from compose.home import write_private
from tests.compose.running import starmeter

if TYPE_CHECKING:
    from pathlib import Path


def test_without_a_stack_it_says_how_to_start_one(tmp_path: Path) -> None:
    refused = starmeter("history", "--home", tmp_path)

    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == f"error: home: no stack runs in {tmp_path}; start it with `starmeter up`\n"


def test_a_month_that_is_not_over_is_refused(tmp_path: Path) -> None:
    write_private(tmp_path / "stack.json", "{}")
    now = datetime.now(UTC)

    for month in (f"{now:%Y-%m}", "2026-13", "october"):
        refused = starmeter("history", "--month", month, "--home", tmp_path)
        assert (refused.returncode, refused.stderr.startswith("error: month: ")) == (2, True), refused.stderr
