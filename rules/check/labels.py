"""Which labels the series of an expression carry, as far as its text alone tells."""

from __future__ import annotations

from typing import Final

from rules.check.promql_tree import SELECTING, Call, Expression, Literal, Operation, Range, Selector

# They take labels away besides what they are grouped by, or pass them on.
_WITHOUT_LE: Final = frozenset({"histogram_quantile", "histogram_quantiles", "histogram_share", "histogram_avg"})
_SETS: Final = frozenset({"or", "default"})
_LEFT: Final = frozenset({"and", "unless", "if", "ifnot", "==", "!=", "<", ">", "<=", ">="})


def carried(expression: Expression) -> frozenset[str] | None:
    """The labels of its series; `None` when they depend on what is stored. A number has none."""
    match expression:
        case Literal():
            return frozenset()
        case Selector():
            return None
        case Range(inner=inner):
            return carried(inner)
        case Call():
            return _of_call(expression)
        case Operation():
            return _of_operation(expression)


def _of_call(call: Call) -> frozenset[str] | None:
    if call.is_aggregation and call.name not in SELECTING:
        if call.by is not None:
            return frozenset(call.by)
        return None if call.without is not None else frozenset()
    series = [carried(argument) for argument in call.arguments if not isinstance(argument, Literal)]
    if not series or series[-1] is None:
        return None
    if call.name == "label_replace":
        return series[0] if series[0] is None else series[0] | {_text(call.arguments[1])}
    return series[-1] - {"le"} if call.name in _WITHOUT_LE else series[-1]


def _text(expression: Expression) -> str:
    return expression.text if isinstance(expression, Literal) else ""


def _of_operation(operation: Operation) -> frozenset[str] | None:
    left, right = carried(operation.left), carried(operation.right)
    if operation.operator in _SETS:
        # Series of both sides come through.
        return left if left == right or isinstance(operation.right, Literal) else None
    if operation.operator in _LEFT:
        return left
    if isinstance(operation.left, Literal):
        return right
    many = right if operation.group == "right" else left
    return None if many is None else _matched(operation, many)


def _matched(operation: Operation, many: frozenset[str]) -> frozenset[str]:
    if operation.group:
        return many | set(operation.included)
    if operation.on is not None:
        return frozenset(operation.on)
    # Arithmetic without grouping matches equal label sets only.
    return many - set(operation.ignoring or ())
