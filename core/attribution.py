"""What telemetry is attributed by: which cluster a token is of, and what a project consists of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from core import token
from core.control import reading
from core.errors import Unauthenticated
from core.schema import clusters, environments, projects, services

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that sends telemetry, and the only region whose projects it may send for."""

    name: str
    region: str


@dataclass(frozen=True, slots=True)
class Holding:
    """What a project consists of: its region, its environments' tiers by name, its services' ids."""

    region: str
    tiers: Mapping[str, str]
    services: frozenset[str]


class Attribution:
    """Reads of the control store for those who take telemetry in; every call raises `Unavailable` when it fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def cluster(self, text: str) -> Cluster:
        """The cluster of an ingest token.

        Raises:
            Unauthenticated: malformed, unknown or revoked; always in the same words.
        """
        statement = select(clusters).where(clusters.c.token_hash == token.digest(text))
        with reading(self._engine) as connection:
            found = connection.execute(statement).one_or_none()
        if found is None or found.revoked_at is not None:
            raise Unauthenticated(token.REFUSAL)
        return Cluster(found.name, found.region)

    def holding(self, project_id: str) -> Holding | None:
        """What a project consists of at the moment; `None` when there is none of this id."""
        of_project = projects.c.id == project_id
        tiers = select(environments.c.name, environments.c.tier).where(environments.c.project_id == project_id)
        ids = select(services.c.id).where(services.c.project_id == project_id)
        with reading(self._engine) as connection:
            region = connection.execute(select(projects.c.region).where(of_project)).scalar_one_or_none()
            if region is None:
                return None
            return Holding(
                region,
                {row.name: row.tier for row in connection.execute(tiers)},
                frozenset(connection.execute(ids).scalars()),
            )
