"""Checks on the join with kube_pod_labels: it must survive pods that share a name, and agree with Envoy's path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.tenant import TENANT_LABELS
from rules.attribution import POD_LABELS
from rules.check import corpus
from rules.check.check import Check
from rules.check.finding import Hit
from rules.check.promql_tree import Call, Operation, Range, Selector, selectors
from rules.check.regex import NotRE2, matches
from rules.check.rule import rules
from rules.check.selection import chosen, is_named
from rules.check.source import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.check.check import Surroundings
    from rules.check.promql_tree import Expression
    from rules.check.rule import Rule

_KINDS: Final = (Kind.RULES, Kind.DASHBOARD)
_POD_LABELS: Final = frozenset({"kube_pod_labels"})
# Operators that give the left side's series on.
_FILTERS: Final = frozenset({"and", "unless", "==", "!=", "<", ">", "<=", ">=", "if", "ifnot"})


def _asks(selector: Selector, names: frozenset[str] = _POD_LABELS) -> bool:
    """Whether it chooses kube_pod_labels, by whatever way of naming it; `names` are what it is recorded as, too."""
    return is_named(selector) and bool(chosen(selector, names))


def recorded_as(found: Iterable[Rule]) -> frozenset[str]:
    """The names under which rules record kube_pod_labels as it is, by way of each other too."""
    waiting = {(one.name, one.text): one for one in found if one.kind == "recording" and one.expression is not None}
    names = _POD_LABELS
    while added := {one.name for one in waiting.values() if one.name not in names and _passes_on(one, names)}:
        names |= added
    return names - _POD_LABELS


def _passes_on(rule: Rule, names: frozenset[str]) -> bool:
    """Whether a rule records kube_pod_labels as it is; one that is too deep to tell may."""
    if rule.expression is None or not any(_asks(one, names) for one in rule.selectors):
        return False
    try:
        return _bare(rule.expression, names)
    except RecursionError:
        return True


def _single_sides(operation: Operation) -> Iterator[Expression]:
    """The sides of which each group of labels may have one series only."""
    if operation.operator in {"and", "or", "unless", "default", "if", "ifnot"}:
        return
    if operation.group != "left":
        yield operation.left
    if operation.group != "right":
        yield operation.right


def _bare(expression: Expression, names: frozenset[str]) -> bool:
    """Whether kube_pod_labels shows through: no aggregation on the way."""
    match expression:
        case Selector():
            return _asks(expression, names)
        case Range(inner=inner):
            return _bare(inner, names)
        case Call(arguments=arguments) if not expression.is_aggregation:
            return any(_bare(argument, names) for argument in arguments)
        case Operation(left=left, right=right):
            through = expression.operator not in _FILTERS and expression.group != "left"
            return _bare(left, names) or (through and _bare(right, names))
        case _:
            return False


def _by_name(operation: Operation) -> bool:
    """Whether series are joined whose pods are told by name, not by uid.

    Without `on` and `ignoring` all labels must be equal: of different metrics they never are, unless a uid is lost.
    """
    if operation.on is not None:
        return "uid" not in operation.on
    if operation.ignoring is not None:
        return "uid" in operation.ignoring
    return all(_is_vector(side) for side in (operation.left, operation.right))


def _is_vector(side: Expression) -> bool:
    """Whether it is series, and no number."""
    return not (isinstance(side, Call) and side.name == "scalar") and any(True for _ in selectors(side))


def _joins(document: Document, names: frozenset[str]) -> Iterator[tuple[int, str, Operation, Expression]]:
    """Each side of a join that must be single, where kube_pod_labels is asked for, and pods are told by name."""
    for rule in rules(document):
        for part in rule.parts if any(_asks(one, names) for one in rule.selectors) else ():
            if isinstance(part, Operation) and _by_name(part):
                for side in _single_sides(part):
                    if any(_asks(one, names) for one in selectors(side)):
                        yield rule.line, rule.name, part, side


def _bare_join(document: Document, surroundings: Surroundings) -> Iterator[Hit]:
    names = _POD_LABELS | surroundings.pod_labels
    for line, name, operation, side in _joins(document, names):
        if _bare(side, names):
            how = f"joins kube_pod_labels {_matching(operation)} as it is"
            yield Hit(line, f"{name}: {how}; two uids of one pod name fail the rule")


def _matching(operation: Operation) -> str:
    if operation.on is not None:
        return f"on ({', '.join(operation.on)})"
    return "on all labels" if operation.ignoring is None else f"ignoring ({', '.join(operation.ignoring)})"


def _picks_one(side: Expression, operation: Operation) -> bool:
    """Whether at most one series is left for each group: `topk by (on) (1, …)`, or an aggregation by no more labels."""
    match side:
        case Call(by=by) if side.is_aggregation:
            return _is_single(by, operation)
        case Call(arguments=arguments):
            return bool(arguments) and _picks_one(arguments[0], operation)
        case Operation(left=left):
            return _picks_one(left, operation)
        case Range(inner=inner):
            return _picks_one(inner, operation)
        case _:
            return False


def _is_single(by: tuple[str, ...] | None, operation: Operation) -> bool:
    """Whether series that are grouped by these labels are one for each group of the join."""
    if operation.on is not None:
        return by is not None and set(by) <= set(operation.on)
    # Where all labels must be equal, two series of one side never are.
    return operation.ignoring is None or (by is not None and set(by).isdisjoint(operation.ignoring))


def _two_tuples(document: Document, _: Surroundings) -> Iterator[Hit]:
    for line, name, operation, side in _joins(document, _POD_LABELS):
        if not _bare(side, _POD_LABELS) and not _picks_one(side, operation):
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
