"""Checks on what vmagent refuses of a scrape configuration: jobs without a name, relabelling rules it cannot take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rules.check import promql, relabel
from rules.check.check import Check
from rules.check.finding import Hit
from rules.check.promql_token import NotPromQL
from rules.check.promql_tree import Selector
from rules.check.regex import refusal
from rules.check.source import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.check import Surroundings
    from rules.check.node import Node

_LISTS: Final = frozenset(
    {
        *("relabel_configs", "metric_relabel_configs", "write_relabel_configs"),
        *("relabelings", "metricRelabelings", "relabelConfigs", "metricRelabelConfigs", "relabelingConfigs"),
        *("writeRelabelConfigs", "inlineUrlRelabelConfig", "inlineRelabelConfig"),
    }
)
_ONLY_VMAGENT: Final = frozenset({"graphite", "labelmap_all", "keep_metrics", "drop_metrics"})
# Actions that do nothing, and are refused, without these.
_NEED_SOURCES: Final = frozenset({"keep", "drop", "hashmod", "lowercase", "uppercase", "replace_all"})
_NEED_TARGET: Final = frozenset({"replace", "replace_all", "hashmod", "lowercase", "uppercase"})
_TWO: Final = 2


def _rules(document: Document) -> Iterator[Node]:
    if document.kind is Kind.RELABELLING:
        yield from document.root.items
    for node in document.root.walk():
        for key in node.entries.keys() & _LISTS:
            yield from (rule for rule in node.entries[key].items if rule.tag == "map")


def _wrong(rule: Node) -> Iterator[tuple[int, str]]:
    pattern = "|".join(rule.strings("regex"))
    if pattern and (why := refusal(pattern)) is not None:
        yield rule.line_of("regex"), f"regex: {why}"
    written = rule.string("action", default="replace")
    action = written.lower()
    if not relabel.known(action) and action not in _ONLY_VMAGENT:
        yield rule.line_of("action"), f"action {written!r} is none that vmagent or Prometheus has"
    condition = rule.string("if")
    if condition and not _selects(condition):
        yield rule.line_of("if"), f"if: {condition!r} selects no series"
    of_rule = relabel.of_yaml(rule)
    sources = len(of_rule.source_labels)
    if action in _NEED_SOURCES and not sources and not (condition and action in {"keep", "drop"}):
        yield rule.line, f"action {action} without source_labels"
    elif action in {"keep_if_equal", "drop_if_equal"} and sources < _TWO:
        yield rule.line, f"action {action} compares two source_labels, and has {sources}"
    if action in _NEED_TARGET and not of_rule.target_label:
        yield rule.line, f"action {action} without target_label"
    if action == "hashmod" and rule.string("modulus") in {"", "0"}:
        yield rule.line, "action hashmod without modulus"


def _selects(text: str) -> bool:
    try:
        return isinstance(promql.parse(text), Selector)
    except NotPromQL:
        return False


def _relabelling(document: Document, _: Surroundings) -> Iterator[Hit]:
    for rule in _rules(document):
        yield from (Hit(line, what) for line, what in _wrong(rule))


def _refused_jobs(document: Document, _: Surroundings) -> Iterator[Hit]:
    names: dict[str, int] = {}
    for job in document.root.each("scrape_configs"):
        if job.tag != "map":
            continue
        name = job.string("job_name")
        if not name:
            yield Hit(job.line, "a job without job_name")
        elif name in names:
            yield Hit(job.line_of("job_name"), f"a second job {name}; the first is at line {names[name]}")
        names.setdefault(name, job.line_of("job_name"))
        if job.string("scheme", default="http") not in {"http", "https"}:
            yield Hit(job.line_of("scheme"), f"job {name}: scheme {job.string('scheme')!r} is neither http nor https")
        if job.truth("stream_parse") and any(job.string(key, default="0") != "0" for key in _LIMITS):
            yield Hit(
                job.line_of("stream_parse"), f"job {name}: stream_parse together with a limit of series or samples"
            )
        for way in ("bearer_token", "basic_auth", "oauth2"):
            if way in job.entries and "authorization" in job.entries:
                yield Hit(job.line_of(way), f"job {name}: both {way} and authorization")


_LIMITS: Final = ("sample_limit", "series_limit")
CHECKS: Final = (
    Check(
        "SM006",
        "relabelling-refused",
        "vmagent refuses its whole configuration for one rule it cannot take.",
        "Write the regex for RE2, an action that the program has, and the labels that the action needs.",
        (Kind.SCRAPE, Kind.MONITOR, Kind.AGENT, Kind.RELABELLING),
        _relabelling,
    ),
    Check(
        "SM047",
        "job-refused",
        "vmagent refuses its whole configuration for one job it cannot take, and scrapes nothing.",
        "Give each job a job_name of its own, and leave out what excludes each other.",
        (Kind.SCRAPE,),
        _refused_jobs,
    ),
)
