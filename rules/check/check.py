"""What a check consists of, and what it may know besides the document it looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.check.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rules.check.finding import Hit
    from rules.check.source import Document, Kind


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all documents of one run say together.

    `recorded` are the names of recorded series, `speeds` those of them that are rates of the gateway's counters,
    `pod_labels` those that are kube_pod_labels under another name, `used` the metrics that rules and dashboards ask
    for; `is_whole` tells that there are scrape configurations, rules and dashboards, so that what nobody uses can be
    told.
    """

    recorded: frozenset[str] = frozenset()
    speeds: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()
    is_whole: bool = False
    pod_labels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Check:
    """One check: `id` never changes its meaning and is never used again.

    `why` is one line: what goes wrong otherwise. `fix` is one line. `judge` yields what it finds in a document of one
    of `kinds`; checks without kinds are the reader's own.
    """

    id: str
    name: str
    why: str
    fix: str
    kinds: tuple[Kind, ...] = ()
    judge: Callable[[Document, Surroundings], Iterable[Hit]] | None = None
    severity: Severity = Severity.ERROR

    @property
    def link(self) -> str:
        """Where it is explained."""
        return f"docs/rules.md#{self.id.lower()}"
