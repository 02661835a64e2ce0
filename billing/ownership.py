"""Whose a pod or build is: the registry names its tenant, validity times name the workspace that pays for an hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from billing.hour import HOUR
from core.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Owner:
    """Who pays for a row, and for what. The unattributed bucket's tenant is empty."""

    workspace_id: str
    project_id: str = ""
    environment: str = ""
    service_id: str = ""


UNATTRIBUTED: Final = Owner("__unattributed__")


@dataclass(frozen=True, slots=True, order=True)
class Holding:
    """A workspace held a project from `start` until before `end` (UTC seconds; `None`: it still does)."""

    project_id: str
    start: int
    end: int | None
    workspace_id: str


class Attribution:
    """The registry of pods and the holdings of projects, as they were when the run began.

    A project that moves within an hour is paid for by its old workspace until that hour's end, as prices, too, change
    only between hours. A project that begins within an hour is paid for by its first workspace.

    Raises:
        BadRequest: two workspaces hold one project at one time.
    """

    def __init__(self, tenants: Mapping[tuple[str, str], Tenant], holdings: Iterable[Holding]) -> None:
        self._tenants = tenants
        self._holdings: dict[str, list[Holding]] = {}
        for holding in sorted(holdings, key=lambda each: (each.project_id, each.start)):
            earlier = self._holdings.setdefault(holding.project_id, [])
            if earlier and (earlier[-1].end is None or earlier[-1].end > holding.start):
                raise BadRequest(f"holdings: two workspaces hold project {holding.project_id} at once; end one first")
            earlier.append(holding)

    def owner(self, cluster: str, uid: str, hour: int) -> Owner:
        """Who pays for a pod in an hour."""
        tenant = self._tenants.get((cluster, uid))
        return UNATTRIBUTED if tenant is None else self.payer(tenant, hour)

    def payer(self, tenant: Tenant, hour: int) -> Owner:
        """Who pays for a tenant's usage in an hour."""
        for holding in self._holdings.get(tenant.project_id, ()):
            if holding.start < hour + HOUR and (holding.end is None or holding.end > hour):
                return Owner(holding.workspace_id, tenant.project_id, tenant.environment, tenant.service_id)
        return UNATTRIBUTED

    def mismatches(self, labels: Mapping[tuple[str, str], Tenant | None]) -> tuple[tuple[str, str], ...]:
        """The pods whose labels name another tenant than the registry: to be looked into; the registry is billed."""
        return tuple(sorted(pod for pod, named in labels.items() if named != self._tenants.get(pod)))
