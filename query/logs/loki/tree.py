"""What a LogQL query says, as a tree: a filter of records, or samples counted from records over time."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from query.logs.expression import Expression


class RangeFunction(StrEnum):
    """What is counted of the records within a range."""

    COUNT = "count_over_time"
    RATE = "rate"
    BYTES = "bytes_over_time"
    BYTES_RATE = "bytes_rate"


class Aggregation(StrEnum):
    """What is made of several series at one moment."""

    SUM = "sum"
    MIN = "min"
    MAX = "max"
    AVG = "avg"
    COUNT = "count"
    TOPK = "topk"
    BOTTOMK = "bottomk"


@dataclass(frozen=True, slots=True)
class Selection:
    """`{environment="production"} |= "timeout"`: the records that an expression means, all when it is `None`."""

    expression: Expression | None


@dataclass(frozen=True, slots=True)
class Counted:
    """`rate({…}[5m])`: `range` in nanoseconds."""

    function: RangeFunction
    selection: Selection
    range: int


@dataclass(frozen=True, slots=True)
class Aggregated:
    """`sum by (level) (…)`; `labels` are those that are kept, or with `without` those that are not.

    `amount` is the first argument of `topk` and `bottomk`.
    """

    function: Aggregation
    inner: Sampled
    labels: tuple[str, ...]
    without: bool
    amount: int = 0


@dataclass(frozen=True, slots=True)
class Constant:
    """`vector(1)` or `1`: one sample without labels at each moment."""

    value: float


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`a + b`, at least one side of which is a constant, or made of such."""

    sign: str
    left: Sampled
    right: Sampled
    is_constant: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_constant", is_constant(self.left) and is_constant(self.right))


Sampled = Counted | Aggregated | Constant | Arithmetic
Query = Selection | Sampled


def is_constant(node: Sampled) -> bool:
    """Whether a node reads no records."""
    match node:
        case Constant():
            return True
        case Arithmetic():
            return node.is_constant
        case _:
            return False
