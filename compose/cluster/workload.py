"""Which containers the pods of a demonstration service consist of, what they use and what they request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from compose.cluster.pods import Container, Role

if TYPE_CHECKING:
    from compose.demo import Deployment

_MIB: Final = float(1 << 20)
_RESTART_SECONDS: Final = 300.0


def plain(name: str, cores: float) -> Container:
    """A small container that requests nothing, as the platform's own and hand-made ones do."""
    return Container(name, cores, 40 * _MIB)


def containers(deployment: Deployment) -> tuple[Container, ...]:
    """A service's container; in front of the web, an init container that outweighs it and a sidecar."""
    service = deployment.service
    # A protected environment is the one with the customers in it.
    scale = 3.0 if deployment.environment.is_protected else 1.0
    app = Container(
        service.name,
        cores=0.06 * scale,
        memory=150 * _MIB * scale,
        cpu_request=0.1 * scale,
        memory_request=256 * _MIB * scale,
        image=f"registry.example/{deployment.project.name}/{service.name}:{deployment.environment.name}",
        restart_every=_RESTART_SECONDS if service.restarts else None,
    )
    if service.name != "web":
        return (app,)
    warm_up = Container("warm-up", 0.4, 90 * _MIB, cpu_request=0.8, memory_request=128 * _MIB, role=Role.INIT)
    proxy = Container("proxy", 0.02, 30 * _MIB, cpu_request=0.05, memory_request=64 * _MIB, role=Role.SIDECAR)
    return (warm_up, proxy, app)
