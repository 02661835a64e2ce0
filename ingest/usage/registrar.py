"""Whose pods are: said once for each, by the platform's labels as the control store confirms them at that time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ingest.owner import Owner
from ingest.usage.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from core.tenant import Tenant
    from ingest.owner import Owners
    from ingest.usage.store import Evidence

# Pods that are remembered as somebody's; the oldest are asked for again.
_MOST: Final = 200_000


class Registrar:
    """Finds the pods of one region that are to be registered; threads may share it."""

    def __init__(self, region: str, owners: Owners, evidence: Evidence) -> None:
        self._region = region
        self._owners = owners
        self._evidence = evidence
        self._known = Memory(_MOST)

    def unregistered(self, cluster: str, pods: Iterable[tuple[str, Mapping[str, object]]]) -> list[tuple[str, Tenant]]:
        """Of pods by uid and labels those that are somebody's and not registered, with their tenant, in their order.

        A pod whose labels name nobody stays without: it is asked for again with its next report, and billed to nobody
        until then.

        Raises:
            Unavailable: the control store or the ledger does not answer.
        """
        owned: dict[str, Tenant] = {}
        for uid, labels in pods:
            if (cluster, uid) in self._known or uid in owned:
                continue
            owner = self._owners.find(labels)
            if isinstance(owner, Owner):
                owned[uid] = owner.tenant
        registered = self._evidence.registered(self._region, cluster, owned) if owned else set()
        self.remember(cluster, registered)
        return [(uid, tenant) for uid, tenant in owned.items() if uid not in registered]

    def remember(self, cluster: str, uids: Sequence[str] | set[str]) -> None:
        """Take note of pods that are registered in the store."""
        self._known.add((cluster, uid) for uid in uids)
