"""What target relabelling makes of two targets of one scrape job: the labels that tell their series apart."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from rules.check import relabel
from rules.check.relabel import applied

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.check.node import Node
    from rules.check.relabel import Labels, Rule

# What targets of one job share: where they were found and how they are asked, not which one it is.
_SHARED: Final = re.compile(
    r"__(?:scheme|metrics_path|scrape_interval|scrape_timeout|param_.+)__|__param_.+"
    r"|__meta_.*(?:namespace|label_.+|labelpresent_.+|annotation_.+|annotationpresent_.+|container_name|container_image"
    r"|port_name|port_number|port_protocol|service_name|controller_kind|controller_name|phase|ready|role|job)"
)
# Which targets are scraped at all does not matter here: these two are.
_CHOOSING: Final = frozenset({"keep", "drop", "keep_if_equal", "drop_if_equal", "keepequal", "dropequal"})
_TWO: Final = 2


def rules_of(node: Node) -> tuple[Rule, ...]:
    """The rules for a job's targets."""
    return tuple(relabel.of_yaml(rule) for rule in node.each("relabel_configs"))


def pair(node: Node, name: str) -> tuple[Labels, Labels]:
    """The labels of two targets of a job, the same when its rules or its own labels make them so.

    Of a job with a single target, the second is one that differs from it in `instance`.
    """
    rules = rules_of(node)
    found = [_labelled(rules, name, address, labels) for address, labels in _listed(node)]
    if not found:
        found = [_labelled(rules, name, f"10.0.0.{number}:19001", ()) for number in (1, 2)]
    if len(found) < _TWO:
        return found[0], found[0] | {"instance": f"{found[0].get('instance', '')}-other"}
    same = next((one for number, one in enumerate(found) if one in found[:number]), None)
    return (found[0], found[1]) if same is None else (same, same)


def _listed(node: Node) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """The targets that are written down, with their own labels; none when some are discovered."""
    if any(key.endswith("_sd_configs") for key in node.entries):
        return []
    listed = []
    for group in node.each("static_configs"):
        labels = group.at("labels")
        own = () if labels is None else tuple((key, value.text) for key, value in labels.entries.items())
        # A few tell whether their labels are told apart.
        listed += [(address, own) for address in group.strings("targets")[:8]]
    return listed[:64]


@lru_cache(maxsize=256)
def _labelled(rules: tuple[Rule, ...], name: str, address: str, own: tuple[tuple[str, str], ...]) -> Labels:
    labels: Labels = {"job": name, "__address__": address, **dict(own)}
    for label in _asked(rules):
        labels.setdefault(label, f"{'shared' if _SHARED.fullmatch(label) else address}")
    for rule in rules:
        if rule.action not in _CHOOSING:
            labels = applied(rule, labels) or {}
    return {"instance": labels.get("__address__", ""), **{k: v for k, v in labels.items() if not k.startswith("__")}}


def _asked(rules: Iterable[Rule]) -> set[str]:
    """The labels of discovery that the rules look at."""
    asked = {label for rule in rules for label in (*rule.source_labels, *rule.conditions)}
    return {label for label in asked if label.startswith("__")}
