"""The ways out to Grafana Cloud that a configuration opens, and the relabelling rules that series pass on them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from rules import platform
from rules.check import alloy, relabel
from rules.check.node import Unreadable
from rules.check.source import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.alloy import Block
    from rules.check.node import Node

KINDS: Final = (Kind.ALLOY, Kind.MONITORING, Kind.SCRAPE, Kind.AGENT, Kind.WORKLOAD)
_RECEIVERS: Final = ("prometheus.remote_write", "prometheus.write.queue")
# Components that pass no relabelling rules: their blocks with an address, and the attribute that it stands in.
_UNRULED: Final = (
    (
        ("otelcol.exporter.otlp", "otelcol.exporter.otlphttp"),
        *("client", "endpoint", "OTLP passes no relabelling rules"),
    ),
    (("pyroscope.write",), "endpoint", "url", "profiles pass no relabelling rules"),
)
# What an argument of a module holds that may be an address of Grafana Cloud.
_TELLING: Final = (platform.GRAFANA_CLOUD, "env", "local.file", "remote.")
_URL_FLAG: Final = re.compile(r"--?remoteWrite\.url(?:[= ]|$)(.*)", re.DOTALL)
_RULES_FLAG: Final = re.compile(r"--?remoteWrite\.(?:urlRelabelConfig|relabelConfig)\b")
_REFERENCE: Final = re.compile(r"\$[({](\w+)[)}]|%\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Way:
    """One way out: where it is written down, and the rules that every series passes.

    `unproved` says what stands between the series and the way out that cannot be run here.
    """

    name: str
    line: int
    rules: tuple[relabel.Rule, ...] = ()
    unproved: str = ""


@lru_cache(maxsize=4)  # every check on a document asks
def ways(document: Document) -> tuple[Way, ...]:
    """Every way out of a document of one of `KINDS`."""
    if document.block is not None:
        return tuple(_of_alloy((document.block,)))
    match document.kind:
        case Kind.MONITORING:
            return tuple(_of_values(document))
        case Kind.WORKLOAD:
            return tuple(_of_flags(document.root))
        case Kind.AGENT:
            return tuple(_of_resource(document.root))
        case _:
            return tuple(_of_remote_write(document.root))


def is_theirs(url: str) -> bool:
    """Whether an address is Grafana Cloud's."""
    return platform.GRAFANA_CLOUD in url.lower()


def might_leave(block: Block, name: str = "url") -> bool:
    """Whether an address is Grafana Cloud's, or might be: it is not written down."""
    url = block.attributes.get(name)
    return url is None or not url.text or is_theirs(url.text)


def _of_remote_write(root: Node) -> Iterator[Way]:
    for node in root.each("remote_write"):
        if is_theirs(node.string("url")):
            yield Way("remote_write", node.line, tuple(map(relabel.of_yaml, node.each("write_relabel_configs"))))


def _of_resource(root: Node) -> Iterator[Way]:
    """The agents of the operators: Prometheus (also as a chart's values), PrometheusAgent, VMAgent."""
    spec = root.at("spec") or root.at("prometheus", "prometheusSpec")
    for node in () if spec is None else spec.each("remoteWrite"):
        if not is_theirs(node.string("url")):
            continue
        rules = (
            *(() if spec is None else spec.each("inlineRelabelConfig")),
            *node.each("writeRelabelConfigs"),
            *node.each("inlineUrlRelabelConfig"),
        )
        elsewhere = node.at("urlRelabelConfig") is not None
        unproved = "urlRelabelConfig names rules that stand elsewhere" if elsewhere else ""
        yield Way("remoteWrite", node.line, tuple(map(relabel.of_yaml, rules)), unproved)


def _of_flags(root: Node) -> Iterator[Way]:
    """Agents that are told by flags where to write; an address may come from the container's own environment."""
    for container in root.walk():
        arguments = [*container.each("command"), *container.each("args")]
        if not arguments:
            continue
        environment = {one.string("name"): one.string("value") for one in container.each("env")}
        text = " ".join(one.text for one in arguments)
        unproved = "its rules stand in a file of their own" if _RULES_FLAG.search(text) else ""
        for place, argument in enumerate(arguments):
            found = _URL_FLAG.search(argument.text)
            if found is None:
                continue
            # The flag and its value may be two arguments.
            url = found[1] or "".join(one.text for one in arguments[place + 1 : place + 2])
            names = [one[1] or one[2] for one in _REFERENCE.finditer(url)]
            if any(map(is_theirs, (url, *(environment.get(name, "") for name in names)))):
                yield Way("-remoteWrite.url", argument.line, unproved=unproved)


def _of_alloy(scopes: tuple[Block, ...]) -> Iterator[Way]:
    """The ways out of the last of these scopes, each declared in the one before, and of those that it declares."""
    scope = scopes[-1]
    for component in (one for name in _RECEIVERS for one in scope.named(name)):
        for endpoint in component.named("endpoint"):
            if might_leave(endpoint):
                own = tuple(relabel.of_alloy(block) for block in endpoint.named("write_relabel_config"))
                for before in _before(scopes, f"{component.name}.{component.label}.receiver", ()):
                    yield Way(f"{component.name} {component.label}", endpoint.line, (*before, *own))
    for names, part, address, why in _UNRULED:
        for component in (one for name in names for one in scope.named(name)):
            for client in component.named(part):
                if might_leave(client, address):
                    yield Way(f"{component.name} {component.label}", client.line, unproved=why)
    yield from _of_modules(scope)
    for declared in scope.named("declare"):
        yield from _of_alloy((*scopes, declared))


def _of_modules(scope: Block) -> Iterator[Way]:
    """What is fetched from elsewhere and told of Grafana Cloud, or of what only the environment knows."""
    imported = tuple(f"{block.label}." for block in scope.blocks if block.name.startswith("import."))
    for block in scope.blocks:
        if block.name == "remotecfg":
            yield Way("remotecfg", block.line, unproved="the configuration is fetched from elsewhere")
        elif imported and block.name.startswith(imported) and any(map(block.mentions, _TELLING)):
            yield Way(f"{block.name} {block.label}", block.line, unproved="its module stands elsewhere")


def _before(scopes: tuple[Block, ...], receiver: str, seen: tuple[str, ...]) -> list[tuple[relabel.Rule, ...]]:
    """The rules of every chain of prometheus.relabel that leads to a receiver; none for what comes directly."""
    scope = scopes[-1]
    chains: list[tuple[relabel.Rule, ...]] = []
    for component in () if receiver in seen else scope.blocks:
        if component.name == "export" and len(scopes) > 1 and component.mentions(receiver):
            # The custom component's own users stand where it is declared.
            for use in scopes[-2].named(scope.label):
                chains += _before(scopes[:-1], f"{use.name}.{use.label}.{component.label}", (*seen, receiver))
        elif component.name == "prometheus.relabel" and receiver in _forwarded(component):
            rules = tuple(relabel.of_alloy(block) for block in component.named("rule"))
            upstream = _before(scopes, f"{component.name}.{component.label}.receiver", (*seen, receiver))
            chains += [(*chain, *rules) for chain in upstream]
        elif component.name not in {"export", "declare"} and component.mentions(receiver):
            chains.append(())
    return chains or [()]


def _forwarded(component: Block) -> str:
    forward = component.attributes.get("forward_to")
    return "" if forward is None else forward.words


def _of_values(document: Document) -> Iterator[Way]:
    """Chart 4 has a map of destinations, older ones a list."""
    for found in document.root.each("destinations"):
        # A single map counts as a list of one: then its entries are the destinations.
        named = [(found.string("name"), found)] if found.at("type") is not None else found.entries.items()
        for name, node in named:
            url = node.string("url")
            if not node.truth("disabled") and (is_theirs(url) or not url):
                yield from _of_destination(f"destination {name}", node)


def _of_destination(name: str, node: Node) -> Iterator[Way]:
    match node.string("type"):
        case "prometheus":
            yield Way(name, node.line, _chart_rules(node))
        case "otlp" if node.string("metrics", "enabled").lower() not in {"false", "no", "off"}:
            yield Way(name, node.line_of("metrics"), unproved="OTLP passes no relabelling rules")
        case "custom":
            yield Way(name, node.line_of("type"), unproved="what a custom destination does is not read")
        case "pyroscope":
            yield Way(name, node.line_of("type"), unproved="profiles pass no relabelling rules")
        case "otlp" | "loki":
            # Without metrics; the logs are SM073's.
            return
        case kind:
            yield Way(name, node.line_of("type"), unproved=f"type {kind!r} is none that the chart has")


def _chart_rules(destination: Node) -> tuple[relabel.Rule, ...]:
    rules = destination.at("metricProcessingRules")
    if rules is None:
        return ()
    try:
        block = alloy.parse(rules.text, *rules.inside)
    except Unreadable:
        return ()
    return tuple(relabel.of_alloy(one) for one in block.named("write_relabel_config"))
