"""Files as the checks see them: read whatever they hold, told apart by content, never by name."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from rules.check import alloy, fluent_classic
from rules.check.finding import Hit
from rules.check.grafana import is_grafanas
from rules.check.node import Node, Unreadable, documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rules.check.alloy import Block


class Kind(StrEnum):
    """What a document configures."""

    ENVOY_PROXY = "EnvoyProxy"
    ENVOY_GATEWAY = "EnvoyGateway"
    PATCH_POLICY = "EnvoyPatchPolicy"
    BOOTSTRAP = "Envoy bootstrap"
    SCRAPE = "scrape configuration"
    MONITOR = "scrape resource"
    AGENT = "agent resource"
    RULES = "rule file"
    USERS = "vmauth users"
    ALLOY = "Alloy"
    MONITORING = "k8s-monitoring values"
    VECTOR = "Vector"
    FLUENT_BIT = "Fluent Bit"
    STATE_METRICS = "kube-state-metrics flags"
    WORKLOAD = "workload"
    DASHBOARD = "dashboard"
    RELABELLING = "relabelling rules"


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One configuration in a file; `block` holds it when it is Alloy's, `root` otherwise. Equal to itself alone."""

    kind: Kind
    root: Node
    block: Block | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A file: what was recognised in it, and what could not be read."""

    path: str
    documents: tuple[Document, ...]
    unreadable: tuple[Hit, ...] = ()
    doubled: tuple[Hit, ...] = ()


_LARGEST: Final = 8 << 20
_SUFFIXES: Final = frozenset({".yml", ".yaml", ".json", ".alloy", ".river", ".conf"})
_SKIPPED: Final = frozenset({"node_modules", "__pycache__", "vendor"})
# A file of none of these words is none of ours; parsing it would be most of the time. Quotes are escaped where a JSON
# holds a configuration as a text.
_MARKER: Final = re.compile(
    rb"EnvoyProxy|EnvoyPatchPolicy|stats_?[cC]onfig|(?:static|dynamic)_?[rR]esources|deferred_?[sS]tat_?[oO]ptions"
    rb"|kind\\?[\"']?\s*:\s*\\?[\"']?(?:EnvoyGateway|Prometheus|VMAgent|ServiceMonitor|PodMonitor|Probe|ScrapeConfig|VM[A-Z][A-Za-z]+Scrape|VMProbe)"
    rb"|scrape_configs|remote_?[wW]rite|groups\\?[\"']?\s*:|url_map|url_prefix|unauthorized_user|bearer_token"
    rb"|sinks\\?[\"']?\s*:|pipeline\\?[\"']?\s*:|destinations|(?:panels|elements)\\?[\"']?\s*:|metric-labels-allowlist"
    rb"|metricLabelsAllowlist|envoyproxy/gateway:|write_relabel_config|honorLabels|loki\.write"
    rb"|label(?:drop|keep|map)|target_label|source_labels"
    rb"|\[(?:SERVICE|INPUT|FILTER|OUTPUT)\]|otelcol\.exporter|pyroscope\.write|remotecfg|import\.[a-z]+ \\?\""
)
_ALLOY: Final = re.compile(
    r"^(?:(?:prometheus|loki|discovery|otelcol|local|remote|import)\.[a-z_.]+|declare) \"[^\"]*\" \{", re.MULTILINE
)
_CLASSIC: Final = re.compile(r"^\[(?:SERVICE|INPUT|FILTER|OUTPUT)\]\s*$", re.MULTILINE)
_ALLOWLIST: Final = re.compile(r"metric-labels-allowlist|metricLabelsAllowlist")

_RESOURCES: Final = {
    "EnvoyProxy": Kind.ENVOY_PROXY,
    "EnvoyPatchPolicy": Kind.PATCH_POLICY,
    **dict.fromkeys(("Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "Pod", "Job", "CronJob"), Kind.WORKLOAD),
    **dict.fromkeys(("ServiceMonitor", "PodMonitor", "ScrapeConfig", "Probe"), Kind.MONITOR),
    **dict.fromkeys(("VMServiceScrape", "VMPodScrape", "VMNodeScrape", "VMStaticScrape"), Kind.MONITOR),
    **dict.fromkeys(("VMScrapeConfig", "VMProbe"), Kind.MONITOR),
    **dict.fromkeys(("Prometheus", "PrometheusAgent", "VMAgent"), Kind.AGENT),
}
# Other projects have resources of these names too.
_OPERATORS: Final = ("monitoring.coreos.com/", "operator.victoriametrics.com/")
_RULE_RESOURCES: Final = frozenset({"PrometheusRule", "VMRule"})
_SHAPES: Final = (
    (Kind.BOOTSTRAP, ("stats_config", "static_resources", "dynamic_resources", "deferred_stat_options")),
    (Kind.SCRAPE, ("scrape_configs", "remote_write")),
    (Kind.VECTOR, ("sinks", "transforms")),
    (Kind.FLUENT_BIT, ("pipeline",)),
    (Kind.MONITORING, ("destinations",)),
)
# As Envoy also reads them.
_CAMEL: Final = frozenset({"statsConfig", "staticResources", "dynamicResources", "deferredStatOptions"})
_HUMP: Final = re.compile(r"(?<=[a-z0-9])([A-Z])")
# A list of nothing but rules: what vmagent's -remoteWrite.relabelConfig and its like name.
_RELABELLING: Final = frozenset(
    {"action", "source_labels", "separator", "regex", "modulus", "target_label", "replacement", "if", "match", "labels"}
)
_USER_KEYS: Final = ("bearer_token", "username", "url_map", "url_prefix")


def files(folder: Path) -> Iterator[Path]:
    """The files of a tree that may be configurations, in order; hidden folders are not entered."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in _SKIPPED:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from files(path)
        elif path.suffix in _SUFFIXES and path.is_file():
            yield path


def read(path: Path, shown: str, *, is_named: bool = False) -> Source | None:
    """The file, `shown` as its path; `None` when it holds no word of any configuration that is known.

    One that `is_named` and might be a configuration is read all the same: a torn one may have lost the word.

    Raises:
        OSError: it cannot be read.
    """
    raw = path.read_bytes()
    if _MARKER.search(raw) is None and not (is_named and path.suffix in _SUFFIXES):
        return None
    if len(raw) > _LARGEST:
        return Source(shown, (), (Hit(1, f"larger than {_LARGEST >> 20} MiB; nothing of it was checked"),))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        line = raw.count(b"\n", 0, failure.start) + 1
        return Source(shown, (), (Hit(line, "not UTF-8; nothing of it was checked"),))
    return parse(text, shown)


def parse(text: str, shown: str) -> Source:
    """What is in a file's text."""
    found: list[Document] = []
    doubled: list[Hit] = []
    try:
        if shown.endswith((".alloy", ".river")) or _ALLOY.search(text):
            found.append(Document(Kind.ALLOY, Node(1, "null"), alloy.parse(text)))
        elif _is_classic(text):
            found.append(Document(Kind.FLUENT_BIT, fluent_classic.parse(text)))
        else:
            for root in documents(text):
                found += _recognised(root)
                if _ALLOWLIST.search(text):
                    found.append(Document(Kind.STATE_METRICS, root))
                doubled += (
                    Hit(line, f"{key} stands here a second time; which of the two counts is up to the reader")
                    for key, line in (root.doubled if found else ())
                )
    except Unreadable as failure:
        hint = "; a template must be rendered first" if "{{" in text else ""
        return Source(shown, tuple(found), (Hit(failure.line, f"{failure.why}{hint}"),), tuple(doubled))
    return Source(shown, tuple(found), doubled=tuple(doubled))


def _is_classic(text: str) -> bool:
    return _CLASSIC.search(text) is not None and "pipeline:" not in text


def _recognised(root: Node) -> Iterator[Document]:
    if _is_relabelling(root):
        yield Document(Kind.RELABELLING, root)
        return
    kind = root.string("kind")
    if root.at("apiVersion") is not None and kind:
        yield from _resource(kind, root)
        return
    if not _CAMEL.isdisjoint(root.entries):
        root = _snaked(root, {})
    shapes = [shape for shape, keys in _SHAPES if any(key in root.entries for key in keys)]
    yield from (Document(shape, root) for shape in shapes)
    if _holds_rules(root):
        yield Document(Kind.RULES, root)
    users = (*root.each("users"), *root.each("unauthorized_user"))
    if any(key in user.entries for user in users for key in _USER_KEYS):
        yield Document(Kind.USERS, root)
    if root.at("prometheus", "prometheusSpec", "remoteWrite") is not None:
        yield Document(Kind.AGENT, root)
    yield from (Document(Kind.DASHBOARD, one) for one in (root, *root.each("dashboard")) if is_grafanas(one))


def _is_relabelling(root: Node) -> bool:
    rules = [item for item in root.items if item.tag == "map" and item.entries]
    return bool(rules) and len(rules) == len(root.items) and all(one.entries.keys() <= _RELABELLING for one in rules)


def _holds_rules(root: Node) -> bool:
    """Whether it is a rule file, or would be but for a mistake; what Grafana provisions has groups of its own."""
    if "groups" not in root.entries or "apiVersion" in root.entries:
        return False
    return len(root.entries) == 1 or any("rules" in group.entries for group in root.each("groups"))


def _snaked(node: Node, seen: dict[int, Node]) -> Node:
    """The same with keys as Envoy's own files have them; what is referred to twice is converted once."""
    if id(node) not in seen:
        entries = {_HUMP.sub(r"_\1", key).lower(): _snaked(value, seen) for key, value in node.entries.items()}
        keys = {_HUMP.sub(r"_\1", key).lower(): line for key, line in node.keys.items()}
        seen[id(node)] = replace(
            node, entries=entries, keys=keys, items=tuple(_snaked(item, seen) for item in node.items)
        )
    return seen[id(node)]


def _resource(kind: str, root: Node) -> Iterator[Document]:
    """A Kubernetes resource."""
    if kind in _RESOURCES:
        is_theirs = root.string("apiVersion").startswith(_OPERATORS)
        if is_theirs or _RESOURCES[kind] is not Kind.AGENT:
            yield Document(_RESOURCES[kind], root)
    elif kind == "EnvoyGateway" and (default := root.at("envoyProxy")) is not None:
        # What every proxy has that has no EnvoyProxy of its own; only where it says so is it about statistics.
        entries = {key: root.entries[key] for key in ("apiVersion", "kind")} | {"spec": default}
        about = default.at("telemetry", "metrics") or default.at("bootstrap")
        own = replace(root, entries=entries, keys=dict(root.keys) | {"spec": root.keys.get("envoyProxy", root.line)})
        yield Document(Kind.ENVOY_GATEWAY if about is None else Kind.ENVOY_PROXY, own)
    elif kind in _RULE_RESOURCES:
        yield from (Document(Kind.RULES, spec) for spec in root.each("spec"))
    elif kind == "Dashboard" and root.string("apiVersion").startswith("dashboard.grafana.app/"):
        yield from (Document(Kind.DASHBOARD, spec) for spec in root.each("spec"))
    elif kind == "ConfigMap" and (data := root.at("data")) is not None:
        for value in data.entries.values():
            yield from _embedded(value)
    elif kind.endswith("List"):
        for item in root.each("items"):
            yield from _recognised(item)


def _embedded(value: Node) -> Iterator[Document]:
    """A configuration inside of a ConfigMap."""
    if _ALLOY.search(value.text):
        yield Document(Kind.ALLOY, Node(value.line, "null"), alloy.parse(value.text, *value.inside))
    elif _is_classic(value.text):
        yield Document(Kind.FLUENT_BIT, fluent_classic.parse(value.text, *value.inside))
    elif _MARKER.search(value.text.encode()) is not None:
        for root in value.embedded():
            yield from _recognised(root)
