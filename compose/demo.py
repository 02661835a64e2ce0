"""The demonstration platform: its regions, workspaces, projects, environments and services, under fixed ids."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from compose.behaviour import Behaviour, Burst
from core.tenant import Tenant
from ingest.cluster_name import ClusterName

if TYPE_CHECKING:
    from collections.abc import Iterator

_IDS: Final = UUID("5f0c7a52-6c0e-4d1b-9b7e-1f6f6f3f0a11")

REGIONS: Final = ("fra1", "nyc1")


@lru_cache(maxsize=1 << 16)
def stable_id(*path: str) -> str:
    """The canonical id of the thing at `path`: the same on every machine and at every start."""
    return str(uuid5(_IDS, "/".join(path)))


def cluster_of(region: str) -> str:
    """The name of the one cluster of a region."""
    return f"{region}-c1"


@lru_cache(maxsize=1 << 10)
def _tenant(project_id: str, environment: str, service_id: str) -> Tenant:
    return Tenant(project_id, environment, service_id)


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment; `weight` is its share of its project's traffic, `replicas` its pods per service."""

    name: str
    is_ephemeral: bool = False
    is_protected: bool = False
    weight: float = 1.0
    replicas: int = 1


@dataclass(frozen=True, slots=True)
class Service:
    """A service; `is_stateful` makes its pods keep their names."""

    name: str
    behaviour: Behaviour = field(default_factory=Behaviour)
    is_stateful: bool = False
    restarts: bool = False


@dataclass(frozen=True, slots=True)
class Project:
    """A project of one workspace in one region: all its services run in all its environments, in one namespace."""

    workspace: str
    name: str
    region: str
    environments: tuple[Environment, ...]
    services: tuple[Service, ...]

    @property
    def id(self) -> str:
        """The project's canonical id."""
        return stable_id(self.workspace, self.name)

    @property
    def namespace(self) -> str:
        """Its Kubernetes namespace."""
        return f"prj-{self.id[:13]}"

    def service_id(self, service: Service) -> str:
        """The canonical id of one of its services."""
        return stable_id(self.workspace, self.name, service.name)

    def deployments(self) -> Iterator[Deployment]:
        """Every service in every environment."""
        for environment in self.environments:
            for service in self.services:
                yield Deployment(self, environment, service)


@dataclass(frozen=True, slots=True)
class Deployment:
    """One service in one environment: the tenant that telemetry is attributed to."""

    project: Project
    environment: Environment
    service: Service

    @property
    def tenant(self) -> Tenant:
        """Its tenant tuple."""
        return _tenant(self.project.id, self.environment.name, self.project.service_id(self.service))

    @property
    def cluster_name(self) -> str:
        """The Envoy cluster name that Envoy Gateway would give its route's only rule."""
        return ClusterName.of(self.tenant, self.project.namespace).name

    @property
    def domain(self) -> str:
        """The host name its customers call it by."""
        return f"{self.service.name}.{self.environment.name}.{self.project.name}.{self.project.workspace}.example"


_PRODUCTION: Final = Environment("production", is_protected=True, weight=6, replicas=2)
_STAGING: Final = Environment("staging", weight=1)
_PREVIEW: Final = Environment("pr-12", is_ephemeral=True, weight=1)
# Named like a preview, yet none: only the flag counts.
_PREVIEW_LIKE: Final = Environment("pr-7", weight=2)

PROJECTS: Final = (
    Project(
        "acme",
        "shop",
        "fra1",
        (_PRODUCTION, _STAGING, _PREVIEW),
        (
            Service("web", Behaviour(median_ms=35, size=9_000, redirects=0.06)),
            Service("api", Behaviour(median_ms=14, size=1_200, client_errors=0.05)),
            Service("reports", Behaviour(median_ms=700, spread=0.6, size=40_000), restarts=True),
            Service("store", Behaviour(median_ms=4, spread=0.3, size=600), is_stateful=True),
        ),
    ),
    Project("acme", "blog", "nyc1", (_PRODUCTION, _STAGING), (Service("site", Behaviour(median_ms=9, size=14_000)),)),
    Project(
        "globex",
        "ledger",
        "fra1",
        (_PRODUCTION, _PREVIEW_LIKE),
        (
            Service("api", Behaviour(median_ms=28, size=1_800, burst=Burst(every=300, lasts=120, failures=0.35))),
            Service("ui", Behaviour(median_ms=60, size=22_000)),
        ),
    ),
    Project("globex", "portal", "nyc1", (_PRODUCTION,), (Service("gateway", Behaviour(median_ms=18, size=3_000)),)),
)

WORKSPACES: Final = tuple(dict.fromkeys(project.workspace for project in PROJECTS))


def deployments(region: str | None = None) -> Iterator[Deployment]:
    """Every service of every environment, of one region or of all."""
    for project in PROJECTS:
        if region in {None, project.region}:
            yield from project.deployments()
