"""kube-state-metrics' job, run by the real vmagent: what a node can give is kept as far as it is metered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from compose import vmagent
from tests.rules.programs import exposition, pages, stored

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.stack

_RESOURCES = (
    *("cpu", "memory", "ephemeral_storage", "pods", "hugepages_1Gi", "hugepages_2Mi"),
    *("attachable_volumes_aws_ebs", "nvidia_com_gpu"),
)


def test_of_nodes_what_they_can_give_is_kept_in_what_is_metered_and_in_what_nobody_knows(tmp_path: Path) -> None:
    told = [
        {"__name__": "kube_node_status_allocatable", "node": "node-1", "resource": resource} for resource in _RESOURCES
    ]
    page = exposition([*told, {"__name__": "kube_node_info", "node": "node-1"}])
    with pages({"/metrics": page}) as port:
        job = vmagent.state_job(f"127.0.0.1:{port}")
        job["static_configs"][0]["labels"] = {"case": "kube-state-metrics"}  # type: ignore[index]  # as `stored` wants it
        found = stored(tmp_path, [job])

    kept = sorted((one["__name__"], one["resource"]) for one in found if one["__name__"] != "up")
    assert kept == [("kube_node_status_allocatable", name) for name in ("cpu", "memory", "nvidia_com_gpu")]
