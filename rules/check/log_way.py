"""Where log agents send what they read, and which of it leaves the platform: outputs, sinks, features of the chart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rules import platform
from rules.check.address import is_computed, is_inside
from rules.check.egress_way import is_theirs, might_leave
from rules.check.finding import Hit
from rules.check.source import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.node import Node

KINDS: Final = (Kind.ALLOY, Kind.MONITORING, Kind.FLUENT_BIT, Kind.VECTOR)
# What sends nothing anywhere.
_AT_HOME: Final = {
    Kind.FLUENT_BIT: frozenset(
        {*("null", "stdout", "file", "counter", "exit", "plot", "flowcounter", "lib", "retry")}
        | {*("prometheus_exporter", "vivo_exporter")}
    ),
    Kind.VECTOR: frozenset({"blackhole", "console", "file", "prometheus_exporter", "websocket_server"}),
}
# Those that the platform itself uses: which region's store it is says the environment.
_OURS: Final = {Kind.FLUENT_BIT: frozenset({"forward"}), Kind.VECTOR: frozenset({"clickhouse", "vector"})}
# Fluent Bit's that write to the same machine unless told otherwise; all others have a provider's address built in.
_LOCALHOST: Final = frozenset(
    {*("forward", "loki", "http", "opentelemetry", "prometheus_remote_write", "es", "opensearch", "gelf", "splunk")}
    | {*("syslog", "tcp", "udp", "influxdb", "kafka-rest", "nats", "pgsql", "websocket", "skywalking", "doris")}
    | {*("openobserve", "parseable")}
)
_ADDRESSES: Final = {
    Kind.FLUENT_BIT: ("host", "brokers", "endpoint", "http_url"),
    Kind.VECTOR: ("endpoint", "endpoints", "host", "uri", "url", "address", "bootstrap_servers", "connection_string"),
}
_SERIES: Final = re.compile(r"prometheus_remote_write|\w+_metrics")
_FEATURES: Final = (
    *("podLogs", "podLogsViaLoki", "podLogsViaOpenTelemetry", "podLogsViaKubernetesApi"),
    # An event names the object that it is about, and its message is free text.
    "clusterEvents",
)
_PLATFORM: Final = re.compile("|".join(platform.NAMESPACES))


def lines_leaving(document: Document) -> Iterator[Hit]:
    """Each way on which customers' log lines leave, or might, of a document of one of `KINDS`."""
    if document.block is not None:
        for scope in document.block.scopes():
            for component in scope.named("loki.write"):
                for endpoint in component.named("endpoint"):
                    if might_leave(endpoint):
                        name = f"loki.write {component.label}"
                        yield Hit(endpoint.line, f"{name}: pods' lines would leave with everything in them")
    elif document.kind is Kind.MONITORING:
        yield from _features(document.root)
    else:
        for name, line, why in _outlets(document, is_series=False):
            yield Hit(line, f"{name}: {why}: customers' lines would leave with everything in them")


def series_leaving(document: Document) -> Iterator[Hit]:
    """Each way of a log agent on which series leave, or might: no relabelling rule stands before any."""
    if document.kind in _AT_HOME:
        for name, line, why in _outlets(document, is_series=True):
            yield Hit(line, f"{name}: {why}, and a log agent has no relabelling rules that would hold customers back")


def _outlets(document: Document, *, is_series: bool) -> Iterator[tuple[str, int, str]]:
    """The outputs that write to somewhere else: name, line, and where it is."""
    kind = document.kind
    for title, plugin, node in _outputs(document):
        if plugin in _AT_HOME[kind] or (_SERIES.fullmatch(plugin) is not None) is not is_series:
            continue
        found = [*_addresses(kind, node)]
        if not found and plugin not in _LOCALHOST | _OURS[kind]:
            yield title, node.line, f"{plugin or 'a plugin without a name'} writes to a service outside of the platform"
        for line, address in found:
            if is_theirs(address) or not (is_computed(address) or is_inside(address)):
                yield title, line, f"{address} is outside of the platform (a cluster's own names end in .svc)"
                break
            if is_computed(address) and plugin not in _OURS[kind]:
                yield title, line, f"{address} may be anywhere"
                break


def _outputs(document: Document) -> Iterator[tuple[str, str, Node]]:
    if document.kind is Kind.FLUENT_BIT:
        for node in document.root.each("pipeline", "outputs"):
            plugin = next((value.text.lower() for key, value in node.entries.items() if key.lower() == "name"), "")
            yield f"output {plugin}", plugin, node
        return
    sinks = document.root.at("sinks")
    for name, node in () if sinks is None else sinks.entries.items():
        yield f"sink {name}", node.string("type"), node


def _addresses(kind: Kind, node: Node) -> Iterator[tuple[int, str]]:
    for part in (node, *node.each("protocol")):
        for key, value in part.entries.items():
            if key.lower() in _ADDRESSES[kind]:
                for one in value.items or (value,):
                    # Kafka's brokers are one text.
                    yield from ((part.keys.get(key, one.line), text.strip()) for text in one.text.split(","))


def _features(root: Node) -> Iterator[Hit]:
    """Logs by the chart: of which namespaces, and whether there is a destination outside that takes them."""
    for feature in _FEATURES:
        if not root.truth(feature, "enabled"):
            continue
        namespaces = root.strings(feature, "namespaces")
        strangers = [one for one in namespaces if one not in platform.NAMESPACES and not _PLATFORM.fullmatch(one)]
        if not namespaces:
            yield Hit(root.line_of(feature, "enabled"), f"{feature}: logs of every namespace would leave")
        elif strangers and _writes_outside(root):
            line = root.line_of(feature, "namespaces")
            yield Hit(line, f"{feature}: logs of {', '.join(strangers)} would leave; none but the platform's may")


def _writes_outside(root: Node) -> bool:
    """Whether any destination is Grafana Cloud's, or might be: its address is not written down."""
    found = root.each("destinations")
    named = [one for each in found for one in ((each,) if each.at("type") is not None else each.entries.values())]
    return any(not one.truth("disabled") and (is_theirs(one.string("url")) or not one.string("url")) for one in named)
