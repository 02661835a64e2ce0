"""Which series a selector may choose, by name, by a pattern of names, or for want of either."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from rules.check.regex import NotRE2, matches

if TYPE_CHECKING:
    from rules.check.promql_tree import Matcher, Selector


@lru_cache(maxsize=8192)
def chosen(selector: Selector, names: frozenset[str]) -> tuple[str, ...]:
    """Those of `names` that it may choose, in order; a pattern that a dashboard's variable completes chooses none."""
    conditions = [one for one in selector.matchers if one.label == "__name__"]
    exact = {one.value for one in conditions if one.operator == "="}
    if selector.name:
        exact.add(selector.name)
    patterns = [one for one in conditions if one.operator == "=~"]
    refused = [one for one in conditions if one.operator in {"!=", "!~"}]
    return tuple(
        name
        for name in sorted(names)
        if (name in exact or any(_fits(one, name) for one in patterns) or not (exact or patterns))
        and not any(_fits(one, name) for one in refused)
    )


def is_named(selector: Selector) -> bool:
    """Whether it says anything about names."""
    return bool(selector.name) or selector.matcher("__name__") is not None


def _fits(condition: Matcher, name: str) -> bool:
    """Whether the condition's own text, equal or as a pattern, is the name."""
    if condition.operator in {"=", "!="}:
        return condition.value == name
    try:
        return "$" not in condition.value.removesuffix("$") and matches(condition.value, name)
    except NotRE2:
        return False
