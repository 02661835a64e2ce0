"""What docs/rules.md says about each check: the same words that a finding carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.check.finding import Severity
from rules.check.registry import CHECKS

if TYPE_CHECKING:
    from rules.check.check import Check


def section(check: Check) -> str:
    """A check's section, in Markdown; its heading is the anchor that findings link to."""
    warning = ", a warning" if check.severity is Severity.WARNING else ""
    kinds = f"{', '.join(check.kinds)}{warning}" if check.kinds else f"every file{warning}"
    return f"### {check.id}\n\n**{check.name}** ({kinds})\n\n{check.why}\n\n*Fix:* {check.fix}\n"


def sections() -> str:
    """All of them, in the order of their ids."""
    return "\n".join(map(section, CHECKS))
