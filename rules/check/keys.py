"""Checks by the key tables in rules/keys: keys that a program's sources know, with values that it can read."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from rules.check import key_table
from rules.check.check import Check
from rules.check.finding import Hit
from rules.check.shape import chosen, misshapen, spelt
from rules.check.source import Document, Kind
from rules.check.statistics import bootstraps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rules.check.alloy import Block
    from rules.check.check import Surroundings
    from rules.check.node import Node
    from rules.check.shape import Shape


def _unknown(node: Node, shape: Shape, path: str, seen: set[tuple[int, int]]) -> Iterator[Hit]:
    """What stands in many places by reference is looked at once for each table."""
    known = shape[0] if isinstance(shape, list) else shape
    # A map where there should be a list is no list's item; its shape is what is wrong.
    if not isinstance(known, dict) or (node.tag == "map" and isinstance(shape, list)) or (id(node), id(known)) in seen:
        return
    seen.add((id(node), id(known)))
    for item in node.items:
        yield from _unknown(item, known["*"] if "listed" in known else known, path, seen)
    keys = chosen(node, known)
    if keys is None:
        return
    for key, value in node.entries.items():
        name = spelt(key, keys)
        if name in keys or "*" in keys:
            yield from _unknown(value, keys.get(name, keys.get("*")), f"{path}{key}.", seen)
        else:
            where = path.rstrip(".") or "the file"
            yield Hit(node.keys.get(key, node.line), f"{path}{key} is no key of {where}{_meant(key, keys)}")


def _meant(key: str, keys: Iterable[str]) -> str:
    close = get_close_matches(key, keys, n=1)
    return f"; {close[0]} is" if close else ""


def _unknown_in_block(block: Block, known: Mapping[str, Shape] | None) -> Iterator[Hit]:
    if known is None:
        return
    for name, attribute in block.attributes.items():
        if name not in known:
            yield Hit(attribute.line, f"{name} is no attribute of {block.name}{_meant(name, known)}")
    for inner in block.blocks:
        if inner.name in known:
            yield from _unknown_in_block(inner, known[inner.name])
        else:
            yield Hit(inner.line, f"{inner.name} is no block of {block.name}{_meant(inner.name, known)}")


def _roots(document: Document) -> Iterator[tuple[Node, Mapping[str, Shape], str]]:
    """What is held to a table: the document, and the bootstrap inside of an EnvoyProxy."""
    yield document.root, key_table.keys(document.kind), ""
    if document.kind is Kind.ENVOY_PROXY:
        # One that is no map is reported for that.
        for bootstrap in (one for one in bootstraps(document.root) if one.tag == "map"):
            yield bootstrap, key_table.keys(Kind.BOOTSTRAP), "spec.bootstrap.value: "


def _unknown_keys(document: Document, _: Surroundings) -> Iterator[Hit]:
    if document.block is not None:
        known = key_table.keys(document.kind)
        for component in _components(document.block):
            yield from _unknown_in_block(component, known.get(component.name))
        return
    for root, keys, _path in _roots(document):
        yield from _unknown(root, keys, "", set())


def _components(root: Block) -> Iterator[Block]:
    for scope in root.scopes():
        yield from scope.blocks


def _misshapen_in_block(block: Block, known: Mapping[str, Shape]) -> Iterator[Hit]:
    for name, attribute in block.attributes.items():
        expected = known.get(name)
        if isinstance(expected, str) and attribute.kind not in {"", expected}:
            message = f"{block.name}.{name}: {_said(attribute.kind)} where {_said(expected)} is expected"
            yield Hit(attribute.line, message)
    for inner in block.blocks:
        yield from _misshapen_in_block(inner, known.get(inner.name) or {})


def _said(kind: str) -> str:
    return "true or false" if kind == "truth" else f"a {kind}"


def _misshapen(document: Document, _: Surroundings) -> Iterator[Hit]:
    if document.block is not None:
        known = key_table.keys(document.kind)
        for component in _components(document.block):
            yield from _misshapen_in_block(component, known.get(component.name) or {})
        return
    for root, keys, path in _roots(document):
        yield from (Hit(hit.line, f"{path}{hit.message}") for hit in misshapen(root, keys, "", set()))


CHECKS: Final = (
    Check(
        "SM003",
        "unknown-key",
        "A misspelt key is refused at start-up, or silently does nothing.",
        "Correct the key; the tables and their sources are in rules/keys/.",
        tuple(key_table.TABLES),
        _unknown_keys,
    ),
    Check(
        "SM009",
        "value-refused",
        "A program that finds a list where it reads a map, or a duration it cannot read, refuses its whole file.",
        "Write the value as the message says; the tables and their sources are in rules/keys/.",
        tuple(kind for kind in key_table.TABLES if key_table.is_strict(kind)),
        _misshapen,
    ),
)
