"""YAML and JSON as values that remember their lines, however broken, nested or self-referring the text is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PREFIX: Final = "tag:yaml.org,2002:"
_MERGE: Final = f"{_PREFIX}merge"
# Deeper than any configuration, and far from Python's own limit.
_DEPTH: Final = 100
_TRUE: Final = frozenset({"true", "yes", "on", "y"})


class Unreadable(Exception):
    """The text is no document: the line (from 1) and why."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line
        self.why = why


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value and the line (from 1) it begins at.

    `tag` is what a YAML 1.1 reader takes it for: map, seq, str, int, float, bool, null, timestamp. `text` is a scalar
    as written. `entries` and `keys` (values and lines by key) belong to a map, `items` to a list. `doubled` are keys
    that stand twice in one map, with the line of the second, anywhere in a document whose root this is.
    """

    line: int
    tag: str
    text: str = ""
    is_plain: bool = False
    is_block: bool = False
    entries: Mapping[str, Node] = field(default_factory=dict)
    keys: Mapping[str, int] = field(default_factory=dict)
    items: tuple[Node, ...] = ()
    doubled: tuple[tuple[str, int], ...] = ()

    def at(self, *path: str) -> Node | None:
        """The value under a path of keys; `None` when there is none."""
        node: Node | None = self
        for key in path:
            node = None if node is None else node.entries.get(key)
        return node

    def each(self, *path: str) -> tuple[Node, ...]:
        """The items of the list under a path; a single value there counts as one item, nothing as none."""
        node = self.at(*path)
        if node is None or node.tag == "null":
            return ()
        return node.items if node.tag == "seq" else (node,)

    def string(self, *path: str, default: str = "") -> str:
        """The text of the scalar under a path, whatever it would be read as."""
        node = self.at(*path)
        return default if node is None or node.tag in {"map", "seq", "null"} else node.text

    def strings(self, *path: str) -> tuple[str, ...]:
        """The texts of the scalars under a path."""
        return tuple(item.text for item in self.each(*path) if item.tag not in {"map", "seq"})

    def truth(self, *path: str) -> bool:
        """Whether the value under a path is a true boolean."""
        node = self.at(*path)
        return node is not None and node.text.lower() in _TRUE

    def line_of(self, *path: str) -> int:
        """The line of the last key of a path that is there."""
        node, line = self, self.line
        for key in path:
            line = node.keys.get(key, line)
            following = node.entries.get(key)
            if following is None:
                break
            node = following
        return line

    def walk(self) -> Iterator[Node]:
        """This node and every one below it, each once."""
        seen: set[int] = set()
        waiting = [self]
        while waiting:
            node = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            yield node
            waiting += [*node.entries.values(), *node.items]

    def embedded(self) -> list[Node]:
        """The documents inside of a scalar's text, with the lines they have in this file.

        Raises:
            Unreadable: the text is no YAML.
        """
        return documents(self.text, self.line if self.is_block else self.line - 1)


def documents(text: str, above: int = 0) -> list[Node]:
    """The documents of a YAML or JSON text that begins `above` lines into its file.

    Raises:
        Unreadable: it is no YAML.
    """
    try:
        return [_read(root, above) for root in yaml.compose_all(text, Loader=_LOADER)]
    except yaml.MarkedYAMLError as failure:
        mark = failure.problem_mark or failure.context_mark
        line = 1 if mark is None else mark.line + 1
        raise Unreadable(above + line, failure.problem or failure.context or "no YAML") from failure
    except yaml.reader.ReaderError as failure:
        line = text.count("\n", 0, failure.position) + 1
        raise Unreadable(above + line, "a character that YAML does not allow") from failure
    except (yaml.YAMLError, ValueError) as failure:
        raise Unreadable(above + 1, "no YAML") from failure
    except RecursionError as failure:
        raise Unreadable(above + 1, "nested too deep") from failure


def _read(source: yaml.Node, above: int) -> Node:
    reading = _Reading(above)
    root = reading.node(source, 0)
    return replace(root, doubled=tuple(reading.doubled)) if reading.doubled else root


class _Reading:
    """One pass over a document; what an alias refers to is read once."""

    def __init__(self, above: int) -> None:
        self._above = above
        self._known: dict[int, Node] = {}
        self._open: set[int] = set()
        self.doubled: list[tuple[str, int]] = []

    def node(self, source: yaml.Node, depth: int) -> Node:
        line = self._above + source.start_mark.line + 1
        if (known := self._known.get(id(source))) is not None:
            return known
        if id(source) in self._open:
            raise Unreadable(line, "an alias that contains itself")
        if depth > _DEPTH:
            raise Unreadable(line, "nested too deep")
        self._open.add(id(source))
        node = self._read(source, line, depth)
        self._open.discard(id(source))
        self._known[id(source)] = node
        return node

    def _read(self, source: yaml.Node, line: int, depth: int) -> Node:
        if isinstance(source, yaml.MappingNode):
            return self._mapping(source, line, depth)
        if isinstance(source, yaml.SequenceNode):
            return Node(line, "seq", items=tuple(self.node(item, depth + 1) for item in source.value))
        style = getattr(source, "style", None)
        tag = source.tag.removeprefix(_PREFIX)
        return Node(line, tag, text=source.value, is_plain=not style, is_block=style in {"|", ">"})

    def _mapping(self, source: yaml.MappingNode, line: int, depth: int) -> Node:
        entries: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        keys: dict[str, int] = {}
        for key, value in source.value:
            node = self.node(value, depth + 1)
            if key.tag == _MERGE:
                for part in (node, *node.items):
                    merged = {**part.entries, **merged}
                continue
            name = key.value if isinstance(key.value, str) else ""
            key_line = self._above + key.start_mark.line + 1
            if name in entries:
                self.doubled.append((name, key_line))
            entries[name] = node
            keys[name] = key_line
        return Node(line, "map", entries={**merged, **entries}, keys=keys)
