"""The job of our own processes, run by the real vmagent: what a region keeps of a process that serves several."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from compose import vmagent
from tests.rules.programs import exposition, pages, stored

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.stack


def test_a_region_keeps_what_concerns_it_or_every_region_and_nothing_that_no_alert_reads(tmp_path: Path) -> None:
    page = exposition(
        [
            {"__name__": "query_region_ready", "region": "fra1"},
            {"__name__": "query_region_ready", "region": "fra10"},
            {"__name__": "query_region_ready", "region": "nyc1"},
            {"__name__": "starmeter_billing_watermark_age_seconds"},
            {"__name__": "rules_live_findings", "region": "fra1", "check": "SL001"},
            {"__name__": "python_gc_objects_collected_total", "generation": "0"},
        ]
    )
    with pages({"/metrics": page}) as port:
        job = vmagent.platform_job({"query": f"127.0.0.1:{port}"}, "fra1")
        job["static_configs"][0]["labels"]["case"] = "platform"  # type: ignore[index]  # as `stored` wants it
        found = stored(tmp_path, [job])

    kept = sorted((one["__name__"], one.get("region"), one["process"]) for one in found if one["__name__"] != "up")
    assert kept == [
        ("query_region_ready", "fra1", "query"),
        ("rules_live_findings", "fra1", "query"),
        ("starmeter_billing_watermark_age_seconds", None, "query"),
    ]
