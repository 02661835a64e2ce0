"""What docs/rules.md says about each check: the same words that a finding carries, and what stands behind them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from rules.check.catalogue_fault import BROKEN
from rules.check.finding import Severity
from rules.check.registry import CHECKS
from rules.live_finding import LiveRule

if TYPE_CHECKING:
    from rules.check.check import Check


@cache
def explanations() -> dict[str, str]:
    """A paragraph by id: what is measured, what goes wrong where, what the check looks at."""
    path = Path(__file__).with_name("explanations.yml")
    found: dict[str, str] = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    return found


def section(check: Check) -> str:
    """A check's section, in Markdown; its heading is the anchor that findings link to."""
    head = f"### {check.id}\n\n**{check.name}** ({_about(check)})\n\n{check.why}\n\n*Fix:* {check.fix}\n"
    return f"{head}\n{explanations()[check.id]}\n"


def _about(check: Check) -> str:
    warning = ", a warning" if check.severity is Severity.WARNING else ""
    if isinstance(check, LiveRule):
        return f"a running region; what to do is in the [runbook](runbook.md#{check.id.lower()})"
    kinds = "the catalogue" if check is BROKEN else ", ".join(check.kinds) or "every file"
    return f"{kinds}{warning}"


def sections() -> str:
    """All of them, in the order of their ids."""
    return "\n".join(map(section, CHECKS))
