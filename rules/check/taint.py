"""Whether what passes relabelling rules depends on whose it is: the same series of two tenants must leave as one.

Looking for identifiers finds them as they are spelt; a copy, a part, two halves or another notation is found by this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.tenant import Tenant
from ingest.cluster_name import ClusterName
from rules.check import relabel_corpus
from rules.check.corpus import CUSTOMER_NAMESPACES, CUSTOMER_POD, PRODUCTION, Series, tuple_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.check.relabel import Labels, Rule

_HEX: Final = "0123456789abcdef"
_OTHER_DIGITS: Final = str.maketrans(_HEX, _HEX[::-1])


@dataclass(frozen=True, slots=True)
class _Whose:
    """A tenant, and the names of what it runs, which it has chosen itself or which were made from its project."""

    tenant: Tenant
    namespace: str
    workload: str
    pod: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A series that tells two tenants apart when it has left: of both, or of the one that it leaves of (`lone`).

    `labels` are those that differ.
    """

    name: str
    one: Labels
    other: Labels
    labels: tuple[str, ...]
    lone: str = ""


_ONE: Final = _Whose(PRODUCTION, CUSTOMER_NAMESPACES[0], "checkout", CUSTOMER_POD)
# Not a character of an id is at its place, and no name has anything of the other's: the form of a namespace, too, is
# nothing that a rule may rely on.
_OTHER: Final = _Whose(
    Tenant(
        PRODUCTION.project_id.translate(_OTHER_DIGITS),
        "qa-blue-eu",
        PRODUCTION.service_id.translate(_OTHER_DIGITS),
    ),
    "team7",
    "web",
    "web-0",
)


def _series(whose: _Whose) -> Iterator[Series]:
    names = tuple_of(whose.tenant)
    place = {"namespace": whose.namespace, "pod": whose.pod}
    cluster = ClusterName.of(whose.tenant, whose.namespace).name
    replicas = {"__name__": "kube_deployment_status_replicas_available", "deployment": whose.workload}
    yield {"__name__": "envoy_cluster_upstream_rq_xx", "envoy_cluster_name": cluster, "job": "envoy-gateway"}
    yield {"__name__": "envoy_cluster_upstream_rq_xx", "job": "envoy-gateway"} | names
    yield {"__name__": "tenant:requests:rate1m"} | names
    yield {"__name__": "tenant_pod:cpu:rate5m", "pod": whose.pod} | names
    yield {"__name__": "up", "job": "app", "instance": "10.1.2.3:9090"} | place | names
    yield {"__name__": "query_reads_total", "code": "200", "workspace_id": whose.tenant.project_id} | names
    yield {"__name__": "container_cpu_usage_seconds_total", "container": whose.workload} | place
    yield replicas | {"namespace": whose.namespace}
    yield replicas | {"namespace": "kube-system", "exported_namespace": whose.namespace}
    labels = {f"label_starform_io_{name}": value for name, value in names.items()}
    yield {"__name__": "kube_pod_labels"} | place | labels


_ONES: Final = relabel_corpus.Corpus(tuple(_series(_ONE)))
_OTHERS: Final = relabel_corpus.Corpus(tuple(_series(_OTHER)))


def differences(rules: tuple[Rule, ...]) -> Iterator[Difference]:
    """Each series that the rules let leave in a way that depends on whose it is."""
    ones, others = ([*_left(rules, corpus)] for corpus in (_ONES, _OTHERS))
    for series, one, other in zip(_ONES.series, ones, others, strict=True):
        if one is not None and other is not None:
            labels = tuple(sorted({name for name, _ in one.items() ^ other.items()}))
            if labels:
                yield Difference(series["__name__"], one, other, labels)
        elif one is not other:
            lone = _ONE if other is None else _OTHER
            yield Difference(series["__name__"], one or {}, other or {}, (), lone.namespace)


def _left(rules: tuple[Rule, ...], corpus: relabel_corpus.Corpus) -> Iterator[Labels | None]:
    """What is left of each series, in their order; `None` for what is dropped."""
    after = {id(series): left for series, left in relabel_corpus.kept(rules, corpus)}
    yield from (after.get(id(series)) for series in corpus.series)
