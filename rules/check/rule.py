"""The rules of a rule file, or the queries of Grafana's dashboards and alerts, each with its expression read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rules.check import grafana, promql
from rules.check.promql_token import NotPromQL
from rules.check.promql_tree import Selector, walk
from rules.check.source import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.node import Node
    from rules.check.promql_tree import Expression


@dataclass(frozen=True, slots=True)
class Rule:
    """One expression: of a recording, an alert or a panel; `expression` is None when it cannot be read (`why`).

    `parts` are the expression and everything in it, `selectors` those of them that are. `labels` are those that the
    rule or its group sets on every series, with their lines.
    """

    kind: str
    name: str
    line: int
    text: str
    expression: Expression | None
    parts: tuple[Expression, ...]
    selectors: tuple[Selector, ...]
    why: str = ""
    labels: tuple[tuple[str, int], ...] = ()


# Asked for the whole tree before any check is made, and then again.
@lru_cache(maxsize=1 << 15)
def parsed(text: str) -> tuple[Expression | None, tuple[Expression, ...], str]:
    """An expression with everything in it, or why it cannot be read."""
    try:
        expression = promql.parse(text)
    except NotPromQL as failure:
        return None, (), str(failure)
    return expression, tuple(walk(expression)), ""


@lru_cache(maxsize=4)  # every check on a document asks
def rules(document: Document) -> tuple[Rule, ...]:
    """The rules of a rule file, or the queries of a dashboard or of Grafana's alerting."""
    return tuple(_rules(document))


def _rules(document: Document) -> Iterator[Rule]:
    if document.kind is Kind.RULES:
        for group in document.root.each("groups"):
            # Other languages than PromQL are not read.
            if group.string("type", default="prometheus") == "prometheus":
                for node in group.each("rules"):
                    yield from _rule(node, (*_labels(group), *_labels(node)))
    elif document.kind is Kind.DASHBOARD:
        for kind, name, query in grafana.queries(document.root):
            yield from _made(kind, name, query)


def _labels(node: Node) -> Iterator[tuple[str, int]]:
    labels = node.at("labels")
    if labels is not None:
        yield from labels.keys.items()


def _rule(node: Node, labels: tuple[tuple[str, int], ...]) -> Iterator[Rule]:
    kind = "recording" if "record" in node.entries else "alert"
    yield from _made(kind, node.string("record") or node.string("alert"), node, labels)


def _made(kind: str, name: str, node: Node, labels: tuple[tuple[str, int], ...] = ()) -> Iterator[Rule]:
    text = node.string("expr")
    if text:
        expression, parts, why = parsed(text)
        found = tuple(part for part in parts if isinstance(part, Selector))
        yield Rule(kind, name, node.line_of("expr"), text, expression, parts, found, why, labels)
