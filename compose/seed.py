"""The demonstration platform in the control store: who owns what, and fresh tokens for everybody at each start."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from compose.demo import PROJECTS, REGIONS, WORKSPACES, cluster_of, stable_id
from core import token
from core.control import connect, upgrade
from core.errors import BadRequest, ConfigurationError
from core.registry import Registry

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from compose.home import Home

_PLATFORM: Final = "platform"
_LABEL: Final = "local stack"
# The projects are older than any history that is made of them.
_AGE: Final = timedelta(days=400)


def prepare(home: Home, now: datetime) -> str:
    """Make sure that the control store holds the demonstration and every migration; returns its URL.

    A new store appears whole or not at all. A store of an earlier run is kept, with whatever was added to it.
    """
    if not home.control_file.exists():
        draft = home.path / "control-draft.db"
        for leftover in home.path.glob(f"{draft.name}*"):
            leftover.unlink()
        engine = connect(_url(draft))
        upgrade(engine)
        _fill(Registry(engine), home, now)
        # The last connection of SQLite folds its write-ahead log into the file.
        engine.dispose()
        draft.replace(home.control_file)
    engine = connect(_url(home.control_file))
    upgrade(engine)
    engine.dispose()
    return _url(home.control_file)


def tokens(home: Home, now: datetime) -> dict[str, str]:
    """Issue a token for everybody in the demonstration, by name, and end those of the run before.

    Raises:
        ConfigurationError: the store holds another demonstration than this release's.
    """
    engine = connect(_url(home.control_file))
    registry = Registry(engine)
    try:
        for old in registry.tokens():
            if old.name == _LABEL and old.revoked_at is None:
                registry.revoke_token(old.id, now)
        return {subject: registry.issue_token(subject, _LABEL, now=now).text for subject in _subjects()}
    except BadRequest as failure:
        raise ConfigurationError(
            f"home: {home.path} holds another release's demonstration; remove the folder and start again ({failure})"
        ) from failure
    finally:
        engine.dispose()


def ingest_token(home: Home, cluster: str) -> str:
    """A cluster's ingest token: made once per installation, kept in a file as the cluster's own agents keep it."""
    return ingest_token_file(home, cluster).read_text()


def ingest_token_file(home: Home, cluster: str) -> Path:
    """Where a cluster's ingest token is kept."""
    return home.secret(f"ingest-{cluster}", token.issue)


def _url(path: Path) -> str:
    return f"sqlite:///{path.resolve()}"


def _subjects() -> list[str]:
    owners = [f"{role}@{workspace}" for workspace in WORKSPACES for role in ("owner", "billing")]
    return [*owners, *(f"viewer@{project.name}" for project in PROJECTS), _PLATFORM]


def _fill(registry: Registry, home: Home, now: datetime) -> None:
    for name in WORKSPACES:
        workspace = registry.create_workspace(name, workspace_id=stable_id(name))
        for role in ("owner", "billing"):
            registry.set_workspace_role(workspace, f"{role}@{name}", role)
    for project in PROJECTS:
        workspace = stable_id(project.workspace)
        registry.create_project(workspace, project.name, project.region, project_id=project.id, at=now - _AGE)
        registry.set_project_role(project.id, f"viewer@{project.name}", "viewer")
        for environment in project.environments:
            registry.create_environment(
                project.id,
                environment.name,
                is_ephemeral=environment.is_ephemeral,
                is_protected=environment.is_protected,
            )
        for service in project.services:
            registry.create_service(project.id, service.name, service_id=project.service_id(service))
    registry.set_platform_role(_PLATFORM, "platform")
    for region in REGIONS:
        cluster = cluster_of(region)
        registry.create_cluster(cluster, region, now, token=ingest_token(home, cluster))
