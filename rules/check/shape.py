"""What a value must be where a program reads it: a map of known keys, a list, or a scalar of some type."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from rules.check.finding import Hit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rules.check.node import Node

# A key's shape, as the tables in rules/keys write it: nothing at all (anything goes), a map of keys, a list of one
# shape, or the names of scalar types with ` or ` between them. In a map of keys `*` is any other key; `by` names the
# key whose value chooses the table, and `known` all values it may have; `listed` tells that a list of what `*` says
# will do.
Shape = Any

_COLLECTIONS: Final = frozenset({"map", "seq"})
_ENUMERATED: Final = "one of "
# MetricsQL's and Prometheus' together: 90, 1m30s, 1.5h; an interval `i` is MetricsQL's.
_DURATION: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][0-9]+)?|(-?[0-9]+(\.[0-9]+)?(ms|[smhdwyi]))+", re.ASCII)
# Protobuf's.
_SECONDS: Final = re.compile(r"-?[0-9]+(\.[0-9]{1,9})?s", re.ASCII)
# Fluent Bit's: 16MB, 64k, 1.5G, and off for no limit.
_SIZE: Final = re.compile(r"[0-9]+(\.[0-9]+)?[ ]?([kmg]b?)?|false|off", re.ASCII | re.IGNORECASE)
_SWITCH: Final = frozenset({"on", "off", "true", "false", "yes", "no", "1", "0", "enable", "disable"})
# What a program fills in from its environment before it reads the file.
_VARIABLE: Final = re.compile(r"\$\{|\$[A-Z_]")
_NAMED: Final = {"map": "a map", "seq": "a list"}


def _is_number(node: Node) -> bool:
    try:
        float(node.text.replace("_", ""))
    except ValueError:
        return False
    return True


def _is_text_map(node: Node) -> bool:
    return node.tag == "map" and all(value.tag not in _COLLECTIONS for value in node.entries.values())


def _is_text_list(node: Node) -> bool:
    return node.tag == "seq" and all(item.tag not in _COLLECTIONS for item in node.items)


def _is_whole(node: Node) -> bool:
    return node.is_plain and _is_number(node) and float(node.text.replace("_", "")).is_integer()


_TYPES: Final[Mapping[str, tuple[str, Callable[[Node], bool]]]] = {
    # Go's readers of YAML take any scalar for a text, Kubernetes' API only what is one.
    "text": ("a text", lambda node: node.tag not in _COLLECTIONS),
    "string": ("a text in quotes", lambda node: node.tag in {"str", "timestamp"}),
    "truth": ("true or false", lambda node: node.tag == "bool" or (node.is_plain and node.text in {"y", "n"})),
    "integer": ("a whole number", _is_whole),
    "number": ("a number", lambda node: node.tag not in _COLLECTIONS and _is_number(node)),
    "duration": (
        "a duration such as 30s or 1h30m",
        lambda node: node.tag not in _COLLECTIONS and _DURATION.fullmatch(node.text) is not None,
    ),
    "seconds": (
        "a duration such as 30s or 0.5s",
        lambda node: node.tag not in _COLLECTIONS and _SECONDS.fullmatch(node.text) is not None,
    ),
    "switch": ("on or off", lambda node: node.tag not in _COLLECTIONS and node.text.lower() in _SWITCH),
    "size": (
        "a size such as 16MB or 64k",
        lambda node: node.tag not in _COLLECTIONS and _SIZE.fullmatch(node.text) is not None,
    ),
    "variable": (
        "a variable",
        lambda node: node.tag not in _COLLECTIONS and _VARIABLE.search(node.text) is not None,
    ),
    "texts": ("a list of texts", _is_text_list),
    "labels": ("a map of texts", _is_text_map),
    "map": ("a map", lambda node: node.tag == "map"),
    "list": ("a list", lambda node: node.tag == "seq"),
}


@lru_cache(maxsize=256)
def _types(shape: str) -> tuple[tuple[str, Callable[[Node], bool]], ...]:
    return tuple(_type(name) for name in shape.split(" or "))


def _type(name: str) -> tuple[str, Callable[[Node], bool]]:
    if name.startswith(_ENUMERATED):
        words = frozenset(name.removeprefix(_ENUMERATED).split())
        return f"{name.removeprefix(_ENUMERATED).replace(' ', ', ')}", lambda node: node.text in words
    return _TYPES[name]


def misshapen(node: Node, shape: Shape, path: str, seen: set[tuple[int, int]]) -> Iterator[Hit]:
    """Each value under `node`, which stands at `path`, that its program would refuse for what it is.

    What stands in many places by reference is looked at once for each shape: `seen` are those that were.
    """
    # A key without a value is as good as absent to every one of these programs.
    if shape is None or node.tag == "null":
        return
    path = path or "the file"
    if isinstance(shape, str):
        types = _types(shape)
        if not any(fits(node) for _, fits in types):
            yield Hit(node.line, f"{path}: {_shown(node)} where {' or '.join(name for name, _ in types)} is expected")
        return
    if (id(node), id(shape)) in seen:
        return
    seen.add((id(node), id(shape)))
    if isinstance(shape, list):
        if node.tag != "seq":
            yield Hit(node.line, f"{path}: {_shown(node)} where a list is expected")
            return
        for number, item in enumerate(node.items):
            yield from misshapen(item, shape[0], f"{path}[{number}]", seen)
    elif node.tag == "seq" and "listed" in shape:
        yield from misshapen(node, [shape["*"]], path, seen)
    elif node.tag != "map":
        yield Hit(node.line, f"{path}: {_shown(node)} where a map is expected")
    else:
        yield from _of_map(node, shape, path, seen)


def _of_map(node: Node, shape: Mapping[str, Shape], path: str, seen: set[tuple[int, int]]) -> Iterator[Hit]:
    yield from _unknown_choice(node, shape, path)
    keys = chosen(node, shape)
    if keys is None:
        return
    for key, value in node.entries.items():
        name = spelt(key, keys)
        if name in keys or "*" in keys:
            yield from misshapen(
                value, keys.get(name, keys.get("*")), key if path == "the file" else f"{path}.{key}", seen
            )


def _unknown_choice(node: Node, shape: Mapping[str, Shape], path: str) -> Iterator[Hit]:
    if "known" not in shape:
        return
    known, choice = shape["known"].split(), _choice(node, shape["by"])
    if not choice:
        yield Hit(node.line, f"{path}: {shape['by']} is missing")
    elif choice not in known and not _VARIABLE.search(choice):
        close = get_close_matches(choice, known, n=1)
        meant = f"; {close[0]} is" if close else ""
        yield Hit(node.line_of(shape["by"]), f"{path}: {shape['by']} {choice!r} is none that is known{meant}")


def chosen(node: Node, keys: Mapping[str, Shape]) -> Mapping[str, Shape] | None:
    """The keys that a map may have; one of them may choose among several tables. `None` when its table is unknown."""
    if "by" not in keys:
        return keys
    found = keys.get(_choice(node, keys["by"]))
    return found if isinstance(found, dict) else None


def spelt(key: str, keys: Mapping[str, Shape]) -> str:
    """A key as its table has it: Fluent Bit does not care for case."""
    return key if key in keys else key.lower()


def _choice(node: Node, by: str) -> str:
    """The value that chooses the table; the names of Fluent Bit's plugins come in any case, as their properties do."""
    if by != "name":
        return node.string(by)
    return next((value.text.lower() for key, value in node.entries.items() if key.lower() == by), "")


def _shown(node: Node) -> str:
    return _NAMED.get(node.tag, repr(node.text if len(node.text) <= 40 else f"{node.text[:37]}..."))  # noqa: PLR2004 - fits a line
