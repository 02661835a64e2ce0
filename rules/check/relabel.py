"""What relabelling rules make of a series: the rules of vmagent, Prometheus and Alloy under one set of semantics.

A test runs the same rules through a real vmagent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from rules.check import promql, promql_tree
from rules.check.promql_token import NotPromQL
from rules.check.regex import NotRE2, compiled, is_quick, matches, rewritten

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rules.check.alloy import Block
    from rules.check.node import Node

Labels = dict[str, str]

# The share of the targets that another agent has: which one is not known here, so every series is taken for ours.
_ANY_SHARD: Final = "\0shard"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, defaults filled in; `condition` is vmagent's `if`. Rules are the same wherever they stand."""

    line: int = field(compare=False)
    action: str = "replace"
    source_labels: tuple[str, ...] = ()
    separator: str = ";"
    regex: str = "(.*)"
    target_label: str = ""
    replacement: str = "$1"
    condition: str = ""

    @property
    def conditions(self) -> tuple[str, ...]:
        """The labels that its condition looks at."""
        selector = _condition(self.condition) if self.condition else None
        return () if selector is None else tuple(matcher.label for matcher in selector.matchers)

    @property
    def has_default_regex(self) -> bool:
        """Whether it matches everything for want of a pattern."""
        return self.regex == "(.*)"


def of_yaml(node: Node) -> Rule:
    """A rule of vmagent or Prometheus, or of a resource of their operators, which spell labels otherwise."""
    action = node.string("action", default="replace").lower()
    labels = node.strings("source_labels") or node.strings("sourceLabels")
    if action in {"keep_metrics", "drop_metrics"}:
        action, labels = action.removesuffix("_metrics"), ("__name__",)
    return Rule(
        line=node.line,
        action=action,
        source_labels=labels,
        separator=node.string("separator", default=";"),
        regex="|".join(node.strings("regex")) or "(.*)",
        target_label=node.string("target_label") or node.string("targetLabel"),
        replacement=node.string("replacement", default="$1"),
        condition=node.string("if"),
    )


def of_alloy(block: Block) -> Rule:
    """A rule of Alloy: a `rule` or `write_relabel_config` block."""

    def text(name: str, default: str) -> str:
        attribute = block.attributes.get(name)
        return default if attribute is None else attribute.text

    labels = block.attributes.get("source_labels")
    return Rule(
        line=block.line,
        action=text("action", "replace").lower(),
        source_labels=() if labels is None else labels.strings,
        separator=text("separator", ";"),
        regex=text("regex", "(.*)"),
        target_label=text("target_label", ""),
        replacement=text("replacement", "$1"),
    )


def relabelled(rules: Sequence[Rule], series: Mapping[str, str]) -> Labels | None:
    """What becomes of a series, `__name__` among its labels; `None` when it is dropped.

    A rule whose action or pattern is unknown changes nothing: other checks report it.
    """
    labels: Labels | None = dict(series)
    for rule in rules:
        if labels is None:
            return None
        labels = applied(rule, labels)
    return labels


def applied(rule: Rule, labels: Labels) -> Labels | None:
    """What one rule makes of a series; `None` when it drops it. What it does not change is given back as it is."""
    action = _ACTIONS.get(rule.action)
    if action is None or not _holds(rule.condition, labels):
        return labels
    try:
        return action(rule, labels)
    except NotRE2:
        return labels


def known(action: str) -> bool:
    """Whether an action is one of vmagent's, Prometheus' or Alloy's."""
    return action in _ACTIONS


@lru_cache(maxsize=1024)
def _condition(text: str) -> promql_tree.Selector | None:
    """The selector of an `if`; `None` for what selects nothing."""
    try:
        selector = promql.parse(text)
    except NotPromQL:
        return None
    return selector if isinstance(selector, promql_tree.Selector) else None


def _holds(condition: str, labels: Mapping[str, str]) -> bool:
    selector = _condition(condition) if condition else None
    if selector is None:
        return True
    named = not selector.name or labels.get("__name__") == selector.name
    return named and all(_meets(matcher, labels) for matcher in selector.matchers)


def _meets(matcher: promql_tree.Matcher, labels: Mapping[str, str]) -> bool:
    value = labels.get(matcher.label, "")
    match matcher.operator:
        case "=":
            return value == matcher.value
        case "!=":
            return value != matcher.value
        case "=~":
            return matches(matcher.value, value)
        case _:
            return not matches(matcher.value, value)


def _source(rule: Rule, labels: Mapping[str, str]) -> str:
    return rule.separator.join([labels.get(label, "") for label in rule.source_labels])


def _with(labels: Mapping[str, str], label: str, value: str) -> Labels:
    """An empty value is no label."""
    rest = {name: text for name, text in labels.items() if name != label}
    return {**rest, label: value} if value and label else rest


def _replace(rule: Rule, labels: Labels) -> Labels:
    value = _replaced(rule.regex, rule.replacement, _source(rule, labels))
    return labels if value is None else _with(labels, rule.target_label, value)


@lru_cache(maxsize=1 << 16)
def _replaced(regex: str, replacement: str, source: str) -> str | None:
    return rewritten(regex, source, replacement)


def _replace_all(rule: Rule, labels: Labels) -> Labels:
    """Each match inside of the value; the pattern is not anchored here."""
    source = _source(rule, labels)
    if not is_quick(rule.regex):
        return labels
    text = compiled(rule.regex).sub(lambda found: rewritten(rule.regex, found[0], rule.replacement) or "", source)
    return _with(labels, rule.target_label, text)


def _keep(rule: Rule, labels: Labels) -> Labels | None:
    source = _source(rule, labels)
    return labels if _ANY_SHARD in source or matches(rule.regex, source) else None


def _drop(rule: Rule, labels: Labels) -> Labels | None:
    source = _source(rule, labels)
    return labels if _ANY_SHARD in source or not matches(rule.regex, source) else None


def _labeldrop(rule: Rule, labels: Labels) -> Labels:
    return {name: value for name, value in labels.items() if not matches(rule.regex, name)}


def _labelkeep(rule: Rule, labels: Labels) -> Labels:
    return {name: value for name, value in labels.items() if matches(rule.regex, name)}


def _labelmap(rule: Rule, labels: Labels) -> Labels:
    mapped = {
        renamed: value
        for name, value in labels.items()
        if (renamed := _replaced(rule.regex, rule.replacement, name)) is not None
    }
    return {**labels, **mapped}


def _equal(rule: Rule, labels: Mapping[str, str]) -> bool:
    """Whether they are equal: vmagent compares the source labels with each other, Prometheus with the target label."""
    values = [labels.get(label, "") for label in rule.source_labels]
    if rule.action in {"keepequal", "dropequal"}:
        return rule.separator.join(values) == labels.get(rule.target_label, "")
    return len(set(values)) <= 1


def _cased(change: Callable[[str], str]) -> Callable[[Rule, Labels], Labels]:
    return lambda rule, labels: _with(labels, rule.target_label, change(_source(rule, labels)))


def _if_equal(*, keep: bool) -> Callable[[Rule, Labels], Labels | None]:
    return lambda rule, labels: labels if _equal(rule, labels) is keep else None


_ACTIONS: Final[dict[str, Callable[[Rule, Labels], Labels | None]]] = {
    "replace": _replace,
    "replace_all": _replace_all,
    "keep": _keep,
    "drop": _drop,
    "labeldrop": _labeldrop,
    "labelkeep": _labelkeep,
    "labelmap": _labelmap,
    "lowercase": _cased(str.lower),
    "uppercase": _cased(str.upper),
    "hashmod": lambda rule, labels: _with(labels, rule.target_label, _ANY_SHARD),
    **{name: _if_equal(keep=True) for name in ("keep_if_equal", "keepequal")},
    **{name: _if_equal(keep=False) for name in ("drop_if_equal", "dropequal")},
}
