"""All that one region's series tell of one pod, by the replica of kube-state-metrics that told it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from billing.evidence import selector
from core.tenant import TENANT_LABELS
from ingest.usage.sight import Phase

if TYPE_CHECKING:
    from billing.evidence.series import Series

_PHASES: Final = {phase.name.capitalize(): phase for phase in Phase if phase is not Phase.GONE}
# As kube-state-metrics spells the platform's labels.
_TENANT: Final = {f"label_starform_io_{name}": name for name in TENANT_LABELS}
_SIDECAR: Final = "Always"


@dataclass(slots=True)
class Replica:
    """What one replica told of a pod. Requests are by container and resource, in cores and bytes."""

    phase_series: list[tuple[Phase, Series]] = field(default_factory=list)
    requests: dict[tuple[str, str], Series] = field(default_factory=dict)
    init_requests: dict[tuple[str, str], Series] = field(default_factory=dict)
    overhead: dict[str, Series] = field(default_factory=dict)
    # By init container: whether it is a sidecar, once anything is known of it.
    sidecars: dict[str, bool] = field(default_factory=dict)
    times: dict[str, Series] = field(default_factory=dict)

    def phases(self) -> dict[int, Phase | None]:
        """By time (ms), the phase that was said to be so; `None`: none of those that were told."""
        found: dict[int, Phase | None] = {}
        for phase, series in self.phase_series:
            for at, value in zip(series.timestamps, series.values, strict=True):
                if value == 1:
                    before = found.get(at)
                    found[at] = phase if before is None else max(before, phase)
                else:
                    found.setdefault(at, None)
        return found

    def steady_phase(self) -> tuple[Phase, list[int]] | None:
        """The one phase that holds all the time, and the times (ms) at which it was told; `None` if it changes."""
        held = [(phase, series) for phase, series in self.phase_series if series.is_constant and series.values[0] == 1]
        if len(held) != 1:
            return None
        phase, told = held[0]
        others = [series for other, series in self.phase_series if other is not phase]
        if all(one.is_constant and one.values[0] != 1 and one.timestamps == told.timestamps for one in others):
            return phase, told.timestamps
        return None


@dataclass(slots=True)
class PodSeries:
    """A pod by its uid."""

    uid: str
    namespace: str = ""
    pod: str = ""
    node: str = ""
    # What its labels said of the tenant key, with the time (ms) from when on they did.
    labelled: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    replicas: dict[str, Replica] = field(default_factory=dict)

    @property
    def tenants(self) -> list[dict[str, str]]:
        """What its labels said of the tenant key, in the order of time."""
        return [told for _, told in sorted(self.labelled, key=lambda each: (each[0], sorted(each[1].items())))]

    def add(self, series: Series) -> None:
        """Take one series of this pod; names that are no evidence are passed over."""
        labels = series.labels
        name = labels["__name__"]
        self.namespace = self.namespace or labels.get("namespace", "")
        self.pod = self.pod or labels.get("pod", "")
        self.node = self.node or labels.get("node", "")
        if name == selector.LABELS:
            told = {key: labels[label] for label, key in _TENANT.items() if label in labels}
            self.labelled += [(first, told) for first in series.timestamps[:1]]
            return
        replica = self.replicas.setdefault(labels.get("instance", ""), Replica())
        container, resource = labels.get("container", ""), labels.get("resource", "")
        match name:
            case selector.PHASE:
                phase = _PHASES.get(labels.get("phase", ""))
                if phase is not None:
                    replica.phase_series.append((phase, series))
            case selector.REQUESTS:
                replica.requests[container, resource] = series
            case selector.INIT_REQUESTS:
                replica.init_requests[container, resource] = series
            case selector.INIT_INFO:
                replica.sidecars[container] = labels.get("restart_policy") == _SIDECAR
            case selector.OVERHEAD_CPU:
                replica.overhead["cpu"] = series
            case selector.OVERHEAD_MEMORY:
                replica.overhead["memory"] = series
            case selector.STARTED | selector.COMPLETED | selector.DELETION:
                replica.times[name] = series
