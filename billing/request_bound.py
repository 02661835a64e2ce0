"""What kube-state-metrics alone can say of a pod's effective request: that it is at least so much.

Its series have no order of init containers, so that a plain one may or may not have run beside a sidecar; they have no
requests of the pod as a whole; and in a resize only what is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ingest.usage.pod import EffectiveRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ingest.usage.pod import Floor, Requests

_THOUSAND: Final = 1000


def request_bound(
    containers: Sequence[Requests],
    plain_init: Sequence[Requests],
    sidecars: Sequence[Requests],
    overhead: Requests,
    floor: Floor,
) -> EffectiveRequest:
    """The least that a pod of these containers has reserved, whatever the order of its init containers.

    All in thousandths. A request that is missing counts the `floor`. Memory is rounded up to a byte at the very end.
    """
    cpu = _least(
        [each.cpu for each in containers],
        [each.cpu for each in plain_init],
        [each.cpu for each in sidecars],
        floor.cpu,
    )
    memory = _least(
        [each.memory for each in containers],
        [each.memory for each in plain_init],
        [each.memory for each in sidecars],
        floor.memory,
    )
    told = (*containers, *plain_init, *sidecars)
    return EffectiveRequest(
        cpu + (overhead.cpu or 0),
        -(-(memory + (overhead.memory or 0)) // _THOUSAND),
        floored=(floor.cpu > 0 and any(each.cpu is None for each in told))
        or (floor.memory > 0 and any(each.memory is None for each in told)),
    )


def _least(
    containers: Iterable[int | None], plain_init: Iterable[int | None], sidecars: Iterable[int | None], floor: int
) -> int:
    def amount(each: int | None) -> int:
        return floor if each is None else each

    running = sum(map(amount, containers)) + sum(map(amount, sidecars))
    return max(running, max(map(amount, plain_init), default=0))
