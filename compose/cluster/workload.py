"""Which containers the pods of a demonstration service consist of, what they use and what they request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from compose.cluster.pods import Container, Role

if TYPE_CHECKING:
    from compose.demo import Deployment

_MIB: Final = float(1 << 20)
_RESTART_SECONDS: Final = 300.0
# Services that are given more CPU in place some time after they were deployed, and less again.
_RESIZED: Final = frozenset({"ui", "gateway"})
_RESIZES: Final = (0.5 * 3600, 2 * 3600, 3.5 * 3600, 5 * 3600)
_MORE: Final = 1.5


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


def resized(deployment: Deployment, parts: tuple[Container, ...], began: float, now: float) -> tuple[Container, ...]:
    """The containers of a pod that began at `began` (unix seconds), as they are sized at `now`."""
    done = [began + after for after in _RESIZES if began + after <= now]
    if deployment.service.name not in _RESIZED or not done:
        return parts
    return tuple(_resized(one, is_more=len(done) % 2 == 1, at=done[-1]) for one in parts)


def _resized(container: Container, *, is_more: bool, at: float) -> Container:
    if container.cpu_request is None or container.role is not Role.APP:
        return container
    more = container.cpu_request * _MORE
    after, before = (more, container.cpu_request) if is_more else (container.cpu_request, more)
    return replace(container, cpu_request=after, cpu_before=before, resized_at=at)
