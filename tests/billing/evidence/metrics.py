"""A real VictoriaMetrics, and the series that kube-state-metrics would have told it of pods."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx
import orjson

from compose import victoria
from compose.process import Process, free_port
from tests.ingest.logs.world import SHOP, WEB

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

CLUSTER: Final = "fra1-c1"
STEP: Final = 30
MIB: Final = 1 << 20
TENANT: Final = {
    "label_starform_io_project_id": SHOP,
    "label_starform_io_environment": "production",
    "label_starform_io_service_id": WEB,
}

CPU: Final = {"container": "app", "resource": "cpu", "unit": "core"}
MEMORY: Final = {"container": "app", "resource": "memory", "unit": "byte"}
# Those that vmagent keeps.
_PHASES: Final = ("Running", "Succeeded", "Failed")

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Metrics:
    """A running store."""

    url: str

    def put(self, lines: Iterable[Line]) -> None:
        """Write series and wait until they can be read."""
        body = b"\n".join(orjson.dumps(line) for line in lines)
        httpx.post(f"{self.url}/api/v1/import", content=body, timeout=60).raise_for_status()
        httpx.get(f"{self.url}/internal/force_flush", timeout=60).raise_for_status()
        # What it remembers of names that were not there.
        httpx.get(f"{self.url}/internal/resetRollupResultCache", timeout=60).raise_for_status()

    def clear(self) -> None:
        """Forget all series."""
        deleted = httpx.post(
            f"{self.url}/api/v1/admin/tsdb/delete_series", data={"match[]": '{__name__!=""}'}, timeout=60
        )
        deleted.raise_for_status()


@contextmanager
def metrics(folder: Path) -> Iterator[Metrics]:
    """A store with its data in `folder`; its administrative pages are open, for the tests' sake."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = victoria.store(port, folder / "data")
    with Process("victoria-metrics", command, folder / "victoria-metrics.log", f"{url}/health"):
        yield Metrics(url)


@dataclass(slots=True)
class Told:
    """A pod as one replica of kube-state-metrics tells it, scrape by scrape (UTC seconds)."""

    uid: str
    scrapes: range | list[int]
    namespace: str = "prj-a"
    pod: str = ""
    node: str = "node-1"
    instance: str = "ksm-0"
    cluster: str = CLUSTER
    tenant: Mapping[str, str] = field(default_factory=lambda: dict(TENANT))

    def lines(self, *series: tuple[str, Mapping[str, str], float | Mapping[int, float]]) -> list[Line]:
        """Series by name, further labels and value: one value for all scrapes, or one for each that has any."""
        return [self._line(name, labels, value) for name, labels, value in series]

    def running(
        self, *, cpu: float = 0.5, memory: float = 512 * MIB, started: int | None = None, phase: str = "Running"
    ) -> list[Line]:
        """A pod of one container in one phase all the time."""
        began = self.scrapes[0] - 60 if started is None else started
        return self.lines(
            ("kube_pod_labels", self.tenant, 1),
            ("kube_pod_info", {"node": self.node, "host_ip": "10.0.0.1"}, 1),
            ("kube_pod_start_time", {}, began),
            ("kube_pod_container_resource_requests", {"container": "app", "resource": "cpu", "unit": "core"}, cpu),
            (
                "kube_pod_container_resource_requests",
                {"container": "app", "resource": "memory", "unit": "byte"},
                memory,
            ),
            *(
                ("kube_pod_status_phase", {"phase": each}, float(each == phase))
                for each in ("Running", "Succeeded", "Failed")
            ),
        )

    def _line(self, name: str, labels: Mapping[str, str], value: float | Mapping[int, float]) -> Line:
        samples = value if not isinstance(value, int | float) else dict.fromkeys(self.scrapes, value)
        identity = {"namespace": self.namespace, "pod": self.pod or f"web-{self.uid}", "uid": self.uid}
        place = {"job": "kube-state-metrics", "instance": self.instance, "cluster": self.cluster, "region": "fra1"}
        return {
            "metric": {"__name__": name, **identity, **place, **labels},
            "timestamps": [at * 1000 for at in samples],
            "values": list(samples.values()),
        }


def up(seconds: Iterable[int], *, value: float = 1, instance: str = "ksm-0", cluster: str = CLUSTER) -> Line:
    """Whether kube-state-metrics answered."""
    at = [second * 1000 for second in seconds]
    place = {"job": "kube-state-metrics", "instance": instance, "cluster": cluster, "region": "fra1"}
    return {"metric": {"__name__": "up", **place}, "timestamps": at, "values": [value] * len(at)}
