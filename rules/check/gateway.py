"""Checks on Envoy Gateway itself: the options that change what clusters are called or how much they expose."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rules.check.check import Check
from rules.check.finding import Hit
from rules.check.source import Document, Kind
from rules.check.statistics import bootstraps
from rules.preview import FIRST_ENVOY, KNOWN_GATEWAYS, METADATA_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.check import Surroundings
    from rules.check.node import Node

_PROXY: Final = (Kind.ENVOY_PROXY, Kind.ENVOY_GATEWAY)
_NAMES: Final = (*_PROXY, Kind.PATCH_POLICY, Kind.BOOTSTRAP)
# How Envoy Gateway names the clusters of customers' routes.
_ROUTES: Final = ("httproute/", "grpcroute/")
# What a JSON patch must not touch: what decides which statistics there are, in a bootstrap of either spelling.
_DECIDING: Final = re.compile(r"(?:/?|/(?:stats_?config|deferred_?stat_?options)(?:/.*)?)", re.IGNORECASE)
_METRICS: Final = ("spec", "telemetry", "metrics")
_EXTRA: Final = {
    "enableVirtualHostStats": "virtual hosts",
    "enablePerEndpointStats": "endpoints",
    "enableRequestResponseSizesStats": "histograms of sizes",
    "enableGRPCStats": "gRPC services and methods, which customers name",
}
_VERSION: Final = re.compile(r"v?(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?(?!\d)", re.ASCII)
_GATEWAY_IMAGE: Final = re.compile(r"(?:^|/)envoyproxy/gateway:(\S+)")
_ENVOY_IMAGE: Final = re.compile(r"(?:^|/)envoyproxy/envoy:(?:[a-z-]+-)?(v\S+)")


def _merge_backends(document: Document, _: Surroundings) -> Iterator[Hit]:
    value = document.root.at("spec", "mergeBackends")
    if value is not None and value.text.lower() not in {"false", "no", "off"}:
        yield Hit(document.root.line_of("spec", "mergeBackends"), "clusters would be called service/<ns>/<name>/<port>")


def _cluster_stat_name(document: Document, _: Surroundings) -> Iterator[Hit]:
    pattern = document.root.string(*_METRICS, "clusterStatName")
    if pattern:
        line = document.root.line_of(*_METRICS, "clusterStatName")
        yield Hit(line, f"statistics would be named by {pattern!r}, not by the cluster that names the tenant")


def _renamed(document: Document, surroundings: Surroundings) -> Iterator[Hit]:
    if document.kind is Kind.PATCH_POLICY:
        for patch in document.root.each("spec", "jsonPatches"):
            yield from _renamed_by_patch(patch, patch.string("name"))
        return
    if document.kind is Kind.BOOTSTRAP:
        roots: tuple[Node, ...] = (document.root,)
    else:
        yield from _cluster_stat_name(document, surroundings)
        roots = bootstraps(document.root)
        for patch in document.root.each("spec", "bootstrap", "jsonPatches"):
            yield from _renamed_by_patch(patch, "some cluster")
    for root in roots:
        for cluster in root.each("static_resources", "clusters"):
            yield from _renamed_cluster(cluster)


def _renamed_cluster(cluster: Node) -> Iterator[Hit]:
    name, other = cluster.string("name"), next((cluster.string(key) for key in _OTHER_NAMES if cluster.at(key)), "")
    if other and other != name and (name.startswith(_ROUTES) or other.startswith(_ROUTES)):
        line = max(cluster.line_of(key) for key in _OTHER_NAMES if cluster.at(key))
        yield Hit(line, f"alt_stat_name: statistics of {name} would be named {other!r}")


_OTHER_NAMES: Final = ("alt_stat_name", "altStatName")


def _renamed_by_patch(patch: Node, name: str) -> Iterator[Hit]:
    """A patch of a cluster (or of every one that a JSONPath chooses) that says what its statistics are called."""
    # A bootstrap's patches are operations themselves.
    operation = patch.at("operation") or patch
    if operation.string("op") in {"remove", "test"}:
        return
    places = (operation.string("path"), operation.string("jsonPath"))
    if any(other in place for place in places for other in _OTHER_NAMES):
        yield Hit(operation.line, f"alt_stat_name: statistics of {name} would be named otherwise")
        return
    value = operation.at("value")
    for node in () if value is None else value.walk():
        line = next((node.keys[key] for key in _OTHER_NAMES if key in node.keys), None)
        if line is not None:
            yield Hit(line, f"alt_stat_name: statistics of {name} would be named otherwise")


def _patched_bootstrap(document: Document, _: Surroundings) -> Iterator[Hit]:
    root = document.root
    for patch in root.each("spec", "bootstrap", "jsonPatches"):
        places = [patch.string(key) for key in ("path", "from") if patch.at(key) is not None]
        chosen = patch.string("jsonPath")
        if chosen or not places or any(_DECIDING.fullmatch(place) for place in places):
            where = chosen or ", ".join(places) or "no path"
            what = "which statistics there are after it is not known here"
            yield Hit(patch.line, f"{patch.string('op', default='a patch')} at {where}: {what}")


def _extra_statistics(document: Document, _: Surroundings) -> Iterator[Hit]:
    for option, by in _EXTRA.items():
        if document.root.truth(*_METRICS, option):
            yield Hit(document.root.line_of(*_METRICS, option), f"{option} multiplies series by {by}")


def _replaced_bootstrap(document: Document, _: Surroundings) -> Iterator[Hit]:
    root = document.root
    if root.at("spec", "bootstrap", "value") is None:
        return
    kind = root.string("spec", "bootstrap", "type", default="Replace")
    if kind == "Replace":
        yield Hit(
            root.line_of("spec", "bootstrap", "type"),
            "the bootstrap replaces Envoy Gateway's own, and telemetry.metrics.matches with it",
        )


def _version(text: str) -> tuple[int, int, int] | None:
    found = _VERSION.match(text)
    return None if found is None else (int(found[1]), int(found[2]), int(found[3] or 0))


def _unknown_version(document: Document, _: Surroundings) -> Iterator[Hit]:
    for node in document.root.walk():
        found = _GATEWAY_IMAGE.search(node.text)
        version = None if found is None else _version(found[1])
        if found is not None and (version is None or version[:2] not in KNOWN_GATEWAYS):
            known = ", ".join(f"{major}.{minor}" for major, minor in KNOWN_GATEWAYS)
            yield Hit(node.line, f"Envoy Gateway {found[1]}: how it names clusters was not read; known are {known}")


def _too_old_for_previews(document: Document, _: Surroundings) -> Iterator[Hit]:
    for node in document.root.walk():
        found = _ENVOY_IMAGE.search(node.text)
        version = None if found is None else _version(found[1])
        if found is not None and version is not None and version < FIRST_ENVOY:
            first = ".".join(map(str, FIRST_ENVOY))
            yield Hit(node.line, f"Envoy {found[1]} does not read {METADATA_KEY}; {first} is the first that does")


CHECKS: Final = (
    Check(
        "SM030",
        "merge-backends",
        "With mergeBackends clusters are called after Services: the tenant's name is gone from every statistic.",
        "Leave spec.mergeBackends unset.",
        _PROXY,
        _merge_backends,
    ),
    Check(
        "SM031",
        "cluster-stat-name",
        "Another name replaces the cluster's in statistics, which is the only place where the tenant stands.",
        "Leave telemetry.metrics.clusterStatName, and alt_stat_name of customers' clusters, unset.",
        _NAMES,
        _renamed,
    ),
    Check(
        "SM032",
        "extra-statistics",
        "Statistics per virtual host, endpoint, size or gRPC method multiply the series of every route.",
        "Set enableVirtualHostStats, enablePerEndpointStats, enableRequestResponseSizesStats, enableGRPCStats: false.",
        _PROXY,
        _extra_statistics,
    ),
    Check(
        "SM033",
        "bootstrap-replaced",
        "A bootstrap of type Replace, which is the default, drops the allowlist of telemetry.metrics.",
        "Set spec.bootstrap.type to Merge.",
        _PROXY,
        _replaced_bootstrap,
    ),
    Check(
        "SM038",
        "bootstrap-patched",
        "A JSON patch of the bootstrap's statistics is not run here: every other check judges what stands before it.",
        "Write it as a bootstrap of type Merge, as compose/rendered/envoy-proxy.yaml does.",
        (Kind.ENVOY_PROXY,),
        _patched_bootstrap,
    ),
    Check(
        "SM034",
        "unknown-gateway-version",
        "Envoy Gateway has changed cluster names from version to version; an unread one may break attribution.",
        "Read its naming, extend ingest/grammar.py, then add the version to rules/preview.py.",
        (Kind.WORKLOAD,),
        _unknown_version,
    ),
    Check(
        "SM035",
        "envoy-too-old-for-previews",
        "An older Envoy ignores the metadata that silences previews, without a word.",
        "Use a newer image, or a gateway of their own for previews: compose/rendered/preview-gateway.yaml.",
        (Kind.ENVOY_PROXY, Kind.WORKLOAD),
        _too_old_for_previews,
    ),
)
