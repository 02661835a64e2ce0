"""Checks on kube-state-metrics' flags: exactly the tenant key's labels, never a wildcard."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rules.check.check import Check
from rules.check.finding import Hit
from rules.check.source import Document, Kind
from rules.pods import KUBERNETES_LABELS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.check import Surroundings
    from rules.check.node import Node

_KINDS: Final = (Kind.STATE_METRICS,)
_FLAG: Final = re.compile(r"--?metric-labels-allowlist[= ](.*)")
_RESOURCE: Final = re.compile(r"([a-z*]+)=\[([^\]]*)\]")


def _allowlists(root: Node) -> Iterator[tuple[int, str]]:
    """Each allowlist and its line: a flag, a flag and its value, or a chart's value."""
    for node in root.walk():
        if (found := _FLAG.match(node.text)) is not None:
            yield node.line, found[1].strip("\"'")
        for flag, value in zip(node.items, node.items[1:], strict=False):
            if flag.text.lstrip("-") == "metric-labels-allowlist":
                yield value.line, value.text
        for item in node.each("metricLabelsAllowlist"):
            yield item.line, item.text


def _wildcard(document: Document, _: Surroundings) -> Iterator[Hit]:
    for line, text in _allowlists(document.root):
        for resource, labels in _RESOURCE.findall(text):
            if resource in {"pods", "*"} and "*" in labels:
                yield Hit(line, f"{resource}=[{labels}]: a customer's label may fold into one of ours, and rename both")


def _incomplete(document: Document, _: Surroundings) -> Iterator[Hit]:
    for line, text in _allowlists(document.root):
        resources: dict[str, str] = dict(_RESOURCE.findall(text))
        labels = resources.get("pods", resources.get("*", ""))
        missing = [label for label in KUBERNETES_LABELS if label not in labels.split(",") and "*" not in labels]
        if missing:
            yield Hit(line, f"pods are shown without {', '.join(missing)}: no pod would have an owner")


CHECKS: Final = (
    Check(
        "SM050",
        "wildcard-label-allowlist",
        "Two labels that fold into one name are both renamed to …_conflict: the join is empty and the pod unbilled.",
        "List exactly starform.io/project-id, starform.io/environment and starform.io/service-id.",
        _KINDS,
        _wildcard,
    ),
    Check(
        "SM051",
        "label-allowlist-incomplete",
        "Without all three labels no series of a pod can be attributed.",
        "List exactly starform.io/project-id, starform.io/environment and starform.io/service-id.",
        _KINDS,
        _incomplete,
    ),
)
