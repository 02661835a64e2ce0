"""Which pods a region's cluster holds at a moment: a function of time alone, so that counters outlive the simulator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from compose.cluster.pods import Phase, Pod, digest
from compose.cluster.workload import containers, plain, resized
from compose.demo import cluster_of, deployments, stable_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compose.cluster.pods import Container
    from compose.demo import Deployment
    from core.tenant import Tenant

# Every service is deployed anew this often, which gives its pods new names.
ROLLOUT_SECONDS: Final = 6 * 3600
# A StatefulSet's pod is evicted this often and comes back under its name with a new uid; for some seconds
# kube-state-metrics shows both.
EVICTION_SECONDS: Final = 240
LINGER_SECONDS: Final = 20
# For so long a kubelet still reports the control groups of a container that is gone.
CGROUP_SECONDS: Final = 10
_JOB_SECONDS: Final = 90
_JOB_KEPT_SECONDS: Final = 900
_WEEK_SECONDS: Final = 7 * 86400


@dataclass(frozen=True, slots=True)
class Cluster:
    """The one cluster of a region, on one node."""

    region: str

    def known(self, now: float) -> list[Pod]:
        """All pods the API server knows at `now` (unix seconds): finished jobs and evicted pods included."""
        return [*self._others(now), *(pod for one in deployments(self.region) for pod in self._pods(one, now))]

    def running(self, now: float) -> list[Pod]:
        """The pods whose control groups the node has at `now`."""
        return [
            pod
            for pod in self.known(now)
            if pod.started <= now and (pod.ended is None or now < pod.ended + CGROUP_SECONDS)
        ]

    def _others(self, now: float) -> Iterator[Pod]:
        """Pods without labels of ours: the platform's own, and one that somebody started by hand in a project."""
        began = now // _WEEK_SECONDS * _WEEK_SECONDS
        for name, cores in (("coredns", 0.01), ("kube-proxy", 0.005), ("metrics-server", 0.01)):
            full_name = f"{name}-{digest(self.region, name, digits=5)}"
            yield self._pod("kube-system", full_name, began, owner_kind="DaemonSet", parts=(plain(name, cores),))
        namespace = next(deployments(self.region)).project.namespace
        yield self._pod(namespace, "debug-shell", began, owner_kind="", parts=(plain("shell", 0.002),))

    def _pods(self, deployment: Deployment, now: float) -> Iterator[Pod]:
        prefix = f"{deployment.service.name}-{deployment.environment.name}"
        if deployment.service.is_stateful:
            for ordinal in range(deployment.environment.replicas):
                yield from self._stateful(deployment, f"{prefix}-{ordinal}", ordinal, now)
            return
        namespace = deployment.project.namespace
        # Not all services are deployed at the same moment.
        shift = int(digest(namespace, prefix, digits=8), 16) % ROLLOUT_SECONDS
        rollout = int((now + shift) // ROLLOUT_SECONDS)
        began = float(rollout * ROLLOUT_SECONDS - shift)
        tenant = deployment.tenant
        replica_set = f"{prefix}-{digest(namespace, prefix, rollout, digits=10)}"
        for ordinal in range(deployment.environment.replicas):
            name = f"{replica_set}-{digest(replica_set, ordinal, digits=5)}"
            parts = resized(deployment, containers(deployment), began, now)
            yield self._pod(namespace, name, began, owner_kind="ReplicaSet", parts=parts, of=(tenant, replica_set))
        if deployment.service.name == "api":
            yield from self._migration(deployment, rollout, began, now)

    def _stateful(self, deployment: Deployment, name: str, ordinal: int, now: float) -> Iterator[Pod]:
        """The pod of this generation, and for a while the evicted one of the generation before."""
        shift = ordinal * EVICTION_SECONDS / 3
        generation, age = divmod(now + shift, EVICTION_SECONDS)
        began = generation * EVICTION_SECONDS - shift
        namespace = deployment.project.namespace
        of = (deployment.tenant, name.rpartition("-")[0])
        pod = self._pod(namespace, name, began, owner_kind="StatefulSet", parts=containers(deployment), of=of)
        yield replace(pod, uid=stable_id(self.region, namespace, name, f"{generation:.0f}"))
        if age < LINGER_SECONDS:
            yield replace(
                pod,
                uid=stable_id(self.region, namespace, name, f"{generation - 1:.0f}"),
                created=began - EVICTION_SECONDS,
                phase=Phase.FAILED,
                ended=began,
                deletion=began + 30,
            )

    def _migration(self, deployment: Deployment, rollout: int, began: float, now: float) -> Iterator[Pod]:
        """The job that a rollout begins with: it finishes and is kept for a quarter of an hour."""
        name = f"migrate-{deployment.environment.name}-{rollout}"
        parts = (plain("migrate", 0.3),)
        of = (deployment.tenant, name)
        pod = self._pod(deployment.project.namespace, name, began, owner_kind="Job", parts=parts, of=of)
        end = pod.started + _JOB_SECONDS
        if now < end:
            yield pod
        elif now < end + _JOB_KEPT_SECONDS:
            yield replace(pod, phase=Phase.SUCCEEDED, ended=end)

    def _pod(
        self,
        namespace: str,
        name: str,
        began: float,
        *,
        owner_kind: str,
        parts: tuple[Container, ...],
        of: tuple[Tenant | None, str] = (None, ""),
    ) -> Pod:
        tenant, owner = of
        return Pod(
            namespace=namespace,
            name=name,
            # A name may come again, as those of the platform's own pods do each week; a uid never does.
            uid=stable_id(self.region, namespace, name, f"{began:.0f}"),
            node=f"{cluster_of(self.region)}-node-1",
            created=began,
            containers=parts,
            owner_kind=owner_kind,
            tenant=tenant,
            owner=owner,
        )
