"""The live check on the label contract: routes and pods reach a customer under the same labels, in the same form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.tenant import ENVIRONMENT_PATTERN, ID_PATTERN, TENANT_LABELS
from rules import recording
from rules.catalogue import CUSTOMER_FAMILIES, GATEWAY_JOB
from rules.live_finding import LiveCheck, LiveFinding
from rules.rulefile import Recording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.live_store import Store

_ROUTES, _PODS = "tenant routes", "tenant pods"
# Series recorded of one pod also say which.
_TENANT: Final = "tenant:"
_PATHS: Final = {
    group.name: [rule.record for rule in group.rules if isinstance(rule, Recording) and rule.record.startswith(_TENANT)]
    for group in recording.GROUPS
    if group.name in {_ROUTES, _PODS}
}
_RAW: Final = "|".join(series for family in CUSTOMER_FAMILIES for series in family.series)
_FORMS: Final = {"project_id": ID_PATTERN, "environment": ENVIRONMENT_PATTERN, "service_id": ID_PATTERN}
_MOST: Final = 5


def contract(store: Store) -> Iterator[LiveFinding]:
    """Labels beside the contract's, labels that one of the two paths lacks, and ids and names in another form."""
    for path, names in _PATHS.items():
        chosen = f'__name__=~"{"|".join(names)}"'
        labels = set(store.labels(f"{{{chosen}}}")) - {"__name__"}
        # The index is a day's: what is gone since is not a finding.
        for label in sorted(labels - set(TENANT_LABELS))[:_MOST]:
            if found := store.query(f'count by (__name__) ({{{chosen}, {label}!=""}})'):
                yield _said(path, found, f"have the label {label} besides the contract's")
    for label, form in _FORMS.items():
        recorded = f'{{__name__=~"{_TENANT}.+", {label}!~"{form}"}}'
        # Of a gateway's series, all that are stored have a tenant; a customer's own may be called as they like.
        raw = f'{{__name__=~"{_RAW}", job="{GATEWAY_JOB}", {label}!~"{form}"}}'
        if found := store.query(f"count by (__name__) ({recorded} or {raw})"):
            yield _said(label, found, "have none, or one of another form than the contract's")


def _said(subject: str, found: list[tuple[dict[str, str], float]], what: str) -> LiveFinding:
    names = sorted(labels.get("__name__", "") for labels, _ in found)
    series = sum(count for _, count in found)
    more = f" and {len(names) - _MOST} names more" if len(names) > _MOST else ""
    return LiveFinding(
        LiveCheck.TENANT_CONTRACT, subject, f"{series:.0f} series {what}: {', '.join(names[:_MOST])}{more}"
    )
