"""YAML and JSON as values that remember their lines, however broken, nested or self-referring the text is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PREFIX: Final = "tag:yaml.org,2002:"
_RESOLVER: Final = yaml.resolver.Resolver()
_BLOCKS: Final = frozenset({"|", ">"})
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
        return documents(self.text, *self.inside)

    @property
    def inside(self) -> tuple[int, int]:
        """How many lines of this file are above a scalar's text, and how many each line of the text is: 0 in quotes."""
        return (self.line, 1) if self.is_block else (self.line - 1, 0)


def documents(text: str, above: int = 0, step: int = 1) -> list[Node]:
    """The documents of a YAML or JSON text that begins `above` lines into its file, `step` lines of which each is.

    Read by events and not by PyYAML's composer, which runs out of stack where a text nests deep.

    Raises:
        Unreadable: it is no YAML.
    """
    reading = _Reading(above, step)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            reading.take(event)
    except yaml.MarkedYAMLError as failure:
        mark = failure.problem_mark or failure.context_mark
        line = 1 if mark is None else mark.line * step + 1
        raise Unreadable(above + line, failure.problem or failure.context or "no YAML") from failure
    except yaml.reader.ReaderError as failure:
        line = text.count("\n", 0, failure.position) * step + 1
        raise Unreadable(above + line, "a character that YAML does not allow") from failure
    except (yaml.YAMLError, ValueError) as failure:
        raise Unreadable(above + 1, "no YAML") from failure
    return reading.documents


@dataclass(slots=True)
class _Open:
    """A list or a map that has not ended: what it holds so far, of a map keys and values in turn."""

    line: int
    anchor: str | None
    is_map: bool
    parts: list[Node] = field(default_factory=list)


class _Reading:
    """One pass over a text; what an alias refers to is read once."""

    def __init__(self, above: int, step: int) -> None:
        self.documents: list[Node] = []
        self._above = above
        self._step = step
        self._open: list[_Open] = []
        self._known: dict[str, Node] = {}
        self._doubled: list[tuple[str, int]] = []

    def take(self, event: yaml.Event) -> None:
        """The next event of the parser."""
        line = self._above + (0 if event.start_mark is None else event.start_mark.line * self._step) + 1
        if isinstance(event, yaml.ScalarEvent):
            self._add(_scalar(event, line, has_lines=self._step > 0), event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            self._add(self._alias(event, line), None)
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(self._open) > _DEPTH:
                raise Unreadable(line, "nested too deep")
            self._open.append(_Open(line, event.anchor, isinstance(event, yaml.MappingStartEvent)))
        elif isinstance(event, yaml.CollectionEndEvent):
            ended = self._open.pop()
            self._add(self._mapping(ended) if ended.is_map else _sequence(ended), ended.anchor)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._known, self._doubled = {}, []

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self._known[anchor] = node
        if self._open:
            self._open[-1].parts.append(node)
        else:
            self.documents.append(replace(node, doubled=tuple(self._doubled)) if self._doubled else node)

    def _alias(self, event: yaml.AliasEvent, line: int) -> Node:
        if any(collection.anchor == event.anchor for collection in self._open):
            raise Unreadable(line, "an alias that contains itself")
        if event.anchor not in self._known:
            raise Unreadable(line, f"the alias {event.anchor} refers to nothing")
        return self._known[event.anchor]

    def _mapping(self, ended: _Open) -> Node:
        entries: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        keys: dict[str, int] = {}
        for key, value in zip(ended.parts[::2], ended.parts[1::2], strict=True):
            if key.tag == "merge":
                for part in (value, *value.items):
                    merged = {**part.entries, **merged}
                continue
            if key.text in entries:
                self._doubled.append((key.text, key.line))
            entries[key.text] = value
            keys[key.text] = key.line
        return Node(ended.line, "map", entries={**merged, **entries}, keys=keys)


def _sequence(ended: _Open) -> Node:
    return Node(ended.line, "seq", items=tuple(ended.parts))


@lru_cache(maxsize=1 << 14)
def _resolved(value: str) -> str:
    """What a YAML 1.1 reader takes a plain scalar for."""
    tag: str = _RESOLVER.resolve(yaml.ScalarNode, value, (True, False))  # type: ignore[no-untyped-call]
    return tag.removeprefix(_PREFIX)


def _scalar(event: yaml.ScalarEvent, line: int, *, has_lines: bool) -> Node:
    style = event.style
    is_block = style in _BLOCKS and has_lines
    is_plain = style is None or not style.strip()
    if event.tag is not None and event.tag != "!":
        return Node(line, event.tag.removeprefix(_PREFIX), event.value, is_plain, is_block)
    tag = _resolved(event.value) if is_plain and event.tag is None else "str"
    return Node(line, tag, event.value, is_plain, is_block)
