"""The key tables of rules/keys: which keys a program's sources know, and what their values are."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from rules.check.source import Kind

if TYPE_CHECKING:
    from rules.check.shape import Shape

FOLDER: Final = Path(__file__).resolve().parent.parent / "keys"
# A scrape configuration does not say whether it is vmagent's or Prometheus': it may have the keys of both.
TABLES: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.ENVOY_PROXY: ("envoy_proxy",),
    Kind.BOOTSTRAP: ("envoy_bootstrap",),
    Kind.SCRAPE: ("vmagent", "prometheus"),
    Kind.MONITOR: ("monitor",),
    Kind.AGENT: ("monitor",),
    Kind.RULES: ("vmalert",),
    Kind.USERS: ("vmauth",),
    Kind.VECTOR: ("vector",),
    Kind.FLUENT_BIT: ("fluent_bit",),
    Kind.ALLOY: ("alloy",),
    Kind.MONITORING: ("k8s_monitoring",),
}


@cache
def _loaded(name: str) -> dict[str, Any]:
    table: dict[str, Any] = yaml.load((FOLDER / f"{name}.yml").read_bytes(), Loader=yaml.CSafeLoader)
    return table


@cache
def keys(kind: Kind) -> dict[str, Shape]:
    """The keys of a document: `*` is any other key, `by` a key that chooses the table; see `shape` for values."""
    first, *others = (_loaded(name)["keys"] for name in TABLES[kind])
    for other in others:
        first = _joined(first, other)
    known: dict[str, Shape] = first
    return known


def is_strict(kind: Kind) -> bool:
    """Whether the table says what values are; the others name keys alone."""
    return all(_loaded(name).get("shapes") == "strict" for name in TABLES[kind])


def _joined(one: Shape, other: Shape) -> Shape:
    """What either of two shapes allows; of two scalars, what the first says."""
    if isinstance(one, dict) and isinstance(other, dict):
        shared = {key: _joined(one[key], other[key]) for key in one if key in other}
        return {**one, **other, **shared}
    if isinstance(one, list) and isinstance(other, list):
        return [_joined(one[0], other[0])]
    return one
