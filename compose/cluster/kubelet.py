"""What a kubelet's cAdvisor says of the pods on its node: control groups, their use and their pods' interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from compose.cluster import exposition
from compose.cluster.exposition import Family
from compose.cluster.pods import Role, digest, level, total

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from compose.cluster.pods import Container, Pod

# The control group of a container that restarted stays readable for this long, its counters standing still.
_OLD_SECONDS: Final = 60.0
_PAUSE_IMAGE: Final = "registry.k8s.io/pause:3.10"
_INTERFACES: Final = (("eth0", 1.0), ("eth1", 0.05))
# A sample is this old when it is read.
_LATE_SECONDS: Final = 0.4


class _Page:
    """One page of cAdvisor, filled control group by control group."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._stamp = int((now - _LATE_SECONDS) * 1000)
        self._cpu = Family("container_cpu_usage_seconds_total", "counter", "Consumed CPU time in seconds.")
        self._memory = Family("container_memory_working_set_bytes", "gauge", "Working set in bytes.")
        self._started = Family("container_start_time_seconds", "gauge", "Start time in unix seconds.")
        self._received = Family("container_network_receive_bytes_total", "counter", "Received bytes.")
        self._sent = Family("container_network_transmit_bytes_total", "counter", "Transmitted bytes.")
        version = Family("cadvisor_version_info", "gauge", "Always 1; versions as labels.")
        version.add(1, cadvisorRevision="", cadvisorVersion="", dockerVersion="", kernelVersion="6.1", osVersion="12")
        self._families = (version, self._cpu, self._memory, self._started, self._received, self._sent)

    def use(self, labels: dict[str, str], cpu: float, memory: float, began: float) -> None:
        """One control group's use: CPU seconds so far, bytes now, unix seconds of its start."""
        first = {"container": labels["container"]}
        self._cpu.add(cpu, self._stamp, **first, cpu="total", **{k: v for k, v in labels.items() if k not in first})
        self._memory.add(memory, self._stamp, **labels)
        self._started.add(began, self._stamp, **labels)

    def network(self, labels: dict[str, str], interface: str, received: float, sent: float) -> None:
        """One interface's byte counters."""
        before = {name: labels[name] for name in ("container", "id", "image")}
        after = {name: labels[name] for name in ("name", "namespace", "pod")}
        self._received.add(received, self._stamp, **before, interface=interface, **after)
        self._sent.add(sent, self._stamp, **before, interface=interface, **after)

    def text(self) -> str:
        """The page."""
        return exposition.text(self._families)


def render(pods: Iterable[Pod], now: float) -> str:
    """The body of `/metrics/cadvisor` at `now` (unix seconds)."""
    page = _Page(now)
    for path, cores in (("/", 2.0), ("/kubepods.slice", 1.5), ("/system.slice/kubelet.service", 0.1)):
        page.use(_labels(path), total(cores, now % 1e6), level(4e9 * cores, now % 1e6), now - now % 1e6)
    for pod in pods:
        _pod(page, pod)
    return page.text()


def _labels(
    path: str, *, container: str = "", image: str = "", name: str = "", pod: Pod | None = None
) -> dict[str, str]:
    """The labels of a control group; those that do not apply are there and empty."""
    return {
        "container": container,
        "id": path,
        "image": image,
        "name": name,
        "namespace": pod.namespace if pod else "",
        "pod": pod.name if pod else "",
    }


def _pod(page: _Page, pod: Pod) -> None:
    path = f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{pod.uid.replace('-', '_')}.slice"
    age = pod.age(page.now)
    sandbox = digest(pod.uid, "pause")
    pause = _labels(
        f"{path}/cri-containerd-{sandbox}.scope", container="POD", image=_PAUSE_IMAGE, name=sandbox, pod=pod
    )
    page.use(pause, 0.02, 500_000, pod.started)
    cpu, memory = 0.02, 500_000.0
    for container in pod.containers:
        for identifier, began, seconds in _incarnations(pod, container, page.now):
            labels = _labels(
                f"{path}/cri-containerd-{identifier}.scope",
                container=container.name,
                image=container.image,
                name=identifier,
                pod=pod,
            )
            used, held = total(container.cores, seconds, pod.created), level(container.memory, seconds)
            page.use(labels, used, held, began)
            memory += held
        cpu += total(container.cores, age, pod.created)
    # The pod's own control group counts everything below it once more.
    page.use(_labels(path, pod=pod), cpu, memory, pod.started)
    for interface, share in _INTERFACES:
        received, sent = (total(mean * share, age, pod.created) for mean in (pod.receive, pod.transmit))
        page.network(_labels(pause["id"], image=_PAUSE_IMAGE, name=sandbox, pod=pod), interface, received, sent)


def _incarnations(pod: Pod, container: Container, now: float) -> Iterator[tuple[str, float, float]]:
    """The control groups of a container: its name, when it began, how long it has been (or was) up."""
    if container.role is Role.INIT:
        return
    number, up = pod.incarnation(container, now)
    yield digest(pod.uid, container.name, number), now - up, up
    if number and container.restart_every and up < _OLD_SECONDS:
        began = now - up - container.restart_every
        yield digest(pod.uid, container.name, number - 1), began, container.restart_every
