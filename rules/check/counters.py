"""Checks on Envoy's counters in expressions: born late, so that a difference is no sum; and only Envoy's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rules import recording
from rules.catalogue import CUSTOMER_FAMILIES, GATEWAY_JOB
from rules.check.check import Check
from rules.check.finding import Hit
from rules.check.promql_tree import Call, Operation, Range, Selector, selectors, walk
from rules.check.rule import parsed, rules
from rules.check.selection import chosen, is_named
from rules.check.source import Document, Kind
from rules.rulefile import Recording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.check.check import Surroundings
    from rules.check.promql_tree import Expression
    from rules.check.rule import Rule

_KINDS: Final = (Kind.RULES, Kind.DASHBOARD)
GATEWAY_SERIES: Final = frozenset(series for family in CUSTOMER_FAMILIES for series in family.series)
_SUMS: Final = frozenset(
    {
        *("increase", "increase_pure", "increase_prometheus", "delta", "delta_prometheus", "idelta"),
        *("ascent_over_time", "rollup_increase", "rollup_delta"),
    }
)
_SPEEDS: Final = frozenset(
    {"rate", "irate", "rate_prometheus", "deriv", "deriv_fast", "ideriv", "rollup_rate", "rollup_deriv"}
)
# They make a sum of a speed again.
_INTEGRALS: Final = frozenset({"sum_over_time", "integrate", "running_sum", "range_sum"})
_BILLED: Final = re.compile(
    r"(?:^|[:_])(?:bill(?:ing|ed)?|charge[ds]?|invoice[ds]?|meter(?:ing|ed))(?:[:_]|$)|^usage[:_]", re.IGNORECASE
)


def _counters(expression: Expression) -> list[str]:
    return [name for one in selectors(expression) for name in chosen(one, GATEWAY_SERIES)]


def _is_speed(part: Expression, speeds: frozenset[str]) -> bool:
    """Whether something in it is the speed of a gateway's counter, computed here or recorded."""
    for one in walk(part):
        if isinstance(one, Call) and one.name in _SPEEDS and _counters(one):
            return True
        if isinstance(one, Selector) and is_named(one) and chosen(one, speeds):
            return True
    return False


def recorded_speeds(found: Iterable[Rule]) -> Iterator[str]:
    """The names under which rules record speeds of the gateway's counters, and not shares or quantiles of them."""
    for rule in found:
        if rule.kind == "recording" and rule.expression is not None and _records_speed(rule.parts):
            yield rule.name


def _records_speed(parts: tuple[Expression, ...]) -> bool:
    is_other = any(
        (isinstance(part, Operation) and part.operator == "/") or (isinstance(part, Call) and "quantile" in part.name)
        for part in parts
    )
    return not is_other and _is_speed(parts[0], frozenset())


# The catalogue's own are there whether or not their file is among those that are checked.
OWN_SPEEDS: Final = frozenset(
    rule.record
    for group in recording.GROUPS
    for rule in group.rules
    if isinstance(rule, Recording) and _records_speed(parsed(rule.expr)[1])
)


def _raw(expression: Expression) -> Iterator[tuple[str, bool]]:
    """The gateway's counters that show through as they are, and whether they are seen at another time than now."""
    match expression:
        case Selector():
            yield from ((name, False) for name in chosen(expression, GATEWAY_SERIES))
        case Range(inner=inner, is_moved=is_moved):
            yield from ((name, is_moved or moved) for name, moved in _raw(inner))
        case Call(name=name, arguments=arguments) if name not in _SPEEDS | _SUMS:
            for argument in arguments:
                is_window = name.endswith("_over_time")
                yield from ((counter, is_window or moved) for counter, moved in _raw(argument))
        case Operation(left=left, right=right):
            yield from _raw(left)
            yield from _raw(right)
        case _:
            return


def _difference(operation: Operation) -> str | None:
    """The counter that is subtracted from itself at another time, which is an increase spelt out."""
    left, right = list(_raw(operation.left)), list(_raw(operation.right))
    shared = {name for name, _ in left} & {name for name, _ in right}
    moved = {name for name, moved in (*left, *right) if moved}
    return min(shared & moved, default=None)


def _missing(part: Expression, speeds: frozenset[str], *, is_bill: bool) -> str | None:
    """How this part of an expression misses what came before a counter's first sample; `None` when it does not."""
    if isinstance(part, Call):
        counters = _counters(part) if part.name in (_SUMS | _SPEEDS if is_bill else _SUMS) else []
        if counters:
            return f"{part.name}({counters[0]})"
        if part.name in _INTEGRALS and _is_speed(part, speeds):
            return f"{part.name}() of a rate"
    if isinstance(part, Operation) and part.operator == "-":
        counter = _difference(part)
        return None if counter is None else f"{counter} minus itself at another time"
    if is_bill and isinstance(part, Selector) and is_named(part) and (names := chosen(part, speeds)):
        return f"the recorded rate {names[0]}"
    return None


def _late_births(document: Document, surroundings: Surroundings) -> Iterator[Hit]:
    speeds = OWN_SPEEDS | surroundings.speeds
    for rule in rules(document):
        is_bill = _BILLED.search(rule.name) is not None
        missing = next(filter(None, (_missing(part, speeds, is_bill=is_bill) for part in rule.parts)), None)
        if missing is not None:
            yield Hit(rule.line, f"{rule.name}: {missing} misses what came before the first sample")


def _any_job(document: Document, _: Surroundings) -> Iterator[Hit]:
    for rule in rules(document):
        for selector in filter(is_named, rule.selectors):
            job = selector.matcher("job")
            is_pinned = job is not None and (job.operator, job.value) == ("=", GATEWAY_JOB)
            names = () if is_pinned else chosen(selector, GATEWAY_SERIES)
            if names:
                yield Hit(rule.line, f'{rule.name}: {names[0]} may be a customer\'s own without job="{GATEWAY_JOB}"')
                break


CHECKS: Final = (
    Check(
        "SM064",
        "counter-born-late",
        "Envoy creates a counter with its first value: increase() misses it, and a bill would miss the bytes.",
        "Meter by raw samples, where a counter's first value counts in full; rate() is for panels only.",
        _KINDS,
        _late_births,
    ),
    Check(
        "SM066",
        "job-not-pinned",
        "A customer's own /metrics may expose names like Envoy's, and would be counted as traffic.",
        f'Add job="{GATEWAY_JOB}" to the selector.',
        _KINDS,
        _any_job,
    ),
)
