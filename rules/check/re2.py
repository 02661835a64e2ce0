"""RE2 itself, as Arrow has it built in: the verdict on a pattern, and matches in linear time."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import import_module
from typing import Any


@cache
def _arrow() -> tuple[Any, Any]:
    """Arrow and its functions, loaded when the first pattern needs them: they take longer than most runs."""
    return import_module("pyarrow"), import_module("pyarrow.compute")


def _whole(pattern: str) -> str:
    return f"\\A(?:{pattern})\\z"


@lru_cache(maxsize=4096)
def refusal(pattern: str) -> str | None:
    """RE2's own words on a pattern that it refuses; `None` when it takes it."""
    arrow, compute = _arrow()
    try:
        # Alone first: a parenthesis too many would close the one around it.
        for text in (pattern, _whole(pattern)):
            compute.match_substring_regex(arrow.scalar(""), text)
    except arrow.ArrowInvalid as failure:
        return str(failure).removeprefix("Invalid regular expression: ")
    return None


@lru_cache(maxsize=1 << 16)
def matches(pattern: str, text: str) -> bool:
    """Whether a pattern that RE2 takes matches the whole text."""
    arrow, compute = _arrow()
    found: bool = compute.match_substring_regex(arrow.scalar(text), _whole(pattern)).as_py()
    return found


def replaced(pattern: str, rewrite: str, text: str) -> str:
    r"""The text of which a pattern matches the whole, rewritten: `\1` is the first group, `\\` a backslash."""
    arrow, compute = _arrow()
    result: str = compute.replace_substring_regex(arrow.scalar(text), _whole(pattern), rewrite).as_py()
    return result
