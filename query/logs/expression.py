"""What a filter says, as a tree: the meaning of each node is written here, and nowhere else in words.

A *word* is found where each of its tokens (runs of ASCII letters and digits and of non-ASCII characters) is a whole
token of the body, and, if it is not a single token, where it stands in the body as written. A *phrase* stands anywhere
in the body as written, which makes `"time"` find `timeout`. Both ignore the case of ASCII letters. A *pattern* is a
regular expression (RE2; the dot matches line breaks). Values of attributes are compared exactly, or as numbers when
they are written as numbers; a record that lacks the attribute never matches, except by negation.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Builtin(StrEnum):
    """Fields that every record has; any other name after `@` is an attribute's."""

    LEVEL = "level"
    SERVICE = "service"
    ENVIRONMENT = "environment"
    SOURCE = "source"
    POD = "pod"
    CONTAINER = "container"
    TRACE = "trace"
    SPAN = "span"


class Comparison(StrEnum):
    """How a number is compared."""

    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    LESS = "<"
    LESS_OR_EQUAL = "<="


@dataclass(frozen=True, slots=True)
class Word:
    """`timeout`."""

    text: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """`"connection reset"`."""

    text: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """`/time(d )?out/`."""

    text: str


@dataclass(frozen=True, slots=True)
class Level:
    """`@level:error`, `@level:>=warn`: severities from `low` to `high`, both included."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Is:
    """`@pod:web-1`: a built-in field has this canonical value."""

    field: Builtin
    value: str


@dataclass(frozen=True, slots=True)
class Equal:
    """`@status:503`: the attribute is there and has this value."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Present:
    """`@status:*`: the attribute is there."""

    key: str


@dataclass(frozen=True, slots=True)
class Matching:
    """`@path:/^.api/`: the attribute is there and matches a pattern."""

    key: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Compared:
    """`@duration:>500`: the attribute is written as a number that compares so."""

    key: str
    comparison: Comparison
    number: float


@dataclass(frozen=True, slots=True)
class Between:
    """`@duration:1..3`: the attribute is written as a number from `low` to `high`, both included."""

    key: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Not:
    """`-timeout`."""

    inner: Expression


@dataclass(frozen=True, slots=True)
class Every:
    """`a b`, `a AND b`: all of two or more."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """`a OR b`: at least one of two or more."""

    parts: tuple[Expression, ...]


Term = Word | Phrase | Pattern | Level | Is | Equal | Present | Matching | Compared | Between
Expression = Term | Not | Every | Some
