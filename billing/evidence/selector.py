"""Which series of kube-state-metrics are evidence, and how a metrics store is asked for them part by part."""

from __future__ import annotations

from typing import Final

# By billing.md's names: requests of containers and of init containers (whose order no series tells), what makes an init
# container a sidecar, the runtime's overhead, phases, times, the node and the tenant's labels.
REQUESTS: Final = "kube_pod_container_resource_requests"
INIT_REQUESTS: Final = "kube_pod_init_container_resource_requests"
INIT_INFO: Final = "kube_pod_init_container_info"
OVERHEAD_CPU: Final = "kube_pod_overhead_cpu_cores"
OVERHEAD_MEMORY: Final = "kube_pod_overhead_memory_bytes"
PHASE: Final = "kube_pod_status_phase"
STARTED: Final = "kube_pod_start_time"
COMPLETED: Final = "kube_pod_completion_time"
DELETION: Final = "kube_pod_deletion_timestamp"
INFO: Final = "kube_pod_info"
LABELS: Final = "kube_pod_labels"
UP: Final = "up"
ALLOCATABLE: Final = "kube_node_status_allocatable"

_POD: Final = (
    *(REQUESTS, INIT_REQUESTS, INIT_INFO, OVERHEAD_CPU, OVERHEAD_MEMORY),
    *(PHASE, STARTED, COMPLETED, DELETION, INFO, LABELS),
)
# As kube-state-metrics' scrape is called by itself and by a chart that puts its own name before it. A customer's own
# exposition may have series of any name and of any pod's uid in it; its job is one thing that it cannot choose.
_SOURCE: Final = 'job=~"(.+/)?kube-state-metrics",cluster!=""'
_RESOURCE: Final = "cpu|memory"


def pods(uids: str) -> list[str]:
    """Selectors of all that is told of the pods whose uid matches."""
    sized = f'{{__name__=~"{REQUESTS}|{INIT_REQUESTS}",resource=~"{_RESOURCE}",{_SOURCE},uid!="",{uids}}}'
    others = "|".join(name for name in _POD if name not in {REQUESTS, INIT_REQUESTS})
    return [sized, f'{{__name__=~"{others}",{_SOURCE},uid!="",{uids}}}']


# A uid is a UUID, so that its first digit cuts the pods into sixteen parts of about one size; whatever is called
# otherwise is in the last.
PARTS: Final = (*(f'uid=~"{digit}.*"' for digit in "0123456789abcdef"), 'uid!~"[0-9a-f].*"')
HEARD: Final = [f"{UP}{{{_SOURCE}}}"]
NODES: Final = [f'{ALLOCATABLE}{{resource=~"{_RESOURCE}",{_SOURCE},node!=""}}']
