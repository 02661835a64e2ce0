"""Regular expressions as RE2 reads them, which Envoy, VictoriaMetrics, Prometheus and Alloy all use.

RE2 has the verdict, and what these programs read differently is refused besides. Matches are of the whole text and
ASCII; Python's engine, which is ten times faster on a single text, finds them for patterns that it cannot get lost in,
RE2 for all others. Tests compare the verdicts with a real Envoy's and the two engines with each other.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import Final

from rules.check import re2

_REPEATS: Final = 1000
_LAST_ASCII: Final = 0x7F
_REPEAT: Final = re.compile(r"\{(\d+)(,(\d*))?\}")
_CLASSES: Final = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
# What may follow a backslash besides punctuation.
_ESCAPES: Final = frozenset("aftnrvdswDSWbBAz")
_REFERENCE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+)|(\$))", re.ASCII)
_REPEATED_GROUP: Final = re.compile(r"\)[*+{]")
_OPEN_REPEAT: Final = re.compile(r"[*+]|\{[0-9]+,[0-9]*\}")
_FEW: Final = 4
_GROUP: Final = re.compile(r"\(\?(P<[A-Za-z0-9_]+>|<[A-Za-z_][A-Za-z0-9_]*>|[imsU]*(-[imsU]+)?:|[imsU]+(-[imsU]+)?\))")


class NotRE2(ValueError):
    """The pattern is none that RE2 takes; says why."""


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[str]:
    """`pattern` for `fullmatch`.

    Raises:
        NotRE2: RE2 would refuse it.
    """
    translated = _translated(pattern)
    if (why := re2.refusal(pattern)) is not None:
        raise NotRE2(why)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # RE2's dot and Go's match no newline, as Python's.
            return re.compile(translated, re.ASCII)
    except (re.error, RecursionError, OverflowError, FutureWarning, DeprecationWarning) as failure:
        raise NotRE2(str(failure).split(" at position")[0] or "not a regular expression") from failure


@lru_cache(maxsize=1 << 16)
def matches(pattern: str, text: str) -> bool:
    """Whether `pattern` matches the whole of `text`.

    Raises:
        NotRE2: RE2 would refuse the pattern.
    """
    found = compiled(pattern)
    return found.fullmatch(text) is not None if is_quick(pattern) else re2.matches(pattern, text)


def rewritten(pattern: str, text: str, replacement: str) -> str | None:
    """`replacement` with `$1`, `${name}` and `$$` filled in by a match of the whole text; `None` without one.

    Raises:
        NotRE2: RE2 would refuse the pattern.
    """
    if not matches(pattern, text):
        return None
    groups = compiled(pattern).groupindex
    if is_quick(pattern):
        found = compiled(pattern).fullmatch(text)
        values = () if found is None else (found[0], *found.groups(""))
    else:
        count = compiled(pattern).groups
        values = tuple(re2.replaced(pattern, f"\\{number}", text) for number in range(count + 1))

    def value(reference: re.Match[str]) -> str:
        if reference[3]:
            return "$"
        name = reference[1] or reference[2]
        number = int(name) if name.isdigit() else groups.get(name, len(values))
        return values[number] if number < len(values) else ""

    return _REFERENCE.sub(value, replacement)


@lru_cache(maxsize=4096)
def is_quick(pattern: str) -> bool:
    """Whether a backtracking engine is sure to be done soon: no repeated group, and few open repetitions."""
    return _REPEATED_GROUP.search(pattern) is None and len(_OPEN_REPEAT.findall(pattern)) <= _FEW


def refusal(pattern: str) -> str | None:
    """Why RE2 would refuse `pattern`; `None` when it would not."""
    try:
        compiled(pattern)
    except NotRE2 as failure:
        return str(failure)
    return None


def _translated(pattern: str) -> str:
    """Python's spelling of an RE2 pattern."""
    parts: list[str] = []
    place = 0
    while place < len(pattern):
        character = pattern[place]
        if character == "\\":
            text, place = _escape(pattern, place)
        elif character == "[":
            text, place = _class(pattern, place)
        elif pattern.startswith("(?", place):
            text, place = _group(pattern, place)
        elif character in "*+?}" and pattern[place + 1 : place + 2] == "+":
            raise NotRE2("possessive or doubled repetition is not supported")
        elif character == "$":
            # Python's also stands before a newline at the end.
            text, place = r"\Z", place + 1
        elif character == "{":
            text, place = _repeat(pattern, place)
        else:
            text, place = character, place + 1
        parts.append(text)
    return "".join(parts)


def _escape(pattern: str, place: int) -> tuple[str, int]:
    following = pattern[place + 1 : place + 2]
    if not following:
        raise NotRE2("a backslash at the end")
    if following in "123456789":
        raise NotRE2(f"\\{following}: no references back to a group")
    if following in "pP":
        raise NotRE2(f"\\{following}: classes of Unicode cannot be judged here; write the characters")
    if following == "Q":
        end = pattern.find("\\E", place)
        quoted = pattern[place + 2 : len(pattern) if end < 0 else end]
        return re.escape(quoted), len(pattern) if end < 0 else end + 2
    if following == "x":
        return _hex(pattern, place)
    if following.isalnum() and following not in _ESCAPES and following != "0":
        raise NotRE2(f"\\{following}: no such escape")
    return (r"\Z" if following == "z" else pattern[place : place + 2]), place + 2


def _hex(pattern: str, place: int) -> tuple[str, int]:
    found = re.compile(r"\\x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))").match(pattern, place)
    if found is None or int(found[1] or found[2], 16) > _LAST_ASCII:
        raise NotRE2("\\x: write two hex digits of ASCII; programs differ about what lies beyond")
    return re.escape(chr(int(found[1] or found[2], 16))), found.end()


def _class(pattern: str, place: int) -> tuple[str, int]:
    start = place
    place += 1
    parts = ["["]
    if pattern.startswith("^", place):
        parts.append("^")
        place += 1
    first = True
    while place < len(pattern) and (pattern[place] != "]" or first):
        named = re.compile(r"\[:(\^?)(\w+):\]").match(pattern, place)
        if named is not None:
            if named[1] or named[2] not in _CLASSES:
                raise NotRE2(f"{named[0]}: no such class")
            parts.append(_CLASSES[named[2]])
            place = named.end()
        elif pattern[place] == "\\":
            text, place = _escape(pattern, place)
            parts.append(text)
        else:
            # Python would warn of sets inside of sets.
            parts.append(f"\\{pattern[place]}" if pattern[place] in "[&~|]" else pattern[place])
            place += 1
        first = False
    if place >= len(pattern):
        raise NotRE2(f"a class that does not end: {pattern[start : start + 20]}")
    return "".join([*parts, "]"]), place + 1


def _group(pattern: str, place: int) -> tuple[str, int]:
    found = _GROUP.match(pattern, place)
    if found is None:
        raise NotRE2(f"{pattern[place : place + 4]}: neither a group nor a flag that RE2 has (no look-around)")
    text = found[0]
    if text.startswith("(?<"):
        raise NotRE2(f"{text}: older programs do not know this spelling; write (?P<name>")
    if "U" in text or (text.endswith(")") and place > 0):
        raise NotRE2(f"{text}: flags of this kind cannot be judged here; write the pattern without")
    return text, found.end()


def _repeat(pattern: str, place: int) -> tuple[str, int]:
    found = _REPEAT.match(pattern, place)
    if found is None:
        return r"\{", place + 1  # RE2 takes it for itself
    if max(int(found[1]), int(found[3] or 0)) > _REPEATS:
        raise NotRE2(f"{found[0]}: more than {_REPEATS} repetitions")
    return found[0], found.end()
