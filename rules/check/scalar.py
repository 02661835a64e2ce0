"""Checks on YAML's own guesses: names that a reader takes for booleans, numbers or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rules.check.check import Check
from rules.check.finding import Hit
from rules.check.source import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.check import Surroundings
    from rules.check.node import Node

# Where programs expect text, and customers' names may stand.
_TEXTS: Final = frozenset(
    {
        *("name", "namespace", "cluster", "cluster_name", "id", "stat_prefix", "alt_stat_name", "job_name"),
        *("target_label", "record", "alert", "username", "bearer_token", "password", "environment"),
        *("domains", "source_labels", "targets", "inputs"),
    }
)
_TEXT_MAPS: Final = frozenset(
    {"labels", "matchLabels", "annotations", "external_labels", "extraLabels", "static_labels"}
)
_WORDS: Final = frozenset({"y", "n"})
_TAGS: Final = {"bool": "a boolean", "int": "a number", "float": "a number", "null": "nothing", "timestamp": "a date"}


def _is_guessed(node: Node) -> str | None:
    """What a plain scalar is taken for, when it is not text."""
    if not node.is_plain or node.tag in {"map", "seq"} or not node.text:
        return None
    if node.text.lower() in _WORDS:
        return "a boolean"
    return _TAGS.get(node.tag)


def _guessed(document: Document, _: Surroundings) -> Iterator[Hit]:
    for node in document.root.walk():
        for key, value in node.entries.items():
            texts: tuple[Node, ...] = ()
            if key in _TEXTS:
                texts = value.items if value.tag == "seq" else (value,)
            elif key in _TEXT_MAPS and value.tag == "map":
                texts = tuple(value.entries.values())
            for text in texts:
                what = _is_guessed(text)
                if what is not None:
                    yield Hit(text.line, f"{key}: {text.text} is read as {what}; a program expects text here")


CHECKS: Final = (
    Check(
        "SM004",
        "scalar-not-text",
        "An environment may be called y, on or 1e5: unquoted, YAML reads no text, and Envoy refuses the file.",
        "Put the value in quotes, or write JSON.",
        (Kind.BOOTSTRAP, Kind.ENVOY_PROXY, Kind.PATCH_POLICY, Kind.SCRAPE, Kind.RULES, Kind.USERS),
        _guessed,
    ),
)
