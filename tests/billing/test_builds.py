from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from billing.build import BuildEvent, BuildState, build_usage, sift_builds
from billing.hour import HOUR
from billing.meter import Meter
from billing.ownership import Attribution, Holding
from billing.policy import MeteringPolicy
from core.tenant import Tenant
from tests.billing.golden_cases import cases
from tests.billing.pods import T0

TENANT = Tenant("11111111-1111-4111-8111-111111111111", "production", "22222222-2222-4222-8222-222222222222")


def _moment(second: int | None) -> int | None:
    return None if second is None else T0 + second


@pytest.mark.parametrize("case", cases("builds.yml"))
def test_a_finished_build_is_billed_once_by_the_second(case: dict[str, Any]) -> None:
    events = [
        BuildEvent(delivery, build, TENANT, "eu", BuildState(state), _moment(started), _moment(finished), T0 + received)
        for delivery, build, state, started, finished, received in case["events"]
    ]
    builds = sift_builds(reversed(events), MeteringPolicy())
    billed: dict[str, dict[int, int]] = defaultdict(dict)
    for row in build_usage(builds, Attribution({}, [Holding(TENANT.project_id, 0, None, "workspace-1")])):
        billed[row.source_id][(row.hour - T0) // HOUR] = row.quantity

        assert (row.meter, row.workspace_id) == (Meter.BUILD, "workspace-1")

    assert case["seconds"] == billed
    assert case.get("quarantined", {}) == {each.build_id: each.reason for each in builds.quarantined}
