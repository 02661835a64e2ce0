"""Checks by the key tables in rules/keys: programs that cannot run here, held to the keys that their sources know."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from rules.check.check import Check
from rules.check.finding import Hit
from rules.check.source import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.check.alloy import Block
    from rules.check.check import Surroundings
    from rules.check.node import Node

FOLDER: Final = Path(__file__).resolve().parent.parent / "keys"
TABLES: Final = {
    Kind.ENVOY_PROXY: "envoy_proxy",
    Kind.VECTOR: "vector",
    Kind.FLUENT_BIT: "fluent_bit",
    Kind.ALLOY: "alloy",
    Kind.MONITORING: "k8s_monitoring",
}
# Keys of every resource.
_RESOURCE: Final = {"apiVersion": None, "kind": None, "metadata": None, "status": None}

Table = dict[str, Any]


@cache
def table(name: str) -> Table:
    """The keys of a table; a value of None means anything, `*` any other key, `by` a key that chooses the table."""
    keys: Table = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))["keys"]
    return keys


def _unknown(node: Node, known: Mapping[str, Any] | None, path: str) -> Iterator[Hit]:
    if known is None:
        return
    if node.tag == "seq":
        for item in node.items:
            yield from _unknown(item, known, path)
        return
    chosen: Mapping[str, Any] | None = known.get(node.string(known["by"])) if "by" in known else known
    if chosen is None:
        return
    for key, value in node.entries.items():
        # Fluent Bit does not care for case.
        name = key if key in chosen else key.lower()
        if name in chosen or "*" in chosen:
            yield from _unknown(value, chosen.get(name, chosen.get("*")), f"{path}{key}.")
        else:
            yield Hit(node.keys.get(key, node.line), f"{path}{key} is no key of {path.rstrip('.') or 'the file'}")


def _unknown_in_block(block: Block, known: Mapping[str, Any] | None) -> Iterator[Hit]:
    if known is None:
        return
    for name, attribute in block.attributes.items():
        if name not in known:
            yield Hit(attribute.line, f"{name} is no attribute of {block.name}")
    for inner in block.blocks:
        if inner.name in known:
            yield from _unknown_in_block(inner, known[inner.name])
        else:
            yield Hit(inner.line, f"{inner.name} is no block of {block.name}")


def _unknown_keys(document: Document, _: Surroundings) -> Iterator[Hit]:
    known = table(TABLES[document.kind])
    if document.block is not None:
        for component in document.block.blocks:
            yield from _unknown_in_block(component, known.get(component.name))
    elif document.kind is Kind.ENVOY_PROXY:
        yield from _unknown(document.root, _RESOURCE | known, "")
    else:
        yield from _unknown(document.root, known, "")


CHECKS: Final = (
    Check(
        "SM003",
        "unknown-key",
        "A misspelt key is refused at start-up, or silently does nothing.",
        "Correct the key; the tables and their sources are in rules/keys/.",
        tuple(TABLES),
        _unknown_keys,
    ),
)
