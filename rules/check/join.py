"""Checks on the join with kube_pod_labels: it must survive pods that share a name, and agree with Envoy's path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.tenant import TENANT_LABELS
from rules.attribution import POD_LABELS
from rules.check import corpus
from rules.check.check import Check
from rules.check.finding import Hit
from rules.check.promql_tree import SELECTING, Call, Operation, Range, Selector, selectors
from rules.check.regex import NotRE2, matches
from rules.check.rule import rules
from rules.check.selection import chosen, is_named
from rules.check.source import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.check import Surroundings
    from rules.check.promql_tree import Expression

_KINDS: Final = (Kind.RULES, Kind.DASHBOARD)
_POD_LABELS: Final = frozenset({"kube_pod_labels"})
# Operators that give the left side's series on.
_FILTERS: Final = frozenset({"and", "unless", "==", "!=", "<", ">", "<=", ">=", "if", "ifnot"})


def _asks(selector: Selector) -> bool:
    """Whether it chooses kube_pod_labels, by whatever way of naming it."""
    return is_named(selector) and bool(chosen(selector, _POD_LABELS))


def _single_sides(operation: Operation) -> Iterator[Expression]:
    """The sides of which each group of labels may have one series only."""
    if operation.operator in {"and", "or", "unless", "default", "if", "ifnot"}:
        return
    if operation.group != "left":
        yield operation.left
    if operation.group != "right":
        yield operation.right


def _bare(expression: Expression) -> bool:
    """Whether kube_pod_labels shows through: no aggregation on the way."""
    match expression:
        case Selector():
            return _asks(expression)
        case Range(inner=inner):
            return _bare(inner)
        case Call(arguments=arguments) if not expression.is_aggregation:
            return any(map(_bare, arguments))
        case Operation(left=left, right=right):
            return _bare(left) or (expression.operator not in _FILTERS and expression.group != "left" and _bare(right))
        case _:
            return False


def _joins(document: Document) -> Iterator[tuple[int, str, Operation, Expression]]:
    """Each side of a join that must be single, where kube_pod_labels is asked for, and pods are told by name."""
    for rule in rules(document):
        for part in rule.parts:
            if isinstance(part, Operation) and "uid" not in (part.on or ()) and part.on is not None:
                for side in _single_sides(part):
                    if any(map(_asks, selectors(side))):
                        yield rule.line, rule.name, part, side


def _bare_join(document: Document, _: Surroundings) -> Iterator[Hit]:
    for line, name, operation, side in _joins(document):
        if _bare(side):
            by = ", ".join(operation.on or ())
            yield Hit(line, f"{name}: joins kube_pod_labels on ({by}) as it is; two uids of one pod name fail the rule")


def _picks_one(side: Expression, on: tuple[str, ...]) -> bool:
    """Whether at most one series is left for each group: `topk by (on) (1, …)`, or an aggregation by no more labels."""
    match side:
        case Call(name=name, by=by) if name in SELECTING:
            return by is not None and set(by) <= set(on)
        case Call(by=by) if side.is_aggregation:
            return by is not None and set(by) <= set(on)
        case Call(arguments=arguments):
            return bool(arguments) and _picks_one(arguments[0], on)
        case Operation(left=left):
            return _picks_one(left, on)
        case Range(inner=inner):
            return _picks_one(inner, on)
        case _:
            return False


def _two_tuples(document: Document, _: Surroundings) -> Iterator[Hit]:
    for line, name, operation, side in _joins(document):
        if not _bare(side) and not _picks_one(side, operation.on or ()):
            yield Hit(line, f"{name}: a pod name with the labels of two tenants fails the rule for everybody")


def _paths_differ(document: Document, _: Surroundings) -> Iterator[Hit]:
    for rule in rules(document):
        if rule.kind != "recording" or not rule.name.startswith("tenant") or rule.expression is None:
            continue
        for selector in rule.selectors:
            label = _unconstrained(selector) if _asks(selector) else None
            if label is not None:
                yield Hit(rule.line, f"{rule.name}: {label} may hold what no cluster name could yield")
                break


def _unconstrained(selector: Selector) -> str | None:
    """The first tenant label of which values are let in that the other path never has."""
    good = corpus.tuple_of(corpus.PRODUCTION)
    for label in TENANT_LABELS:
        bad = good[label].replace("-", "") if label != "environment" else "Production_1"
        matcher = selector.matcher(POD_LABELS[label])
        try:
            is_exact = (
                matcher is not None
                and matcher.operator == "=~"
                and matches(matcher.value, good[label])
                and not matches(matcher.value, bad)
            )
        except NotRE2:
            is_exact = False
        if not is_exact:
            return POD_LABELS[label]
    return None


CHECKS: Final = (
    Check(
        "SM052",
        "bare-pod-labels-join",
        "A StatefulSet's pod, or a restart, shows one pod name under two uids: the rule fails for every tenant.",
        "Join topk by (cluster, namespace, pod) (1, max by (cluster, namespace, pod, <tuple>) (…)): see recording.yml.",
        _KINDS,
        _bare_join,
    ),
    Check(
        "SM053",
        "join-fails-on-two-tuples",
        "When a pod's labels are edited or its name is reused, max by (tuple) leaves two series: it fails for all.",
        "Put topk by (cluster, namespace, pod) (1, …) around it.",
        _KINDS,
        _two_tuples,
    ),
    Check(
        "SM054",
        "two-paths-differ",
        "The front-door filters both paths by the same exact values: another spelling is invisible, and unbilled.",
        "Select kube_pod_labels by the canonical patterns of all three labels, as recording.yml does.",
        (Kind.RULES,),
        _paths_differ,
    ),
)
