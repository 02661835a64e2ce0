"""The live check on what has left for the platform's own store (Grafana Cloud): no customer is in it.

What it finds is told by label and number; an identifier is never repeated.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rules import platform
from rules.attribution import POD_LABELS
from rules.live_finding import LiveCheck, LiveFinding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.live_store import Store

_DENIED: Final = re.compile("|".join(platform.DENIED_LABELS), re.ASCII)
_NAMESPACES: Final = "|".join(platform.NAMESPACES)
_EVERY: Final = '{__name__!=""}'
# Labels asked about at once, and how often.
_TOGETHER: Final = 20
_MOST_LABELS: Final = 200
_POD: Final = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?", re.ASCII)
_PODS_TOGETHER: Final = 150
_MOST_PODS: Final = 1_500


def egress(sent: Store, region: Store | None) -> Iterator[LiveFinding]:
    """Denied labels, identifiers in any value, namespaces that are not the platform's, and customers' pods by name."""
    labels = sorted({*sent.labels(_EVERY), "__name__"})
    for label in labels:
        if _DENIED.fullmatch(label):
            yield _found(f"the label {label}", "must not leave the region")
    yield from _identifiers(sent, [label for label in labels if not _DENIED.fullmatch(label)])
    # Without the label there is no namespace that could be a customer's; what else may hold one is denied by its name.
    if others := sent.query(f'count by (namespace) ({{namespace!="", namespace!~"{_NAMESPACES}"}})'):
        series = sum(count for _, count in others)
        yield _found("the label namespace", f"{series:.0f} series of {len(others)} namespaces that are customers'")
    if region is not None:
        yield from _pods(sent, region)


def _identifiers(sent: Store, labels: list[str]) -> Iterator[LiveFinding]:
    for start in range(0, min(len(labels), _MOST_LABELS), _TOGETHER):
        together = labels[start : start + _TOGETHER]
        if not sent.query(f"count({' or '.join(map(_with_identifier, together))})"):
            continue
        for label in together:
            for _, series in sent.query(f"count({_with_identifier(label)})"):
                yield _found(f"the label {label}", f"{series:.0f} series with a customer's id in its value")
    if len(labels) > _MOST_LABELS:
        yield _found("the check", f"{len(labels) - _MOST_LABELS} labels were not looked at")


def _with_identifier(label: str) -> str:
    return f'{{{label}=~".*({platform.IDENTIFIER}).*"}}'


def _pods(sent: Store, region: Store) -> Iterator[LiveFinding]:
    """Names of pods that left, and are a customer's by the region's own account."""
    told = sent.query('count by (pod) ({pod!=""})')
    names = sorted(name for labels, _ in told if _POD.fullmatch(name := labels.get("pod", "")))
    theirs = 0
    for start in range(0, min(len(names), _MOST_PODS), _PODS_TOGETHER):
        pattern = "|".join(names[start : start + _PODS_TOGETHER]).replace(".", "[.]")
        known = f'kube_pod_labels{{{POD_LABELS["project_id"]}!="", pod=~"{pattern}"}}'
        theirs += len(region.query(f"count by (pod) ({known})"))
    if theirs:
        yield _found("the label pod", f"{theirs} pods that are customers'")
    if len(names) > _MOST_PODS:
        yield _found("the check", f"{len(names) - _MOST_PODS} pods were not looked at")


def _found(subject: str, detail: str) -> LiveFinding:
    return LiveFinding(LiveCheck.IDENTIFIER_LEFT, subject, detail)
