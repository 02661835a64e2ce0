"""Whose a record is: its pod's labels, checked against the control store and against the sending cluster's region.

Nothing is guessed: a record whose labels do not name an existing service of an existing environment of one project in
the cluster's own region belongs to nobody.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from core.errors import Unavailable
from core.tenant import Tenant, is_canonical_id, is_environment
from ingest.entry import LetterReason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.attribution import Attribution, Holding

PROJECT_LABEL: Final = "starform.io/project-id"
ENVIRONMENT_LABEL: Final = "starform.io/environment"
SERVICE_LABEL: Final = "starform.io/service-id"
# Which of a service's pods is not the service itself: the platform labels those of builds.
SOURCE_LABEL: Final = "starform.io/source"
# Those that decide, in the order that they are asked for.
LABELS: Final = (PROJECT_LABEL, ENVIRONMENT_LABEL, SERVICE_LABEL, SOURCE_LABEL)

APP: Final = 1
BUILD: Final = 2
HTTP: Final = 3
PLATFORM: Final = 4
# As the store's enumeration has them; `platform` is ours alone to write.
_SOURCES: Final = {None: APP, "app": APP, "build": BUILD, "http": HTTP}

_MOST_PROJECTS: Final = 20_000
_MOST_OWNERS: Final = 100_000

_log = logging.getLogger("ingest.owner")


@dataclass(frozen=True, slots=True, eq=False)
class Owner:
    """A record's tenant and source, and what is stored with each of its records; compared by identity, for speed."""

    tenant: Tenant
    source: int
    retention_days: int
    project: bytes
    service: bytes
    # The tenant alone, whichever of its sources.
    key: bytes
    # What a record's id is made of before anything of the record.
    seed: bytes


@dataclass(frozen=True, slots=True)
class Nobody:
    """Why a record belongs to no tenant."""

    reason: LetterReason
    detail: str


class Owners:
    """Finds owners for one region's clusters; an answer is remembered for `seconds`.

    While the control store does not answer, what is known stays in force; what is not known is `Unavailable`.
    """

    def __init__(
        self,
        attribution: Attribution,
        region: str,
        retention_days: Mapping[str, int],
        *,
        default_days: int,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._attribution = attribution
        self._region = region
        self._retention_days = retention_days
        self._default_days = default_days
        self._seconds = seconds
        self._clock = clock
        self._holdings: dict[str, tuple[float, Holding | None]] = {}
        self._owners: dict[tuple[object, ...], tuple[float, Owner | Nobody]] = {}

    def find(self, labels: Mapping[str, object] | None) -> Owner | Nobody:
        """The owner of the records of a pod with these labels.

        Raises:
            Unavailable: the control store does not answer, and the project is not known from before.
        """
        if not labels:
            return Nobody(LetterReason.NO_LABELS, "it came without its pod's labels")
        get = labels.get
        project, environment, service, source = LABELS
        key = (get(project), get(environment), get(service), get(source))
        try:
            known = self._owners.get(key)
        except TypeError:  # a label that is an object or a list
            return Nobody(LetterReason.BAD_LABELS, "a label is no text")
        now = self._clock()
        if known is not None and known[0] > now:
            return known[1]
        found = self._find(*key)
        if len(self._owners) >= _MOST_OWNERS:
            self._owners.clear()
        self._owners[key] = (now + self._seconds, found)
        return found

    def _find(  # noqa: PLR0911 - one refusal after the other
        self, project_id: object, environment: object, service_id: object, source: object
    ) -> Owner | Nobody:
        if project_id is None and environment is None and service_id is None:
            return Nobody(LetterReason.NO_LABELS, "its pod has no labels of the platform")
        if not isinstance(project_id, str) or not is_canonical_id(project_id.lower()):
            return Nobody(LetterReason.BAD_LABELS, f"{PROJECT_LABEL} is not a UUID")
        if not isinstance(environment, str) or not is_environment(environment):
            return Nobody(LetterReason.BAD_LABELS, f"{ENVIRONMENT_LABEL} is not an environment's name")
        if not isinstance(service_id, str) or not is_canonical_id(service_id.lower()):
            return Nobody(LetterReason.BAD_LABELS, f"{SERVICE_LABEL} is not a UUID")
        if source not in _SOURCES:
            return Nobody(LetterReason.BAD_LABELS, f"{SOURCE_LABEL} is none of app, build, http")
        tenant = Tenant(project_id.lower(), environment, service_id.lower())
        holding = self._holding(tenant.project_id)
        if holding is None:
            return Nobody(LetterReason.UNKNOWN_PROJECT, "there is no such project")
        if holding.region != self._region:
            return Nobody(LetterReason.FOREIGN_REGION, "the project is not in the region of the cluster")
        if environment not in holding.tiers:
            return Nobody(LetterReason.UNKNOWN_ENVIRONMENT, "the project has no such environment")
        if tenant.service_id not in holding.services:
            return Nobody(LetterReason.UNKNOWN_SERVICE, "the project has no such service")
        days = self._retention_days.get(holding.tiers[environment], self._default_days)
        return owner_of(tenant, _SOURCES[source], days)

    def _holding(self, project_id: str) -> Holding | None:
        now = self._clock()
        known = self._holdings.get(project_id)
        if known is not None and known[0] > now:
            return known[1]
        try:
            found = self._attribution.holding(project_id)
        except Unavailable:
            if known is None or known[1] is None:
                raise
            _log.warning("the control store does not answer; a project is taken as it was last known")
            found = known[1]
        if len(self._holdings) >= _MOST_PROJECTS:
            self._holdings.clear()
        self._holdings[project_id] = (now + self._seconds, found)
        return found


def owner_of(tenant: Tenant, source: int, days: int) -> Owner:
    """The owner of a tenant's records of one source."""
    project, service = UUID(tenant.project_id).bytes, UUID(tenant.service_id).bytes
    key = project + service + tenant.environment.encode()
    return Owner(tenant, source, days, project, service, key, key + bytes((0, source)))


def platform_owner(owner: Owner) -> Owner:
    """The same tenant, for what the platform itself tells it."""
    return owner_of(owner.tenant, PLATFORM, owner.retention_days)
