"""What a filter says, as a tree: the meaning of each node is written here, and nowhere else in words.

A *word* is found where each of its tokens (runs of ASCII letters and digits and of non-ASCII characters) is a whole
token of the body, and, if it is not a single token, where it stands in the body as written. A *phrase* stands anywhere
in the body as written, which makes `"time"` find `timeout`. Both ignore the case of ASCII letters. A *pattern* is a
regular expression (RE2; the dot matches line breaks). Values of attributes are compared exactly, or as numbers when
they are written as numbers; a record that lacks the attribute never matches, except by negation.

The filter language has no words for an *exact* text, for a built-in field or a label that matches a pattern, and for a
*label*: the first attribute of some keys that is not empty, or the empty text when there is none; as a number, any of
them that is written as one. LogQL has.
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
class _Text:
    text: str


class Word(_Text):
    """`timeout`."""

    __slots__ = ()


class Phrase(_Text):
    """`"connection reset"`."""

    __slots__ = ()


class Exact(_Text):
    """A text anywhere in the body, in this very case."""

    __slots__ = ()


class Pattern(_Text):
    """`/time(d )?out/`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Level:
    """`@level:error`, `@level:>=warn`: severities from `low` to `high`, both included."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class _OfField:
    field: Builtin
    value: str


class Is(_OfField):
    """`@pod:web-1`: a built-in field has this canonical value."""

    __slots__ = ()


class IsLike(_OfField):
    """A built-in field (but a trace or a span), written as the surface writes it, matches a pattern."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Present:
    """`@status:*`: the attribute is there."""

    key: str


@dataclass(frozen=True, slots=True)
class _OfKey:
    key: str
    value: str


class Equal(_OfKey):
    """`@status:503`: the attribute is there and has this value."""

    __slots__ = ()


class Matching(_OfKey):
    """`@path:/^.api/`: the attribute is there and matches a pattern."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class _OfLabel:
    keys: tuple[str, ...]
    value: str


class LabelEqual(_OfLabel):
    """A label has this value."""

    __slots__ = ()


class LabelLike(_OfLabel):
    """A label matches a pattern."""

    __slots__ = ()


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
class LabelCompared:
    """One of a label's attributes is written as a number that compares so."""

    keys: tuple[str, ...]
    comparison: Comparison
    number: float


@dataclass(frozen=True, slots=True)
class LabelBetween:
    """One of a label's attributes is written as a number from `low` to `high`, both included."""

    keys: tuple[str, ...]
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


_Term = (
    Word
    | Phrase
    | Exact
    | Pattern
    | Level
    | Is
    | IsLike
    | Equal
    | Present
    | Matching
    | LabelEqual
    | LabelLike
    | Compared
    | Between
    | LabelCompared
    | LabelBetween
)
Expression = _Term | Not | Every | Some
