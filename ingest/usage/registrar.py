"""Whose pods are: said once for each, by the platform's labels as the control store confirms them at that time.

Labels that come to name somebody else change nothing of that. They are said, too, once for each other tenant: somebody
must look at it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.errors import Unavailable
from ingest.owner import LABELS, Owner
from ingest.usage.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from core.tenant import Tenant
    from ingest.owner import Owners
    from ingest.usage.store import Evidence

# What pods' labels said that is remembered; the oldest is asked for again.
_MOST: Final = 200_000
_TENANT: Final = LABELS[:3]


class Registrar:
    """Finds the pods of one region that are to be registered; threads may share it."""

    def __init__(self, region: str, owners: Owners, evidence: Evidence) -> None:
        self._region = region
        self._owners = owners
        self._evidence = evidence
        self._said = Memory(_MOST)
        self._owned = Memory(_MOST)

    def unsaid(self, cluster: str, pods: Iterable[tuple[str, Mapping[str, object]]]) -> list[tuple[str, Tenant]]:
        """Of pods by uid and labels, whose they are as far as nobody has said it yet, in the order of the pods.

        What is said first of a pod holds. A pod whose labels name nobody stays without: it is asked for again with its
        next report, and billed to nobody until then.

        Raises:
            Unavailable: the control store does not answer, and nobody owns one of the pods yet; or the ledger does not.
        """
        claims: dict[tuple[str, Tenant], None] = {}
        for uid, labels in pods:
            if (cluster, uid, *(str(labels.get(label)).lower() for label in _TENANT)) in self._said:
                continue
            try:
                # Who pays for a pod does not depend on which of a service's pods it is.
                owner = self._owners.find({label: labels[label] for label in _TENANT if label in labels})
            except Unavailable:
                if (cluster, uid) not in self._owned:
                    raise
                # Somebody owns it already; what its labels say now can be said later.
                continue
            if isinstance(owner, Owner):
                claims[uid, owner.tenant] = None
        said = self._evidence.registrations(self._region, cluster, {uid for uid, _ in claims}) if claims else set()
        self.remember(cluster, said)
        return [claim for claim in claims if claim not in said]

    def remember(self, cluster: str, claims: Sequence[tuple[str, Tenant]] | set[tuple[str, Tenant]]) -> None:
        """Take note of what is said in the store."""
        self._said.add(
            (cluster, uid, tenant.project_id, tenant.environment, tenant.service_id) for uid, tenant in claims
        )
        self._owned.add((cluster, uid) for uid, _ in claims)
