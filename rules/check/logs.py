"""Checks on the log agents: whose line it is, that none is lost without a word, and that no customer can hide one."""

from __future__ import annotations

from difflib import get_close_matches
from fnmatch import filter as filter_names
from typing import TYPE_CHECKING, Final

from rules.check.check import Check
from rules.check.finding import Hit
from rules.check.source import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.check.check import Surroundings
    from rules.check.node import Node

_NOTHING: Final = frozenset({"", "0", "0s", "off", "false", "no"})
_UNLIMITED: Final = frozenset({"no_limits", "false", "0"})


def _property(node: Node, name: str) -> str:
    """A property's text in lower case; Fluent Bit does not care for the case of names."""
    return next((value.text.lower() for key, value in node.entries.items() if key.lower() == name), "")


def _line(node: Node, name: str) -> int:
    return next((line for key, line in node.keys.items() if key.lower() == name), node.line)


def _plugins(document: Document, part: str, name: str) -> Iterator[Node]:
    if document.kind is Kind.FLUENT_BIT:
        for node in document.root.each("pipeline", part):
            if _property(node, "name") == name:
                yield node


def _stale_labels(document: Document, _: Surroundings) -> Iterator[Hit]:
    for node in _plugins(document, "filters", "kubernetes"):
        if _property(node, "kube_meta_cache_ttl") in _NOTHING:
            yield Hit(
                _line(node, "kube_meta_cache_ttl"), "kube_meta_cache_ttl is 0: labels of a pod are read only once"
            )


def _lost_labels(document: Document, _: Surroundings) -> Iterator[Hit]:
    for node in _plugins(document, "filters", "kubernetes"):
        if _property(node, "buffer_size") != "0":
            yield Hit(_line(node, "buffer_size"), "buffer_size is limited: a pod larger than it has no labels")
        if _property(node, "labels") in _NOTHING - {""}:
            yield Hit(_line(node, "labels"), "labels is off: no line has a tenant")


def _hidden(document: Document, _: Surroundings) -> Iterator[Hit]:
    for node in _plugins(document, "filters", "kubernetes"):
        if _property(node, "k8s-logging.exclude") not in _NOTHING:
            yield Hit(_line(node, "k8s-logging.exclude"), "k8s-logging.exclude: an annotation of a pod hides its lines")


def _lost(document: Document, _: Surroundings) -> Iterator[Hit]:
    for node in _plugins(document, "outputs", "forward"):
        if _property(node, "require_ack_response") in _NOTHING:
            yield Hit(
                _line(node, "require_ack_response"), "require_ack_response is off: what is not acknowledged is lost"
            )
        if _property(node, "retry_limit") not in _UNLIMITED:
            yield Hit(_line(node, "retry_limit"), "retry_limit: a chunk is thrown away after some tries")
    for node in _plugins(document, "inputs", "tail"):
        if _property(node, "storage.type") != "filesystem":
            yield Hit(_line(node, "storage.type"), "storage.type is memory: a restart loses what was not sent")
    for name, sink in _components(document, "sinks", "clickhouse"):
        if not (sink.truth("acknowledgements", "enabled") or sink.truth("acknowledgements")):
            yield Hit(sink.line_of("acknowledgements", "enabled"), f"sink {name}: acknowledged before it is stored")
        if sink.string("buffer", "when_full", default="block") != "block":
            yield Hit(sink.line_of("buffer", "when_full"), f"sink {name}: a full buffer drops records")


def _components(document: Document, part: str, kind: str) -> Iterator[tuple[str, Node]]:
    found = document.root.at(part) if document.kind is Kind.VECTOR else None
    for name, node in () if found is None else found.entries.items():
        if node.string("type") == kind:
            yield name, node


def _dropped(document: Document, _: Surroundings) -> Iterator[Hit]:
    """Whatever an abort or an error takes out of the stream must arrive somewhere."""
    sinks = document.root.at("sinks")
    taken = {text for sink in (() if sinks is None else sinks.entries.values()) for text in sink.strings("inputs")}
    for name, node in _components(document, "transforms", "remap"):
        drops = node.string("drop_on_abort", default="true") != "false" or node.truth("drop_on_error")
        if drops and not node.truth("reroute_dropped"):
            yield Hit(node.line_of("reroute_dropped"), f"transform {name}: what it aborts is gone; set reroute_dropped")
        elif drops and f"{name}.dropped" not in taken:
            yield Hit(node.line_of("reroute_dropped"), f"transform {name}: no sink has {name}.dropped as an input")
        if node.truth("drop_on_error") is False:
            yield Hit(node.line_of("drop_on_error"), f"transform {name}: a record that fails goes on without a tenant")


def _no_such_input(document: Document, _: Surroundings) -> Iterator[Hit]:
    """Inputs by what the file holds; one without sources is a part of a topology, whose rest is elsewhere."""
    parts = {part: document.root.at(part) for part in ("sources", "transforms", "sinks")}
    if parts["sources"] is None or not parts["sources"].entries:
        return
    known = {name for part in ("sources", "transforms") for name in _entries(parts[part])}
    for part in ("transforms", "sinks"):
        for name, node in _entries(parts[part]).items():
            line = node.line_of("inputs")
            if not node.each("inputs"):
                yield Hit(line, f"{part.removesuffix('s')} {name}: inputs is missing, or empty")
            for text in node.strings("inputs"):
                # An output of its own (`route.errors`) comes behind a dot; a star stands for any.
                if not any(one in known for one in (text, text.partition(".")[0])) and not filter_names(known, text):
                    meant = get_close_matches(text, known, n=1)
                    hint = f"; {meant[0]} is" if meant else ""
                    yield Hit(
                        line, f"{part.removesuffix('s')} {name}: the input {text} is no source and no transform{hint}"
                    )


def _entries(node: Node | None) -> Mapping[str, Node]:
    return {} if node is None else node.entries


def _hidden_columns(document: Document, _: Surroundings) -> Iterator[Hit]:
    for name, sink in _components(document, "sinks", "clickhouse"):
        if sink.string("skip_unknown_fields") != "false":
            line = sink.line_of("skip_unknown_fields")
            yield Hit(line, f"sink {name}: fields that the table lacks are skipped without a word")


def _open_source(document: Document, _: Surroundings) -> Iterator[Hit]:
    for name, source in _components(document, "sources", "fluent"):
        if not (source.truth("tls", "enabled") and source.truth("tls", "verify_certificate")):
            yield Hit(
                source.line_of("tls", "verify_certificate"), f"source {name}: whoever reaches it can write as any pod"
            )


_AGENTS: Final = (Kind.FLUENT_BIT, Kind.VECTOR)
CHECKS: Final = (
    Check(
        "SM090",
        "stale-pod-labels",
        "A StatefulSet's pod comes back under its name: its lines would go to whoever had it before.",
        "Set kube_meta_cache_ttl: 60.",
        (Kind.FLUENT_BIT,),
        _stale_labels,
    ),
    Check(
        "SM091",
        "pod-labels-lost",
        "By default a pod of more than 32 kB has no labels, and its lines no tenant.",
        "Set buffer_size: 0 and labels: on.",
        (Kind.FLUENT_BIT,),
        _lost_labels,
    ),
    Check(
        "SM092",
        "customer-hides-logs",
        "Whoever can annotate a pod could hide what it does.",
        "Set k8s-logging.exclude: off.",
        (Kind.FLUENT_BIT,),
        _hidden,
    ),
    Check(
        "SM093",
        "records-lost",
        "Records that are acknowledged before they are stored are lost by a restart at the wrong moment.",
        "Acknowledge end to end, buffer on disk, block when full, retry without limit.",
        _AGENTS,
        _lost,
    ),
    Check(
        "SM094",
        "dropped-without-trace",
        "A record without a tenant must be set aside, where somebody can find it; never dropped, never guessed.",
        "Set drop_on_error and reroute_dropped, and give <transform>.dropped to a sink.",
        (Kind.VECTOR,),
        _dropped,
    ),
    Check(
        "SM095",
        "unknown-fields-skipped",
        "When a column and a field disagree, the field disappears from every record, and no error shows.",
        "Set skip_unknown_fields: false.",
        (Kind.VECTOR,),
        _hidden_columns,
    ),
    Check(
        "SM096",
        "open-log-source",
        "The fluent source has no other authentication: without client certificates anybody writes as any pod.",
        "Set tls.enabled and tls.verify_certificate.",
        (Kind.VECTOR,),
        _open_source,
    ),
    Check(
        "SM097",
        "no-such-input",
        "Vector refuses a topology with an input that does not exist, and no record arrives anywhere.",
        "Name a source or a transform, or an output of one, such as tenant.dropped.",
        (Kind.VECTOR,),
        _no_such_input,
    ),
)
