"""The trees of PromQL and MetricsQL: selectors, calls, aggregations, operators with their matching."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLAIN: Final = (
    "sum min max avg group stddev stdvar count count_values bottomk topk quantile limitk any median mode share"
)
_ODD: Final = "sum2 distinct geomean histogram mad outliersk outliers_mad quantiles zscore"
_RANKED: Final = {f"{side}k_{of}" for side in ("top", "bottom") for of in ("min", "max", "avg", "median", "last")}
AGGREGATIONS: Final = frozenset({*_PLAIN.split(), *_ODD.split(), *_RANKED})
# These pass series on as they are.
SELECTING: Final = frozenset({"topk", "bottomk", "limitk", "outliersk", *_RANKED})


@dataclass(frozen=True, slots=True)
class Literal:
    """A number or a text."""

    text: str


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label."""

    label: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Selector:
    """Series by name and labels; of alternatives (`or`) all matchers are listed."""

    name: str
    matchers: tuple[Matcher, ...]

    def matcher(self, label: str) -> Matcher | None:
        """The first condition on a label."""
        return next((one for one in self.matchers if one.label == label), None)


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an aggregation; `by` or `without` is None when it is not grouped so."""

    name: str
    arguments: tuple[Expression, ...]
    by: tuple[str, ...] | None = None
    without: tuple[str, ...] | None = None

    @property
    def is_aggregation(self) -> bool:
        """Whether it makes fewer series of many."""
        return self.name in AGGREGATIONS


@dataclass(frozen=True, slots=True)
class Operation:
    """Two sides; `on` or `ignoring` is None when matching is not restricted so, `group` is `left`, `right` or empty."""

    operator: str
    left: Expression
    right: Expression
    on: tuple[str, ...] | None = None
    ignoring: tuple[str, ...] | None = None
    group: str = ""
    included: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Range:
    """An expression over a window, moved, or negated: what it holds has the labels that it has."""

    inner: Expression
    is_moved: bool = False


Expression = Literal | Selector | Call | Operation | Range


def walk(expression: Expression) -> Iterator[Expression]:
    """The expression and everything in it, however deep: a thousand operators in a row are a tree as deep."""
    waiting = [expression]
    while waiting:
        part = waiting.pop()
        yield part
        match part:
            case Call(arguments=arguments):
                waiting += reversed(arguments)
            case Operation(left=left, right=right):
                waiting += (right, left)
            case Range(inner=inner):
                waiting.append(inner)


def selectors(expression: Expression) -> Iterator[Selector]:
    """Every selector in it."""
    return (part for part in walk(expression) if isinstance(part, Selector))
