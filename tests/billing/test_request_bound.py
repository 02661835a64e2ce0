from __future__ import annotations

from typing import Any

import pytest

from billing.request_bound import request_bound
from ingest.usage.pod import NOTHING, EffectiveRequest, Floor, Requests
from ingest.usage.quantity import thousandths
from tests.billing.golden_cases import cases


def _requests(amounts: dict[str, str]) -> Requests:
    return Requests(
        **{key: thousandths(amounts[key], key) if key in amounts else None for key in ("cpu", "memory")},
    )


@pytest.mark.parametrize("case", cases("request_bound.yml"))
def test_series_alone_bound_the_effective_request(case: dict[str, Any]) -> None:
    bound = request_bound(
        [_requests(each) for each in case["containers"]],
        [_requests(each) for each in case.get("plain", [])],
        [_requests(each) for each in case.get("sidecars", [])],
        _requests(case["overhead"]) if "overhead" in case else NOTHING,
        Floor(thousandths("100m", "cpu"), thousandths("128Mi", "memory")) if "floored" in case else Floor(),
    )

    cpu_m, memory_b = case["lower"]
    assert EffectiveRequest(cpu_m, memory_b, floored=case.get("floored", False)) == bound
