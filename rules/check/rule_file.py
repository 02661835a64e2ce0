"""Checks on what vmalert and Prometheus refuse of a rule file besides its expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rules.check import go_template
from rules.check.check import Check
from rules.check.finding import Hit
from rules.check.source import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.check import Surroundings
    from rules.check.node import Node

_KINDS: Final = (Kind.RULES,)


def _groups(document: Document) -> tuple[Node, ...]:
    """The groups that are such; others are reported for what they are."""
    return tuple(group for group in document.root.each("groups") if group.tag == "map")


def _refused(document: Document, _: Surroundings) -> Iterator[Hit]:
    names: dict[str, int] = {}
    for group in _groups(document):
        name = group.string("name")
        if not name:
            yield Hit(group.line, "a group without a name")
        elif name in names:
            yield Hit(group.line_of("name"), f"a second group {name}; the first is at line {names[name]}")
        names.setdefault(name, group.line_of("name"))
        yield from _refused_rules(name, group)


def _refused_rules(group: str, node: Node) -> Iterator[Hit]:
    known: dict[tuple[str, ...], int] = {}
    for rule in node.each("rules"):
        if rule.tag != "map":
            continue
        record, alert = rule.string("record"), rule.string("alert")
        if bool(record) is bool(alert):
            both = "both record and alert" if record else "neither record nor alert"
            yield Hit(rule.line, f"a rule of the group {group} has {both}")
        if not rule.string("expr"):
            yield Hit(rule.line, f"{record or alert or 'a rule'}: expr is missing, or empty")
        labels = rule.at("labels")
        pairs = () if labels is None else sorted((key, value.text) for key, value in labels.entries.items())
        same = (record, alert, rule.string("expr"), *(text for pair in pairs for text in pair))
        if same in known:
            yield Hit(rule.line, f"{record or alert}: the same rule as at line {known[same]}")
        known.setdefault(same, rule.line)


def _broken_templates(document: Document, _: Surroundings) -> Iterator[Hit]:
    for group in _groups(document):
        for rule in group.each("rules"):
            name = rule.string("alert") or rule.string("record")
            for part in ("annotations", "labels"):
                texts = rule.at(part)
                if texts is None:
                    continue
                for key, value in texts.entries.items():
                    why = go_template.refusal(value.text) if "{{" in value.text else None
                    if why is not None:
                        yield Hit(texts.keys.get(key, value.line), f"{name}: {part}.{key}: {why}")


CHECKS: Final = (
    Check(
        "SM068",
        "rule-refused",
        "vmalert refuses its whole file, and with it every alert and every recorded series of it.",
        "Give each group a name of its own, and each rule an expr and either record or alert.",
        _KINDS,
        _refused,
    ),
    Check(
        "SM069",
        "template-broken",
        "vmalert refuses its whole file for one annotation that is no template.",
        "Mend the template; it knows $labels, $value and the functions of vmalert.",
        _KINDS,
        _broken_templates,
    ),
)
