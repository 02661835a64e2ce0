"""What Grafana keeps, and the queries in it: dashboards, in rows, in panels or of elements, and alerting rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.node import Node


def is_grafanas(root: Node) -> bool:
    """Whether it is a dashboard of any schema, or alerting rules as they are provisioned."""
    rows = any("panels" in row.entries for row in root.each("rows"))
    alerts = any("data" in rule.entries for group in root.each("groups") for rule in group.each("rules"))
    return "panels" in root.entries or {"elements", "layout"} <= root.entries.keys() or rows or alerts


def queries(root: Node) -> Iterator[tuple[str, str, Node]]:
    """Each query as (panel or alert, its title, the map that `expr` stands in)."""
    for panel in _panels(root):
        yield from (("panel", panel.string("title"), target) for target in panel.each("targets"))
    for kind, name, query in (*_annotations(root), *_elements(root), *_alerts(root)):
        # Logs are asked for in another language.
        if "loki" not in {query.string("datasource", "type"), query.string("kind"), query.string("group")}:
            yield kind, name, query if "expr" in query.entries else query.at("spec") or query


def _panels(root: Node) -> Iterator[Node]:
    """Old dashboards have them in rows."""
    for panel in (*root.each("panels"), *(one for row in root.each("rows") for one in row.each("panels"))):
        yield panel
        yield from panel.each("panels")


def _annotations(root: Node) -> Iterator[tuple[str, str, Node]]:
    """Of a dashboard; a newer one has a list of them, and in each a `spec`."""
    for one in (*root.each("annotations", "list"), *root.each("annotations")):
        for node in (one, *one.each("target"), *one.each("spec", "query")):
            yield "panel", one.string("name") or one.string("spec", "name") or "an annotation", node


def _elements(root: Node) -> Iterator[tuple[str, str, Node]]:
    """The queries of a dashboard of the second schema."""
    elements = root.at("elements")
    for key, element in () if elements is None else elements.entries.items():
        name = element.string("spec", "title") or key
        for query in element.each("spec", "data", "spec", "queries"):
            yield from (("panel", name, one) for one in query.each("spec", "query"))


def _alerts(root: Node) -> Iterator[tuple[str, str, Node]]:
    """The queries of alerting rules that Grafana evaluates itself."""
    for group in root.each("groups"):
        for rule in group.each("rules"):
            for part in rule.each("data"):
                yield from (("alert", rule.string("title"), model) for model in part.each("model"))
