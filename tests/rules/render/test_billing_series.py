"""What bills are made of comes from kube-state-metrics alone: of every other page the rendered jobs keep none of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from billing.evidence import selector
from compose import vmagent
from tests.rules.programs import exposition, pages, stored

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.stack

_READ = (
    *(selector.REQUESTS, selector.INIT_REQUESTS, selector.INIT_INFO, selector.OVERHEAD_CPU, selector.OVERHEAD_MEMORY),
    *(selector.PHASE, selector.STARTED, selector.COMPLETED, selector.DELETION, selector.INFO, selector.LABELS),
    *(selector.UP, selector.ALLOCATABLE),
)


def test_no_other_job_keeps_a_series_that_billing_reads(tmp_path: Path) -> None:
    claims = {"job": "kube-state-metrics", "cluster": "fra1-c1", "uid": "uid-1", "node": "node-1", "resource": "cpu"}
    page = exposition([{"__name__": name, **claims, "phase": "Running"} for name in _READ])
    paths = ("/metrics", "/metrics/cadvisor", "/stats/prometheus")
    with pages(dict.fromkeys(paths, page)) as port:
        target = f"127.0.0.1:{port}"
        jobs = [
            vmagent.gateway_job(target),
            vmagent.kubelet_job([target]),
            vmagent.platform_job({"query": target}, "fra1"),
        ]
        for job in jobs:
            job["static_configs"][0].setdefault("labels", {})["case"] = job["job_name"]  # type: ignore[index]  # as `stored` wants it
        found = stored(tmp_path, jobs)

    assert found == []
