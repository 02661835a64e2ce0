"""The rules of a rule file or the queries of a dashboard, each with its expression read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rules.check import promql
from rules.check.promql_token import NotPromQL
from rules.check.source import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.node import Node
    from rules.check.promql_tree import Expression


@dataclass(frozen=True, slots=True)
class Rule:
    """One expression: of a recording, an alert or a panel; `expression` is None when it cannot be read (`why`)."""

    kind: str
    name: str
    line: int
    text: str
    expression: Expression | None
    why: str = ""


@lru_cache(maxsize=8192)
def _parsed(text: str) -> tuple[Expression | None, str]:
    try:
        return promql.parse(text), ""
    except NotPromQL as failure:
        return None, str(failure)


def rules(document: Document) -> Iterator[Rule]:
    """The rules of a rule file, or the queries of a dashboard."""
    if document.kind is Kind.RULES:
        for group in document.root.each("groups"):
            for node in group.each("rules"):
                yield from _rule(node)
    elif document.kind is Kind.DASHBOARD:
        for panel in _panels(document.root):
            for target in panel.each("targets"):
                yield from _made("panel", panel.string("title"), target)


def _rule(node: Node) -> Iterator[Rule]:
    kind = "recording" if "record" in node.entries else "alert"
    yield from _made(kind, node.string("record") or node.string("alert"), node)


def _made(kind: str, name: str, node: Node) -> Iterator[Rule]:
    text = node.string("expr")
    if text:
        expression, why = _parsed(text)
        yield Rule(kind, name, node.line_of("expr"), text, expression, why)


def _panels(root: Node) -> Iterator[Node]:
    for panel in root.each("panels"):
        yield panel
        yield from panel.each("panels")
