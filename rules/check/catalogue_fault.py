"""Mistakes in the catalogue itself: each found with its file and line, none of them a stack trace."""

from __future__ import annotations

import ast
import re
import traceback
from collections import Counter
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rules.check import go_template
from rules.check.catalogue_type import ill_typed
from rules.check.check import Check
from rules.check.finding import Finding, printable
from rules.check.regex import refusal
from rules.check.rule import parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import ModuleType

BROKEN: Final = Check(
    "SM100",
    "catalogue-broken",
    "Everything is rendered from the catalogue, and every check goes by it: a mistake in it is everywhere.",
    "Correct the value at the line, then run `starmeter rules render`.",
)
# In the order in which they build on each other.
_MODULES: Final = (
    *("catalogue", "pods", "budget", "retention", "preview", "objective", "platform", "statistics", "attribution"),
    *("recording", "burn", "platform_alerts", "alerts"),
)
_FOLDER: Final = Path(__file__).resolve().parent.parent
_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_METRIC: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*", re.ASCII)
_UNKNOWN_FIELD: Final = re.compile(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'")
_MISSING_FIELD: Final = re.compile(r"(\w+)\.__init__\(\) missing .*?: (.+)")
_VERSION: Final = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+", re.ASCII)

# The name of a value of a module, and what is wrong with it.
Fault = tuple[str, str]


def examine() -> list[Finding]:
    """Every mistake of the catalogue, in order. With one, nothing else can be gone by."""
    found: set[Finding] = set()
    for name in _MODULES:
        try:
            module = import_module(f"rules.{name}")
            found.update(_finding(module, *fault) for fault in _judged(name, module))
        except Exception as failure:  # noqa: BLE001 - whatever an edit of the catalogue raises is a mistake in it
            found.add(_raised(failure, name))
    return sorted(found)


def _judged(name: str, module: ModuleType) -> Iterator[Fault]:
    ill = list(ill_typed(name, module))
    yield from ill
    judge = _JUDGES.get(name)
    if judge is not None and not ill:
        yield from judge(module)
    if hasattr(module, "GROUPS"):
        yield from _groups(module)


def _finding(module: ModuleType, value: str, what: str) -> Finding:
    path = Path(str(module.__file__))
    return Finding(_shown(path), _line(path, value), BROKEN.id, f"{value}: {what}")


def _raised(failure: Exception, name: str) -> Finding:
    if isinstance(failure, SyntaxError) and failure.filename is not None:
        return Finding(_shown(Path(failure.filename)), failure.lineno or 1, BROKEN.id, f"no Python: {failure.msg}")
    ours = [frame for frame in traceback.extract_tb(failure.__traceback__) if Path(frame.filename).parent == _FOLDER]
    path, line = (Path(ours[-1].filename), ours[-1].lineno or 1) if ours else (_FOLDER / f"{name}.py", 1)
    return Finding(_shown(path), line, BROKEN.id, printable(_sentence(failure)))


def _sentence(failure: Exception) -> str:
    """What Python says of a mistake, for people."""
    text = " ".join(str(failure).split()) or type(failure).__name__
    if (unknown := _UNKNOWN_FIELD.search(text)) is not None:
        return f"{unknown[1]} has no field {unknown[2]}; remove it, or correct its name"
    if (missing := _MISSING_FIELD.search(text)) is not None:
        return f"{missing[1]} is given no {missing[2]}; every field must be set"
    return f"it cannot be read: {text}" if isinstance(failure, TypeError | AttributeError) else text


def _shown(path: Path) -> str:
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def _line(path: Path, value: str) -> int:
    """Where the value is assigned in its module."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        if any(isinstance(target, ast.Name) and target.id == value for target in targets):
            return node.lineno
    return 1


def _of_catalogue(module: Any) -> Iterator[Fault]:  # noqa: ANN401 - a module has whatever it has
    from rules.check import corpus  # noqa: PLC0415 - it is built from the catalogue

    if _VERSION.fullmatch(module.VERSION) is None:
        yield "VERSION", f"{module.VERSION!r} is no version; write three numbers"
    for name in ("LATENCY_BUCKETS_MS", "SELF_BUCKETS_MS"):
        yield from ((name, what) for what in _bounds(getattr(module, name), module.MOST_BUCKETS))
    missing = [one for one in module.LATENCY_THRESHOLDS_MS if one not in module.LATENCY_BUCKETS_MS]
    if missing:
        yield "LATENCY_THRESHOLDS_MS", f"{', '.join(map(str, missing))} is no bound of LATENCY_BUCKETS_MS; make it one"
    for family in module.CUSTOMER_FAMILIES:
        yield from (("CUSTOMER_FAMILIES", f"{family.stat}: {what}") for what in _family(family))
    series = [one for family in module.CUSTOMER_FAMILIES for one in family.series]
    yield from (("CUSTOMER_FAMILIES", f"{one} stands twice") for one in _twice(series))
    for prefix in module.SELF_PREFIXES:
        if not prefix.endswith("."):
            yield "SELF_PREFIXES", f"{prefix!r} does not end with a dot, and lets other families in"
        elif prefix not in corpus.SELF_STATS:
            yield "SELF_PREFIXES", f"{prefix!r} has no example in SELF_STATS of rules/check/corpus.py; add one"
    for name in ("ROUTE_LABELS", "TOPOLOGY_LABELS", "CONTRACT_LABELS"):
        yield from ((name, f"{one!r} is no label") for one in getattr(module, name) if _LABEL.fullmatch(one) is None)


def _bounds(values: Sequence[Any], most: int) -> Iterator[str]:
    if not values or any(not isinstance(value, int | float) or value <= 0 for value in values):
        yield "bounds must be numbers above 0"
    elif any(one >= other for one, other in pairwise(values)):
        yield "bounds must rise strictly"
    if len(values) > most:
        yield f"{len(values)} bounds, each a series of every route; MOST_BUCKETS is {most}"


def _family(family: Any) -> Iterator[str]:  # noqa: ANN401 - a family of the module under examination
    if (why := refusal(family.stat)) is not None:
        yield f"stat: {why}"
    if not family.series:
        yield "series: it is exposed under no name"
    yield from (f"series: {one!r} is no metric's name" for one in family.series if _METRIC.fullmatch(one) is None)
    yield from (f"labels: {one!r} is no label" for one in family.labels if _LABEL.fullmatch(one) is None)


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _of_pods(module: Any) -> Iterator[Fault]:  # noqa: ANN401 - as above
    for name in ("KUBELET_SERIES", "STATE_SERIES", "KUBELET_NOISE"):
        yield from _patterns(name, getattr(module, name))
    yield from _patterns("STATE_NOISE", (pattern for _, pattern in module.STATE_NOISE))


def _patterns(name: str, patterns: Iterable[str]) -> Iterator[Fault]:
    for pattern in patterns:
        if (why := refusal(pattern)) is not None:
            yield name, f"{pattern}: {why}"


def _of_platform(module: Any) -> Iterator[Fault]:  # noqa: ANN401 - as above
    for name in ("NAMESPACES", "SERIES", "DENIED_LABELS"):
        yield from _patterns(name, getattr(module, name))
    yield from _patterns("IDENTIFIER", [module.IDENTIFIER])
    labels = module.SUSPECT_LABELS
    yield from (("SUSPECT_LABELS", f"{one!r} is no label") for one in labels if _LABEL.fullmatch(one) is None)


def _of_budget(module: Any) -> Iterator[Fault]:  # noqa: ANN401 - as above
    budget = module.BUDGET
    for name in ("per_route", "per_gateway", "gateway_itself", "per_region", "per_day"):
        if getattr(budget, name) <= 0:
            yield "BUDGET", f"{name} must be above 0"
    yield from (("BUDGET", f"per_project: {tier} must be above 0") for tier, n in budget.per_project.items() if n <= 0)
    if not 0 < budget.alert_at < budget.refuse_at <= 1:
        yield "BUDGET", "alert_at and refuse_at are shares, the first below the second"
    if budget.limiter_headroom < 1:
        yield "BUDGET", "limiter_headroom below 1 makes a limiter drop what is predicted"


def _of_retention(module: Any) -> Iterator[Fault]:  # noqa: ANN401 - as above
    if module.METRICS_DAYS <= 0:
        yield "METRICS_DAYS", "must be above 0"
    yield from (("LOGS_DAYS", f"{tier}: must be above 0") for tier, days in module.LOGS_DAYS.items() if days <= 0)
    if module.DEFAULT_TIER not in module.LOGS_DAYS:
        yield "DEFAULT_TIER", f"{module.DEFAULT_TIER} is no tier of LOGS_DAYS"


def _of_objectives(module: Any) -> Iterator[Fault]:  # noqa: ANN401 - as above
    for one in module.OBJECTIVES:
        if not 0 < one.target < 1:
            yield "OBJECTIVES", f"{one.name}: target {one.target} is no share between 0 and 1"
    yield from (("OBJECTIVES", f"{one} stands twice") for one in _twice(one.name for one in module.OBJECTIVES))


def _groups(module: Any) -> Iterator[Fault]:  # noqa: ANN401 - as above
    """The rules that a module renders."""
    rules = [rule for group in module.GROUPS for rule in group.rules]
    yield from (("GROUPS", f"a second group {one}") for one in _twice(group.name for group in module.GROUPS))
    for rule in rules:
        written = rule.as_rule()
        name = written.get("record") or written.get("alert")
        expression, _, why = parsed(str(written["expr"]))
        if expression is None:
            yield "GROUPS", f"{name}: {why}"
        for key, text in (written.get("annotations") or {}).items():
            if (broken := go_template.refusal(text)) is not None:
                yield "GROUPS", f"{name}: {key}: {broken}"


_JUDGES: Final[dict[str, Callable[[Any], Iterator[Fault]]]] = {
    "catalogue": _of_catalogue,
    "pods": _of_pods,
    "platform": _of_platform,
    "budget": _of_budget,
    "retention": _of_retention,
    "objective": _of_objectives,
}
