"""Fluent Bit's classic configuration, read into the shape of its YAML."""

from __future__ import annotations

import re
from typing import Final

from rules.check.node import Node, Unreadable

_SECTION: Final = re.compile(r"\[([A-Z_]+)\]\s*")
_PROPERTY: Final = re.compile(r"\s+(\S+)(?:\s+(.*?))?\s*")
_PLURAL: Final = {"INPUT": "inputs", "FILTER": "filters", "OUTPUT": "outputs"}


def parse(text: str, above: int = 0, step: int = 1) -> Node:
    """The text as a map with `service` and `pipeline`; names of properties in lower case.

    It begins `above` lines into its file, `step` lines of which each is.

    Raises:
        Unreadable: a line is neither a section nor a property of one.
    """
    sections: list[tuple[str, int, dict[str, Node], dict[str, int]]] = []
    for place, line in enumerate(text.splitlines()):
        number = above + place * step + 1
        stripped = line.strip()
        if not stripped or stripped.startswith(("#", "@")):
            continue
        if (section := _SECTION.fullmatch(line)) is not None:
            sections.append((section[1], number, {}, {}))
        elif sections and (found := _PROPERTY.fullmatch(line)) is not None:
            _, _, entries, keys = sections[-1]
            entries[found[1].lower()] = Node(number, "str", text=found[2] or "")
            keys[found[1].lower()] = number
        else:
            raise Unreadable(number, "neither a section nor an indented property")
    lists: dict[str, list[Node]] = {plural: [] for plural in _PLURAL.values()}
    root: dict[str, Node] = {}
    for name, number, entries, keys in sections:
        node = Node(number, "map", entries=entries, keys=keys)
        if name in _PLURAL:
            lists[_PLURAL[name]].append(node)
        else:
            root[name.lower()] = node
    pipeline = {name: Node(items[0].line, "seq", items=tuple(items)) for name, items in lists.items() if items}
    root["pipeline"] = Node(above + 1, "map", entries=pipeline)
    return Node(above + 1, "map", entries=root)
