"""A small platform in two regions, and records of its pods as agents send them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid5

from core.control import connect, upgrade
from core.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

_SPACE: Final = UUID("5d1f6a52-7f0c-4c1b-8f7e-2f6f6f3f0a22")


def fixed(name: str) -> str:
    """The id of a thing of this world."""
    return str(uuid5(_SPACE, name))


SHOP: Final = fixed("shop")
WEB: Final = fixed("web")
WORKER: Final = fixed("worker")
LAB: Final = fixed("lab")
LAB_WEB: Final = fixed("lab web")
FAR: Final = fixed("far")
FAR_WEB: Final = fixed("far web")

LABELS: Final = {
    "app": "web",
    "starform.io/project-id": SHOP,
    "starform.io/environment": "production",
    "starform.io/service-id": WEB,
}


@dataclass(frozen=True, slots=True)
class Platform:
    """The control store's URL, and the tokens of a cluster in either region."""

    url: str
    near: str
    far: str

    @classmethod
    def create(cls, folder: Path) -> Platform:
        """Write it into a new control store."""
        url = f"sqlite:///{folder.resolve()}/control.db"
        engine = connect(url)
        upgrade(engine)
        registry = Registry(engine)
        now = datetime.now(UTC)
        for workspace, project, region, services in (
            ("acme", SHOP, "fra1", {"web": WEB, "worker": WORKER}),
            ("evil", LAB, "fra1", {"web": LAB_WEB}),
            ("acme-far", FAR, "nyc1", {"web": FAR_WEB}),
        ):
            registry.create_workspace(workspace, workspace_id=fixed(workspace))
            registry.create_project(fixed(workspace), workspace, region, project_id=project, at=now)
            registry.create_environment(project, "production", is_protected=True)
            registry.create_environment(project, "pr-7", is_ephemeral=True, tier="preview")
            for name, service in services.items():
                registry.create_service(project, name, service_id=service)
        near, far = registry.create_cluster("fra1-c1", "fra1", now), registry.create_cluster("nyc1-c1", "nyc1", now)
        engine.dispose()
        return cls(url, near, far)


def rfc3339(nanoseconds: int) -> str:
    """A time as container runtimes write it."""
    whole = datetime.fromtimestamp(nanoseconds // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{nanoseconds % 10**9:09d}Z"


def record(log: object, *, at: int | None = None, labels: Any = LABELS, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A record as Fluent Bit's kubernetes filter leaves it."""
    moment = time.time_ns() if at is None else at
    return {
        "date": moment / 10**9,
        "time": rfc3339(moment),
        "stream": "stdout",
        "_p": "F",
        "log": log,
        "kubernetes": {
            "pod_name": "web-production-5d9c7b6f4-x2x9p",
            "namespace_name": "prj-a",
            "pod_id": "0b9d7a2e-6f0a-4c55-9c3e-6f5c0f0f0f0f",
            "labels": labels,
            "host": "node-1",
            "container_name": "web",
            "container_image": "registry.example/shop/web:production",
        },
        **changes,
    }


def of(project: str, service: str, environment: str = "production") -> dict[str, str]:
    """The labels of a tenant's pods."""
    return {
        "starform.io/project-id": project,
        "starform.io/environment": environment,
        "starform.io/service-id": service,
    }


def batch(name: str, count: int) -> list[dict[str, Any]]:
    """Records of now, one a nanosecond, whose bodies are `names`."""
    at = time.time_ns()
    return [record(body, at=at + number) for number, body in enumerate(names(name, count))]


def names(name: str, count: int) -> list[str]:
    """Numbered bodies, sorted."""
    return [f"{name} {number:05d}" for number in range(count)]
