"""A dashboard's panels and targets, and what Grafana makes of an expression before it sends it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# A value that is one of several may stand in a regular expression, so Grafana escapes it, twice for the string literal.
_SPECIAL: Final = re.compile(r"[$^*{}\[\]+?.()|]")
_VARIABLE: Final = re.compile(r"\$(\w+)|\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Target:
    """One query of one panel."""

    panel: str
    ref: str
    expr: str
    is_instant: bool
    legend: str
    datasource: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.panel} {self.ref}"


def panels(dashboard: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every panel, rows included, and those inside of collapsed rows."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", ())


def targets(dashboard: Mapping[str, Any]) -> list[Target]:
    """Every query of every panel."""
    return [
        Target(
            panel["title"],
            target["refId"],
            target["expr"],
            target["instant"],
            target["legendFormat"],
            target["datasource"],
        )
        for panel in panels(dashboard)
        for target in panel.get("targets", ())
    ]


def variables(dashboard: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The template variables by name."""
    return {variable["name"]: variable for variable in dashboard["templating"]["list"]}


def interpolated(
    text: str, dashboard: Mapping[str, Any], chosen: Mapping[str, Sequence[str] | None], *, step: int, scrape: int
) -> str:
    """`text` with every variable replaced.

    Args:
        text: an expression or a variable's query.
        dashboard: declares the variables.
        chosen: the chosen options of each; `None` is "All".
        step: the panel's interval in seconds.
        scrape: the data source's scrape interval in seconds.

    Raises:
        KeyError: a variable is not declared.
    """
    known = {
        "__interval": f"{step}s",
        "__rate_interval": f"{max(step + scrape, 4 * scrape)}s",
        "__range": "600s",
    } | {name: _choice(variable, chosen[name]) for name, variable in variables(dashboard).items()}
    return _VARIABLE.sub(lambda match: known[match[1] or match[2]], text)


def _choice(variable: Mapping[str, Any], options: Sequence[str] | None) -> str:
    if options is None:
        return str(variable["allValue"])
    escaped = [_SPECIAL.sub(r"\\\\\g<0>", option.replace("\\", "\\\\\\\\")) for option in options]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
