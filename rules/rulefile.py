"""The rule file that vmalert loads: what a recording and an alert consist of, and their YAML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Recording:
    """A series named `record`, computed at every evaluation from the PromQL `expr`."""

    record: str
    expr: str

    def as_rule(self) -> dict[str, object]:
        """The rule as the file has it."""
        return {"record": self.record, "expr": self.expr}


@dataclass(frozen=True, slots=True)
class Alert:
    """Fires when `expr` has yielded a series for `hold` (a PromQL duration); the series' labels become the alert's.

    `summary` is a vmalert template: one sentence for whoever owns the labels. `runbook` is an anchor of docs/rules.md.
    """

    name: str
    expr: str
    summary: str
    hold: str = "1m"
    severity: str = "warning"
    runbook: str = ""

    def as_rule(self) -> dict[str, object]:
        """The rule as the file has it."""
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.hold,
            "labels": {"severity": self.severity},
            "annotations": {"summary": self.summary}
            | ({"runbook": f"docs/rules.md#{self.runbook}"} if self.runbook else {}),
        }


@dataclass(frozen=True, slots=True)
class Group:
    """Rules evaluated one after the other, at the interval vmalert is started with."""

    name: str
    rules: Sequence[Recording | Alert]


def render(groups: Iterable[Group]) -> str:
    """The groups as YAML, expressions of several lines as literal blocks."""
    file = {"groups": [{"name": group.name, "rules": [rule.as_rule() for rule in group.rules]} for group in groups]}
    text: str = yaml.dump(file, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)
    return text


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper, writing text of several lines as a person would."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
