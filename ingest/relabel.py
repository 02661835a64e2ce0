"""How vmagent turns an Envoy cluster name into the tenant's labels: the same grammar that `parse` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ingest.grammar import GRAMMAR

if TYPE_CHECKING:
    from ingest.grammar import Field, Id

_SOURCE: Final = "envoy_cluster_name"


def metric_relabel_configs(keep: str) -> list[dict[str, object]]:
    """The `metric_relabel_configs` of the job that scrapes Envoy, for vmagent (RE2, named groups in replacements).

    `keep` matches the whole names of the series that are wanted. Of those, a series whose cluster name is no customer
    route's is dropped. The others carry every field of the name as a label, ids hyphenated; `rule`, `backend` and
    `route_kind` stay, because without them counters of different clusters would be stored as one series.
    """
    pattern = GRAMMAR.named_pattern
    return [
        {"action": "keep", "source_labels": ["__name__"], "regex": keep},
        # By the cluster name itself, not by a label made from it: such a label could have come with the scrape.
        {"action": "keep", "source_labels": [_SOURCE], "regex": pattern},
        *(_label(field, pattern) for field in GRAMMAR.fields),
        {"action": "labeldrop", "regex": _SOURCE},
    ]


def _label(field: Field | Id, pattern: str) -> dict[str, object]:
    return {
        "action": "replace",
        "source_labels": [_SOURCE],
        "regex": pattern,
        "target_label": field.name,
        "replacement": field.reference,
    }
