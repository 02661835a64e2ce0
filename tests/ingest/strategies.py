"""Cluster names to try: legal ones, and legal ones with one character changed."""

from __future__ import annotations

from typing import Final

from hypothesis import settings
from hypothesis import strategies as st

from core.tenant import Tenant
from ingest.cluster_name import ClusterName
from ingest.cluster_name import format as format_name

SETTINGS: Final = settings(max_examples=400, deadline=None)

_ALPHANUMERIC: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
# What the grammar is made of and what comes close to it: most of all Unicode would only ever hit "not of the alphabet".
NEAR: Final = _ALPHANUMERIC + "-/" + "ABCFGZ_.:%\\\"'{}$ \n\r\t\0\x85\u0660\u0661\u00b2\uff10\uff45\u0430\u2028\u212a"


def labels(longest: int) -> st.SearchStrategy[str]:
    """RFC 1123 labels of 1 to `longest` characters."""
    edge = st.sampled_from(_ALPHANUMERIC)
    longer = st.tuples(edge, st.text(_ALPHANUMERIC + "-", max_size=longest - 2), edge).map("".join)
    return edge | longer | st.integers(max(1, longest - 1), longest).map("a".__mul__)


def cluster_names() -> st.SearchStrategy[ClusterName]:
    """Every legal value."""
    ids = st.uuids().map(str)
    numbers = st.integers(0, 9999)
    return st.builds(
        ClusterName.of,
        tenant=st.builds(Tenant, project_id=ids, environment=labels(30), service_id=ids),
        namespace=labels(63),
        route_kind=st.sampled_from(["httproute", "grpcroute"]),
        rule=numbers,
        backend=st.none() | numbers,
    )


@st.composite
def handmade(draw: st.DrawFn) -> ClusterName:
    """A value of parts that nobody has proved: a few characters have moved between neighbours, or changed."""
    value = draw(cluster_names())
    field, donor = draw(st.permutations(["project_id", "environment", "service_id", "namespace"]))[:2]
    given, taken = getattr(value, donor), draw(st.integers(0, 9))
    moved = {field: getattr(value, field) + given[:taken], donor: given[taken:]}
    odd = {field: getattr(value, field)[1:] + draw(st.text(NEAR, max_size=2))}
    number = {"rule": draw(st.integers(-2, 10_001))}
    return value._replace(**draw(st.sampled_from([{}, moved, odd, number])))


@st.composite
def mutants(draw: st.DrawFn) -> str:
    """A legal name in which one character was inserted, replaced or removed."""
    name = format_name(draw(cluster_names()))
    place = draw(st.integers(0, len(name)))
    character = draw(st.sampled_from(NEAR) | st.characters() | st.just(""))
    return name[:place] + character + name[place + draw(st.integers(0, 1)) :]


def texts() -> st.SearchStrategy[str]:
    """Legal names, near-misses and anything at all that UTF-8 can hold."""
    return cluster_names().map(format_name) | mutants() | st.text(NEAR) | st.text()
